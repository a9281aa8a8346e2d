// SPDX-License-Identifier: Apache-2.0
// Setting fields of an event by path.
#include "absl/strings/str_split.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "rapport/v1/event.pb.h"
#include "tools/rapportctl/mapping_value.h"

namespace rapport::ctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsMoney(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type() == v1::Money::descriptor();
}

bool IsTime(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type()->full_name() == "google.protobuf.Timestamp";
}

bool Settable(const FieldDescriptor* field) {
  return !field->is_repeated() &&
         (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || IsMoney(field) || IsTime(field));
}

// Enum names may leave out the prefix: ORDER_PLACED for EVENT_TYPE_ORDER_PLACED.
std::string EnumPrefix(const google::protobuf::EnumDescriptor* type) {
  std::string zero = type->value(0)->name();
  return zero.substr(0, zero.size() - std::string_view("UNSPECIFIED").size());
}

// A row error with the path of the event's field instead of the number's own.
absl::Status At(std::string_view path, const absl::Status& status) {
  const auto detail = DetailOf(status);
  if (status.ok() || !detail.has_value()) return status;
  std::string_view text = FromAbsl(status.message());
  const std::string own = Cat(detail->field, ": ");
  if (text.starts_with(own)) text.remove_prefix(own.size());
  return InvalidField(path, detail->reason, text);
}

}  // namespace

absl::StatusOr<CompiledField> CompiledField::Compile(const store::v1::FieldRule& rule,
                                                     const Descriptor* root,
                                                     const MappingDefaults& defaults,
                                                     Columns& columns) {
  CompiledField result;
  result.path_ = rule.path();
  const Descriptor* level = root;
  for (const auto name : absl::StrSplit(rule.path(), '.')) {
    const FieldDescriptor* step =
        level == nullptr ? nullptr : level->FindFieldByName(std::string(name));
    if (step == nullptr || step->is_repeated()) {
      return InvalidField("path", "UNKNOWN_FIELD",
                          Cat("'", rule.path(), "' is no single field of ", root->name()));
    }
    result.steps_.push_back(step);
    level = step->message_type();
  }
  if (!Settable(result.steps_.back())) {
    return InvalidField("path", "UNKNOWN_FIELD", Cat("'", rule.path(), "' is not a value"));
  }
  auto source = CompiledSource::Compile(rule.value(), defaults, columns);
  if (!source.ok()) return Annotate(source.status(), rule.path());
  result.source_ = *std::move(source);
  result.currency_ = defaults.currency;
  result.sum_ = rule.sum();
  result.required_ = rule.required();
  if (IsMoney(result.steps_.back()) && result.currency_.empty()) {
    return InvalidField("currency", "REQUIRED", Cat("'", rule.path(), "' needs a currency"));
  }
  return result;
}

absl::Status CompiledField::Set(const Row& row, bool add, Message& message) {
  if (source_.Empty(row)) {
    return required_ ? InvalidField(path_, "MISSING_VALUE", "is empty") : absl::OkStatus();
  }
  Message* leaf = &message;
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    leaf = leaf->GetReflection()->MutableMessage(leaf, steps_[i]);
  }
  return At(path_, Write(row, add, *leaf));
}

absl::Status CompiledField::Write(const Row& row, bool add, Message& leaf) {
  const FieldDescriptor* field = steps_.back();
  const auto* access = leaf.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      access->SetString(&leaf, field, std::string(source_.Text(row)));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WriteMessage(row, add, leaf);
    case FieldDescriptor::CPPTYPE_ENUM:
      return WriteEnum(row, leaf);
    default:
      break;
  }
  ASSIGN_OR_RETURN(const Decimal number, source_.Number(row));
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    access->SetDouble(&leaf, field, ToDouble(number) + (add ? access->GetDouble(leaf, field) : 0));
    return absl::OkStatus();
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && field->name().ends_with("_micros")) {
    ASSIGN_OR_RETURN(const Micros micros, ToMicros(number));
    access->SetInt64(&leaf, field, micros + (add ? access->GetInt64(leaf, field) : 0));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const int64_t whole, ToWhole(number));
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    access->SetInt64(&leaf, field, whole + (add ? access->GetInt64(leaf, field) : 0));
    return absl::OkStatus();
  }
  const int64_t total = whole + (add ? access->GetInt32(leaf, field) : 0);
  if (total != static_cast<int32_t>(total)) {
    return InvalidField("number", "OUT_OF_RANGE", "is too large");
  }
  access->SetInt32(&leaf, field, static_cast<int32_t>(total));
  return absl::OkStatus();
}

absl::Status CompiledField::WriteEnum(const Row& row, Message& leaf) {
  const FieldDescriptor* field = steps_.back();
  const std::string text(source_.Text(row));
  const auto* value = field->enum_type()->FindValueByName(text);
  if (value == nullptr) {
    value = field->enum_type()->FindValueByName(Cat(EnumPrefix(field->enum_type()), text));
  }
  if (value == nullptr) {
    return InvalidField("value", "UNKNOWN_VALUE",
                        Cat("'", text, "' is no ", field->enum_type()->name()));
  }
  leaf.GetReflection()->SetEnum(&leaf, field, value);
  return absl::OkStatus();
}

absl::Status CompiledField::WriteMessage(const Row& row, bool add, Message& leaf) {
  Message* inner = leaf.GetReflection()->MutableMessage(&leaf, steps_.back());
  if (IsMoney(steps_.back())) {
    auto* money = static_cast<v1::Money*>(inner);
    ASSIGN_OR_RETURN(const Decimal number, source_.Number(row));
    ASSIGN_OR_RETURN(const Micros micros, ToMicros(number));
    money->set_micros(micros + (add ? money->micros() : 0));
    money->set_currency(currency_);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const TimeMicros time, source_.Time(row));
  auto* stamp = static_cast<google::protobuf::Timestamp*>(inner);
  const TimeMicros seconds = time / kMicrosPerSecond - (time % kMicrosPerSecond < 0 ? 1 : 0);
  stamp->set_seconds(seconds);
  stamp->set_nanos(static_cast<int32_t>(time - seconds * kMicrosPerSecond) * 1000);
  return absl::OkStatus();
}

}  // namespace rapport::ctl
