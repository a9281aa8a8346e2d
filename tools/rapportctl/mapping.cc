// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/mapping.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "tools/rapportctl/mapping_value.h"

namespace rapport::ctl {
namespace {

using store::v1::EventRule;
using store::v1::ImportMapping;

struct CompiledSkip {
  std::string reason;
  Conditions when;
};

struct CompiledProperty {
  std::string key;
  store::v1::PropertyKind kind = store::v1::PROPERTY_KIND_TEXT;
  CompiledSource source;
};

struct CompiledIdentity {
  v1::IdentityKind kind = v1::IDENTITY_KIND_UNSPECIFIED;
  CompiledSource source;
};

// Rows collected into one event.
struct Group {
  MappedEvent made;
  bool spoiled = false;
};

// One event rule and the groups it holds.
struct CompiledRule {
  Conditions when;
  v1::EventType type = v1::EVENT_TYPE_UNSPECIFIED;
  std::string custom_type;
  Template event_id;
  std::vector<CompiledSource> customer_id;  // None or one.
  std::vector<CompiledIdentity> identities;
  CompiledSource event_time;
  std::vector<CompiledField> fields;
  std::vector<CompiledField> items;
  std::vector<CompiledProperty> properties;
  std::vector<size_t> group_by;
  bool adjacent = false;
  std::vector<Group> groups;  // In the order of their first rows.
  TextMap<size_t> group_of;
  std::string last_key;
};

enum class Outcome { kMade, kNoAnswer };

absl::Status SetProperty(CompiledProperty& property, const Row& row, v1::Event& event) {
  if (property.source.Empty(row)) return absl::OkStatus();
  const std::string text(property.source.Text(row));
  v1::PropertyValue value;
  if (property.kind == store::v1::PROPERTY_KIND_NUMBER) {
    const auto number = property.source.Number(row);
    if (!number.ok())
      return InvalidField(property.key, "BAD_NUMBER", FromAbsl(number.status().message()));
    value.set_number_value(ToDouble(*number));
  } else if (property.kind == store::v1::PROPERTY_KIND_BOOL) {
    value.set_bool_value(text == "true" || text == "yes" || text == "1");
  } else if (property.kind == store::v1::PROPERTY_KIND_TIME) {
    const auto time = property.source.Time(row);
    if (!time.ok())
      return InvalidField(property.key, "BAD_TIME", FromAbsl(time.status().message()));
    value.mutable_time_value()->set_seconds(*time / kMicrosPerSecond);
  } else {
    value.set_string_value(text);
  }
  (*event.mutable_properties())[property.key] = std::move(value);
  return absl::OkStatus();
}

absl::Status SetTime(CompiledRule& rule, const Row& row, v1::Event& event) {
  const auto time = rule.event_time.Time(row);
  if (!time.ok()) {
    return InvalidField("event_time", "BAD_TIME", FromAbsl(time.status().message()));
  }
  const TimeMicros seconds = *time / kMicrosPerSecond - (*time % kMicrosPerSecond < 0 ? 1 : 0);
  event.mutable_event_time()->set_seconds(seconds);
  event.mutable_event_time()->set_nanos(static_cast<int32_t>(*time - seconds * kMicrosPerSecond) *
                                        1000);
  return absl::OkStatus();
}

// What the first (or only) row of an event decides.
absl::Status FillFirst(CompiledRule& rule, const Row& row, v1::Event& event) {
  rule.event_id.AppendTo(row, *event.mutable_event_id());
  event.set_type(rule.type);
  event.set_custom_type(rule.custom_type);
  for (CompiledSource& source : rule.customer_id) {
    event.set_customer_id(std::string(source.Text(row)));
  }
  for (CompiledIdentity& identity : rule.identities) {
    const std::string_view text = identity.source.Text(row);
    if (text.empty()) continue;
    v1::Identity* added = event.add_identities();
    added->set_kind(identity.kind);
    added->set_value(std::string(text));
  }
  if (event.customer_id().empty() && event.identities().empty()) {
    return InvalidField("customer_id", "MISSING_VALUE", "is empty");
  }
  RETURN_IF_ERROR(SetTime(rule, row, event));
  for (CompiledField& field : rule.fields) RETURN_IF_ERROR(field.Set(row, false, event));
  for (CompiledProperty& property : rule.properties) {
    RETURN_IF_ERROR(SetProperty(property, row, event));
  }
  return absl::OkStatus();
}

absl::Status AddItem(CompiledRule& rule, const Row& row, v1::Event& event) {
  if (rule.items.empty()) return absl::OkStatus();
  v1::OrderItem* item = event.mutable_order()->add_items();
  for (CompiledField& field : rule.items) RETURN_IF_ERROR(field.Set(row, false, *item));
  return absl::OkStatus();
}

bool NoAnswer(CompiledRule& rule, const Row& row) {
  for (CompiledField& field : rule.fields) {
    if (field.source().NoAnswer(row)) return true;
  }
  return false;
}

template <typename T>
absl::StatusOr<T> ParseEnum(std::string_view prefix, const std::string& text,
                            const google::protobuf::EnumDescriptor* type) {
  const auto* value = type->FindValueByName(Cat(prefix, text));
  if (value == nullptr) value = type->FindValueByName(text);
  if (value != nullptr) return static_cast<T>(value->number());
  return InvalidField("mapping", "UNKNOWN_VALUE", Cat("'", text, "' is no ", type->name()));
}

absl::Status CompileGroup(const EventRule& rule, Columns& columns, CompiledRule& out) {
  for (const std::string& column : rule.group().by()) {
    out.group_by.push_back(columns.PositionOf(column));
  }
  out.adjacent = rule.group().adjacent();
  if (rule.has_group() && out.group_by.empty()) {
    return InvalidField("group.by", "REQUIRED", "a group needs a column");
  }
  return absl::OkStatus();
}

absl::Status CompileFields(const EventRule& rule, const MappingDefaults& defaults, Columns& columns,
                           CompiledRule& out) {
  for (const auto& field : rule.field()) {
    ASSIGN_OR_RETURN(auto compiled,
                     CompiledField::Compile(field, v1::Event::descriptor(), defaults, columns));
    out.fields.push_back(std::move(compiled));
  }
  for (const auto& field : rule.item()) {
    ASSIGN_OR_RETURN(auto compiled,
                     CompiledField::Compile(field, v1::OrderItem::descriptor(), defaults, columns));
    out.items.push_back(std::move(compiled));
  }
  for (const auto& property : rule.property()) {
    ASSIGN_OR_RETURN(auto source, CompiledSource::Compile(property.value(), defaults, columns));
    out.properties.push_back({property.path(), property.kind(), std::move(source)});
  }
  return absl::OkStatus();
}

absl::StatusOr<CompiledRule> CompileRule(const EventRule& rule, const MappingDefaults& defaults,
                                         Columns& columns) {
  CompiledRule out;
  ASSIGN_OR_RETURN(out.when, CompileAll(rule.when(), columns));
  if (!rule.type().empty()) {
    ASSIGN_OR_RETURN(
        out.type, ParseEnum<v1::EventType>("EVENT_TYPE_", rule.type(), v1::EventType_descriptor()));
  }
  out.custom_type = rule.custom_type();
  if (rule.event_id().empty()) {
    return InvalidField("event.event_id", "REQUIRED", "an event rule needs an event_id template");
  }
  ASSIGN_OR_RETURN(out.event_id, Template::Compile(rule.event_id(), columns));
  if (rule.has_customer_id()) {
    ASSIGN_OR_RETURN(auto source, CompiledSource::Compile(rule.customer_id(), defaults, columns));
    out.customer_id.push_back(std::move(source));
  }
  for (const auto& identity : rule.identity()) {
    ASSIGN_OR_RETURN(const auto kind, ParseEnum<v1::IdentityKind>("IDENTITY_KIND_", identity.kind(),
                                                                  v1::IdentityKind_descriptor()));
    ASSIGN_OR_RETURN(auto source, CompiledSource::Compile(identity.value(), defaults, columns));
    out.identities.push_back({kind, std::move(source)});
  }
  auto time = CompiledSource::Compile(rule.event_time(), defaults, columns);
  if (!time.ok()) return Annotate(time.status(), "event_time");
  out.event_time = *std::move(time);
  RETURN_IF_ERROR(CompileFields(rule, defaults, columns, out));
  RETURN_IF_ERROR(CompileGroup(rule, columns, out));
  return out;
}

}  // namespace

struct Mapping::State {
  ImportMapping mapping;
  Columns columns;
  std::vector<CompiledSkip> skips;
  std::vector<CompiledRule> rules;
  MappingTotals totals;
  std::string key;

