// SPDX-License-Identifier: Apache-2.0
#include "lib/frameworks/compiled.h"

#include <algorithm>
#include <utility>

#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/frameworks/registry.h"

namespace rapport::frameworks {
namespace {

// Goes up when the walk changes: nights then compute anew and old reports answer nothing.
constexpr int kWalkVersion = 1;

}  // namespace

absl::StatusOr<CompiledFramework> CompiledFramework::Create(const v1::Framework& framework,
                                                            const metrics::Scope& scope) {
  RETURN_IF_ERROR(CheckFramework(framework, scope.names));
  CompiledFramework compiled;
  compiled.definition_ = framework;
  compiled.scope_ = &scope;
  for (int i = 0; i < framework.stages_size(); ++i) RETURN_IF_ERROR(compiled.AddStage(i));
  RETURN_IF_ERROR(compiled.AddWays());
  compiled.border_ = compiled.Find(framework.border_stage()).value_or(kOutside);
  while (compiled.last_entry_ < compiled.stage_count() &&
         compiled.stage(compiled.last_entry_).skippable) {
    ++compiled.last_entry_;
  }
  compiled.SortTypes();
  return compiled;
}

std::string CompiledFramework::IdOf(StageNo number) const {
  return number == kOutside ? std::string() : text(number).stage();
}

std::optional<StageNo> CompiledFramework::Find(std::string_view stage) const {
  for (int i = 0; i < definition_.stages_size(); ++i) {
    if (definition_.stages(i).stage() == stage) return static_cast<StageNo>(i + 1);
  }
  return std::nullopt;
}

absl::StatusOr<FilterNo> CompiledFramework::AddFilter(const std::string& field,
                                                      const std::string& text) {
  filter::Context context;
  context.base_currency = UnpackCurrency(scope_->base_currency);
  context.calendar = scope_->calendar;
  context.field = field;
  context.names = scope_->names;
  ASSIGN_OR_RETURN(const filter::Expression expression,
                   filter::Parse(text, filter::EventCatalogue(), context));
  const std::string canonical = expression.ToString();
  const auto known = std::ranges::find(filter_texts_, canonical);
  if (known != filter_texts_.end()) return static_cast<FilterNo>(known - filter_texts_.begin());
  filter_texts_.push_back(canonical);
  filters_.push_back(
      std::make_unique<const filter::EventPredicate>(filter::Bind(expression, *scope_->names)));
  type_only_.push_back(expression.Paths() == std::vector<std::string>{"type"});
  reads_payload_ = reads_payload_ || filters_.back()->reads_payload();
  evidence_of_.emplace_back();
  shown_.emplace_back();
  first_stage_.push_back(static_cast<StageNo>(definition_.stages_size() + 1));
  return static_cast<FilterNo>(filters_.size() - 1);
}

absl::StatusOr<EvidenceNo> CompiledFramework::AddEvidence(const std::string& field,
                                                          const v1::StageEvidence& evidence) {
  ASSIGN_OR_RETURN(const FilterNo filter, AddFilter(field + ".filter", evidence.filter()));
  const Evidence made{filter, std::max(evidence.minimum_count(), 1),
                      evidence.window_days() * kMicrosPerDay};
  const auto known = std::ranges::find(evidence_, made);
  if (known != evidence_.end()) return static_cast<EvidenceNo>(known - evidence_.begin());
  const auto number = static_cast<EvidenceNo>(evidence_.size());
  evidence_.push_back(made);
  evidence_of_[filter].push_back(number);
  stages_of_.emplace_back();
  return number;
}

absl::Status CompiledFramework::AddStage(int index) {
  const v1::FrameworkStage& from = definition_.stages(index);
  const std::string at = Cat("framework.stages[", index, "].");
  const auto number = static_cast<StageNo>(index + 1);
  Stage& stage = stages_.emplace_back();
  stage.skippable = from.skippable();
  for (int i = 0; i < from.entry_size(); ++i) {
    ASSIGN_OR_RETURN(const EvidenceNo entry, AddEvidence(Cat(at, "entry[", i, "]"), from.entry(i)));
    stage.entry.push_back(entry);
    const FilterNo filter = evidence_[entry].filter;
    if (stages_of_[entry].empty() || stages_of_[entry].back() != number) {
      stages_of_[entry].push_back(number);
    }
    if (shown_[filter].empty() || shown_[filter].back() != number) {
      shown_[filter].push_back(number);
    }
    first_stage_[filter] = std::min(first_stage_[filter], number);
  }
  for (int i = 0; i < from.exits_size(); ++i) {
    const v1::StageExit& exit = from.exits(i);
    const std::string place = Cat(at, "exits[", i, "]");
    Exit& made = stage.exits.emplace_back();
    made.to = Find(exit.to_stage()).value_or(kOutside);
    if (exit.has_evidence()) {
      ASSIGN_OR_RETURN(made.evidence, AddEvidence(place + ".evidence", exit.evidence()));
      continue;
    }
    made.silence_days = exit.silence_days();
    if (exit.silence_filter().empty()) continue;
    ASSIGN_OR_RETURN(made.breakers, AddFilter(place + ".silence_filter", exit.silence_filter()));
  }
  return absl::OkStatus();
}

absl::Status CompiledFramework::AddWays() {
  for (int i = 0; i < definition_.transitions_size(); ++i) {
    const v1::FrameworkTransition& from = definition_.transitions(i);
    Way way;
    way.to = *Find(from.to_stage());
    way.kind = from.kind();
    if (from.has_evidence()) {
      ASSIGN_OR_RETURN(way.evidence, AddEvidence(Cat("framework.transitions[", i, "].evidence"),
                                                 from.evidence()));
      StageNo& first = first_stage_[evidence_[*way.evidence].filter];
      first = std::min(first, way.to);
    }
    stages_[*Find(from.from_stage()) - 1U].ways.push_back(way);
  }
  return absl::OkStatus();
}

void CompiledFramework::SortTypes() {
  for (size_t filter = 0; filter < filters_.size(); ++filter) {
    const auto number = static_cast<FilterNo>(filter);
    for (size_t type = 0; type < by_type_.size(); ++type) {
      const filter::EventPredicate& predicate = *filters_[filter];
      EventColumns event;
      event.type = static_cast<uint16_t>(type);
      const bool passes = type_only_[filter] ? predicate.MatchesColumns(event, {})
                                             : predicate.types().Has(event.type);
      if (passes) by_type_[type].push_back(number);
    }
    custom_filters_.push_back(number);  // Each looks at the type itself.
  }
}

std::optional<metrics::Int128> CompiledFramework::Convert(int64_t micros, uint16_t currency,
                                                          CivilDays day) const {
  std::optional<int64_t> rate;
  if (currency == 0 || currency == scope_->base_currency) {
    rate = metrics::kNanosPerRate;
  } else if (scope_->rates != nullptr) {
    rate = scope_->rates->At(currency, day);
  }
  if (!rate) return std::nullopt;
  return metrics::Int128{micros} * *rate;
}

uint64_t FingerprintOf(const v1::Framework& framework, const metrics::Scope& scope) {
  v1::Framework maths = framework;
  for (auto* text : {maths.mutable_name(), maths.mutable_description(), maths.mutable_source(),
                     maths.mutable_etag()}) {
    text->clear();
  }
  maths.clear_custom();
  const int64_t version = scope.rates == nullptr ? 0 : scope.rates->version();
  return HashText64(Cat(kWalkVersion, "|", maths.SerializeAsString(), "|",
                        FromAbsl(scope.calendar.zone().name()), "|", scope.base_currency, "|",
                        version));
}

}  // namespace rapport::frameworks
