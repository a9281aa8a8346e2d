// SPDX-License-Identifier: Apache-2.0
// A framework made ready for one workspace: stages by number, filters bound once each,
// event types sorted by what they can show. Immutable and thread-safe; keeps a pointer to
// the scope, which must outlive it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/filter/predicate.h"
#include "lib/metrics/int128.h"
#include "lib/metrics/scope.h"
#include "rapport/v1/framework.pb.h"

namespace rapport::frameworks {

using StageNo = uint8_t;  // From 1 in the framework's order; 0: outside.
inline constexpr StageNo kOutside = 0;

// Filters and pieces of evidence by their place in the compiled framework.
using FilterNo = uint16_t;
using EvidenceNo = uint16_t;

struct Evidence {
  FilterNo filter = 0;
  int32_t count = 1;
  TimeMicros window = 0;  // 0: any time.
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct Exit {
  std::optional<EvidenceNo> evidence;
  int32_t silence_days = 0;          // Without evidence.
  std::optional<FilterNo> breakers;  // What breaks the silence; nullopt: activity.
  StageNo to = kOutside;
};

// A way that the framework names, from a stage.
struct Way {
  StageNo to = kOutside;
  v1::MoveKind kind = v1::MOVE_KIND_UNSPECIFIED;
  std::optional<EvidenceNo> evidence;  // nullopt: the entry evidence of `to`.
};

struct Stage {
  std::vector<EvidenceNo> entry;
  std::vector<Exit> exits;
  std::vector<Way> ways;
  bool skippable = false;
};

class CompiledFramework {
 public:
  // As CheckFramework with the workspace's names, zone and currency.
  static absl::StatusOr<CompiledFramework> Create(const v1::Framework& framework,
                                                  const metrics::Scope& scope);

  const v1::Framework& definition() const { return definition_; }
  const metrics::Scope& scope() const { return *scope_; }
  StageNo stage_count() const { return static_cast<StageNo>(stages_.size()); }
  const Stage& stage(StageNo number) const { return stages_[number - 1U]; }
  const v1::FrameworkStage& text(StageNo number) const { return definition_.stages(number - 1); }
  // "" for kOutside.
  std::string IdOf(StageNo number) const;
  // nullopt when there is none.
  std::optional<StageNo> Find(std::string_view stage) const;
  // First stage past the border; kOutside without one.
  StageNo border() const { return border_; }

  const std::vector<std::unique_ptr<const filter::EventPredicate>>& filters() const {
    return filters_;
  }
  const std::vector<Evidence>& evidence() const { return evidence_; }
  const std::vector<EvidenceNo>& EvidenceOf(FilterNo filter) const { return evidence_of_[filter]; }
  // Stages of whose entry evidence the piece is one, rising.
  const std::vector<StageNo>& StagesOf(EvidenceNo evidence) const { return stages_of_[evidence]; }
  // Stages of whose entry evidence the filter is part, rising.
  const std::vector<StageNo>& StagesShownBy(FilterNo filter) const { return shown_[filter]; }
  // The first stage to which events of the filter can bring; stage_count() + 1: none.
  StageNo FirstStageOf(FilterNo filter) const { return first_stage_[filter]; }
  // Whether the filter looks at the event's type alone: then every event of a standard type
  // that FiltersOf names passes it.
  bool LooksAtTypeOnly(FilterNo filter) const { return type_only_[filter]; }
  // Filters that events of a type can pass.
  std::span<const FilterNo> FiltersOf(uint16_t type) const {
    return type < by_type_.size() ? by_type_[type] : custom_filters_;
  }
  bool reads_payload() const { return reads_payload_; }
  // The last stage before which all may be skipped: where customers may come in at first.
  StageNo last_entry() const { return last_entry_; }

  // An amount in base currency, micros x nanos; nullopt without a rate.
  std::optional<metrics::Int128> Convert(int64_t micros, uint16_t currency, CivilDays day) const;

 private:
  CompiledFramework() = default;
  absl::Status AddStage(int index);
  absl::Status AddWays();
  absl::StatusOr<FilterNo> AddFilter(const std::string& field, const std::string& text);
  absl::StatusOr<EvidenceNo> AddEvidence(const std::string& field,
                                         const v1::StageEvidence& evidence);
  void SortTypes();

  v1::Framework definition_;
  const metrics::Scope* scope_ = nullptr;
  std::vector<Stage> stages_;
  StageNo border_ = kOutside;
  StageNo last_entry_ = 1;
  std::vector<std::string> filter_texts_;  // Canonical.
  std::vector<std::unique_ptr<const filter::EventPredicate>> filters_;
  std::vector<Evidence> evidence_;
  std::vector<std::vector<EvidenceNo>> evidence_of_;
  std::vector<std::vector<StageNo>> stages_of_;
  std::vector<std::vector<StageNo>> shown_;
  std::vector<bool> type_only_;
  std::vector<StageNo> first_stage_;
  std::array<std::vector<FilterNo>, 256> by_type_;
  std::vector<FilterNo> custom_filters_;
  bool reads_payload_ = false;
};

// What makes stored standings and reports of a framework out of date: its stages and ways,
// and the settings and rates they depend on.
uint64_t FingerprintOf(const v1::Framework& framework, const metrics::Scope& scope);

}  // namespace rapport::frameworks