  absl::Status Refuse(const Row& row, const absl::Status& why, const Sink& sink) {
    ++totals.refused;
    const auto detail = DetailOf(why).value_or(ErrorDetail{});
    return sink.refused({row.line, std::string(row.file), detail.field, detail.reason,
                         std::string(FromAbsl(why.message())), std::string(row.raw)});
  }

  absl::Status GiveOut(Group& group, const Sink& sink) {
    if (group.spoiled) {
      ++totals.spoiled_groups;
      return absl::OkStatus();
    }
    ++totals.events;
    return sink.event(std::move(group.made));
  }

  absl::Status GiveOutAll(CompiledRule& rule, const Sink& sink) {
    for (Group& group : rule.groups) RETURN_IF_ERROR(GiveOut(group, sink));
    rule.groups.clear();
    rule.group_of.clear();
    return absl::OkStatus();
  }

  MappedEvent Begin(const Row& row, const Sink& sink) {
    return {v1::Event(), row.line, std::string(row.file),
            sink.keep_rows ? std::string(row.raw) : std::string()};
  }

  absl::Status AddToGroup(CompiledRule& rule, const Row& row, const Sink& sink) {
    key.clear();
    for (const size_t position : rule.group_by) key.append(row.cells[position]).push_back('\x1f');
    if (rule.adjacent && key != rule.last_key) {
      RETURN_IF_ERROR(GiveOutAll(rule, sink));
      rule.last_key = key;
    }
    const auto [at, is_new] = rule.group_of.try_emplace(key, rule.groups.size());
    absl::Status status;
    if (is_new) {
      rule.groups.push_back({Begin(row, sink), false});
      status = FillFirst(rule, row, rule.groups.back().made.event);
    } else {
      for (CompiledField& field : rule.fields) {
        if (!field.sum()) continue;
        status = field.Set(row, true, rule.groups[at->second].made.event);
        if (!status.ok()) break;
      }
    }
    Group& group = rule.groups[at->second];
    if (status.ok()) status = AddItem(rule, row, group.made.event);
    if (status.ok()) return absl::OkStatus();
    group.spoiled = true;
    return Refuse(row, status, sink);
  }

