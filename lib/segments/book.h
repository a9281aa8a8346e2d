// SPDX-License-Identifier: Apache-2.0
// The segments of a workspace as they stand in the store, made ready: rules compiled, lists
// of customers with merges applied.
//
// Immutable and thread-safe; the scope must outlive it. A definition that no longer
// compiles (an event type that went, say) is left out with its error, and those that refer
// to it; the others stand.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/segments/bitmap.h"
#include "lib/segments/evaluator.h"
#include "lib/segments/rule_set.h"
#include "rapport/store/v1/segment.pb.h"

namespace rapport::segments {

struct StoredSegment {
  std::string id;
  store::v1::SegmentRecord record;
  Bitmap list;  // Customer numbers as they were when the list was made.

  bool deleted() const { return !record.has_segment(); }
  bool is_list() const { return record.segment().has_list(); }
};

class SegmentBook final : public ListMembers {
 public:
  struct Broken {
    StoredSegment segment;
    absl::Status status;
  };
  // Deleted ones are passed over. `survivor` says who a customer is after merges.
  static std::unique_ptr<const SegmentBook> Create(std::vector<StoredSegment> segments,
                                                   const metrics::Scope& scope,
                                                   absl::FunctionRef<uint32_t(uint32_t)> survivor);

  const RuleSet& rules() const { return *rules_; }
  // What the rule set was compiled from, to compile it with one rule more or another one.
  std::vector<RuleDefinition> Definitions() const;
  // Of the rule set's segments, in its order.
  const StoredSegment& segment(size_t segment) const { return segments_[segment]; }
  uint32_t number(size_t segment) const { return segments_[segment].record.number(); }
  const std::vector<Broken>& broken() const { return broken_; }

  bool Holds(size_t segment, uint32_t customer_no) const override {
    return segments_[segment].list.Has(customer_no);
  }
  const Bitmap& list(size_t segment) const { return segments_[segment].list; }

 private:
  SegmentBook() = default;
  std::vector<StoredSegment> segments_;
  std::unique_ptr<const RuleSet> rules_;
  std::vector<Broken> broken_;
};

// Leaves `id` and those that its rule refers to, directly or not.
void KeepNeeded(std::string_view id, std::vector<StoredSegment>& segments);
// Whether a rule refers to this segment itself.
bool RefersTo(const v1::SegmentRule& rule, std::string_view id);
// The number for the next segment: above all that were ever given out.
uint32_t NextSegmentNumber(const std::vector<StoredSegment>& segments);
// Of a list's members.
uint64_t FingerprintOf(const Bitmap& list);

}  // namespace rapport::segments
