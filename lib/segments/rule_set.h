// SPDX-License-Identifier: Apache-2.0
// The rules of a workspace's segments, compiled together: who refers to whom is resolved,
// events that several conditions look at are read once.
//
//   ASSIGN_OR_RETURN(const auto rules, RuleSet::Compile(definitions, scope));
//   Evaluator evaluator(*rules, &lists);              // One per thread (evaluator.h).
//
// Immutable and thread-safe; the scope must outlive it. Errors: InvalidField
// `{segment}.rule...` with the path of the condition; CYCLE, UNKNOWN_SEGMENT, TOO_DEEP,
// TOO_MANY_CONDITIONS, REQUIRED, and those of filters, windows and patterns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/metrics/scope.h"
#include "lib/segments/condition.h"
#include "lib/segments/hits.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

inline constexpr int kMaxRuleDepth = 16;
inline constexpr size_t kMaxConditions = 200;  // Of one segment.

struct RuleDefinition {
  std::string id;
  const v1::SegmentRule* rule = nullptr;  // nullptr: a static list.
  uint64_t list_fingerprint = 0;          // Of a list's members.
  std::string path;                       // Of the rule in the request, for errors.
};

// A compiled condition or combination.
struct RuleNode {
  enum class Kind : uint8_t { kAll, kAny, kNone, kCustomer, kEvents, kSegment };
  Kind kind = Kind::kAll;
  std::vector<RuleNode> children;              // kAll, kAny, kNone.
  size_t customer_filter = 0;                  // kCustomer: which of customer_filters().
  size_t hits = 0;                             // kEvents: which of sources() it looks at.
  std::shared_ptr<const Condition> condition;  // kEvents.
  size_t segment = 0;                          // kSegment.
};

class RuleSet {
 public:
  static absl::StatusOr<std::unique_ptr<const RuleSet>> Compile(
      std::span<const RuleDefinition> definitions, const metrics::Scope& scope);

  // In the order of the definitions.
  size_t size() const { return segments_.size(); }
  const std::string& id(size_t segment) const { return segments_[segment].id; }
  bool is_list(size_t segment) const { return segments_[segment].is_list; }
  // npos if there is none.
  static constexpr size_t npos = static_cast<size_t>(-1);
  size_t Find(std::string_view id) const;
  const RuleNode& root(size_t segment) const { return segments_[segment].root; }
  const std::vector<filter::Expression>& customer_filters() const { return customer_filters_; }
  const std::vector<HitSource>& sources() const { return sources_; }
  const metrics::Scope& scope() const { return *scope_; }

  // What evaluation of this one segment, those it refers to included, reads.
  struct Needs {
    filter::PlaceSet customer;  // Of v1.Customer.
    bool events = false;        // The customer's events at all.
    bool payloads = false;
    bool rates = false;  // Exchange rates.
  };
  Needs NeedsOf(size_t segment) const;
  Needs NeedsOfAll() const;

  // Changes with anything that membership depends on besides customers, events and rates;
  // RuleFingerprint not with the members of lists.
  uint64_t Fingerprint(size_t segment) const { return segments_[segment].fingerprint; }
  uint64_t RuleFingerprint(size_t segment) const { return segments_[segment].rule_fingerprint; }
  // Keys of customers' attributes that are read, sorted.
  std::vector<std::string> AttributeKeys() const;
  // The rule in one line.
  std::string Describe(size_t segment) const;
  std::string Describe(const RuleNode& node) const;

 private:
  friend class RuleCompiler;
  struct Segment {
    std::string id;
    bool is_list = false;
    RuleNode root;
    uint64_t fingerprint = 0;
    uint64_t rule_fingerprint = 0;
  };
  RuleSet() = default;
  void AddNeeds(const RuleNode& node, std::vector<bool>& seen, Needs& needs) const;

  const metrics::Scope* scope_ = nullptr;
  std::vector<Segment> segments_;
  TextMap<size_t> numbers_;
  std::vector<filter::Expression> customer_filters_;
  std::vector<HitSource> sources_;
};

}  // namespace rapport::segments