  absl::Status ApplyRule(CompiledRule& rule, const Row& row, const Sink& sink) {
    if (NoAnswer(rule, row)) {
      ++totals.skipped["NO_ANSWER"];
      return absl::OkStatus();
    }
    if (!rule.group_by.empty()) return AddToGroup(rule, row, sink);
    Group single{Begin(row, sink), false};
    absl::Status status = FillFirst(rule, row, single.made.event);
    if (status.ok()) status = AddItem(rule, row, single.made.event);
    return status.ok() ? GiveOut(single, sink) : Refuse(row, status, sink);
  }

  absl::Status Apply(const Row& row, const Sink& sink) {
    ++totals.rows;
    if (!row.error.empty()) return Refuse(row, InvalidField("row", "BAD_ROW", row.error), sink);
    for (const CompiledSkip& skip : skips) {
      if (!AllHold(skip.when, row)) continue;
      ++totals.skipped[skip.reason];
      return absl::OkStatus();
    }
    bool any = false;
    for (CompiledRule& rule : rules) {
      if (!AllHold(rule.when, row)) continue;
      any = true;
      RETURN_IF_ERROR(ApplyRule(rule, row, sink));
    }
    if (!any) ++totals.skipped["NO_RULE"];
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<RowReader>> Open(Input& input) const {
    if (mapping.format() == store::v1::IMPORT_FORMAT_JSON_LINES) {
      return ReadJsonLines(input, columns.names());
    }
    CsvOptions options;
    if (!mapping.delimiter().empty()) options.delimiter = mapping.delimiter()[0];
    options.columns.assign(mapping.columns().begin(), mapping.columns().end());
    return ReadCsv(input, options, columns.names());
  }
};

Mapping::Mapping(std::unique_ptr<State> state) : state_(std::move(state)) {}
Mapping::~Mapping() = default;

const MappingTotals& Mapping::totals() const { return state_->totals; }

absl::StatusOr<std::unique_ptr<Mapping>> Mapping::Compile(const ImportMapping& mapping) {
  auto state = std::make_unique<State>();
  state->mapping = mapping;
  MappingDefaults defaults{mapping.time_format(), absl::UTCTimeZone(), mapping.currency()};
  if (mapping.delimiter().size() > 1) {
    return InvalidField("delimiter", "BAD_DELIMITER", "must be one byte");
  }
  if (!mapping.time_zone().empty() && !absl::LoadTimeZone(mapping.time_zone(), &defaults.zone)) {
    return InvalidField("time_zone", "UNKNOWN_TIME_ZONE", Cat("'", mapping.time_zone(), "'"));
  }
  for (const auto& skip : mapping.skip()) {
    ASSIGN_OR_RETURN(Conditions when, CompileAll(skip.when(), state->columns));
    state->skips.push_back({skip.reason(), std::move(when)});
  }
  for (int i = 0; i < mapping.event_size(); ++i) {
    auto rule = CompileRule(mapping.event(i), defaults, state->columns);
    if (!rule.ok()) return Annotate(rule.status(), Cat("event[", i, "]"));
    state->rules.push_back(*std::move(rule));
  }
  if (state->rules.empty()) return InvalidField("event", "REQUIRED", "no event rule");
  return std::unique_ptr<Mapping>(new Mapping(std::move(state)));
}

absl::Status Mapping::Read(Input& input, const Sink& sink) {
  ASSIGN_OR_RETURN(const auto reader, state_->Open(input));
  Row row;
  while (true) {
    ASSIGN_OR_RETURN(const bool any, reader->Next(row));
    if (!any) return absl::OkStatus();
    RETURN_IF_ERROR(state_->Apply(row, sink));
  }
}

absl::Status Mapping::Finish(const Sink& sink) {
  for (CompiledRule& rule : state_->rules) RETURN_IF_ERROR(state_->GiveOutAll(rule, sink));
  return absl::OkStatus();
}

absl::StatusOr<ImportMapping> LoadMapping(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat("cannot read mapping ", path));
  const std::string text(std::istreambuf_iterator<char>(file), {});

  class Collector final : public google::protobuf::io::ErrorCollector {
   public:
    void AddError(int line, int column, const std::string& message) override {
      if (first.empty()) first = Cat(line + 1, ":", column + 1, ": ", message);
    }
    std::string first;
  } errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  ImportMapping mapping;
  if (!parser.ParseFromString(text, &mapping)) {
    return InvalidField(path, "BAD_MAPPING", errors.first);
  }
  return mapping;
}

}  // namespace rapport::ctl
