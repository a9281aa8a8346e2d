// SPDX-License-Identifier: Apache-2.0
// Where questions about segments read: the workspace's segments compiled, the generation
// and what it keeps of them; evaluation over all customers for what the generation does not
// answer.
//
// One per request; not thread-safe. Opening costs 0.2 ms and 50 us a definition compiled.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/metrics/scope.h"
#include "lib/segment_store/night_rows.h"
#include "lib/segments/book.h"
#include "rapport/v1/segment.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

inline constexpr std::string_view kSegments = "segments";

// Does not move: its members name each other.
class SegmentPoint {
 public:
  // The segments of a workspace: all, or `id` and those it refers to.
  static absl::StatusOr<std::unique_ptr<SegmentPoint>> Open(
      const CallContext& call, ScopeHandle scope,
      std::optional<std::string_view> id = std::nullopt);
  // Of "workspaces/{w}/segments/{s}". NotFound.
  static absl::StatusOr<std::unique_ptr<SegmentPoint>> OpenName(const CallContext& call,
                                                                const std::string& name);
  // With a rule that is not stored, as segment kCandidate; errors name `field`.
  static absl::StatusOr<std::unique_ptr<SegmentPoint>> OpenRule(const CallContext& call,
                                                                ScopeHandle scope,
                                                                const v1::SegmentRule& rule,
                                                                const std::string& field);

  const WorkspaceScope& scope() const { return *scope_; }
  const ReadPoint& at() const { return *at_; }
  const store::GenerationHandle& generation() const { return generation_; }
  const segments::RuleSet& rules() const { return *rules_; }
  const segments::ListMembers& lists() const { return *book_; }
  const metrics::Scope& metrics_scope() const { return metrics_; }
  const segments::SegmentBook& book() const { return *book_; }
  // The segment that OpenName or OpenRule is about.
  size_t segment() const { return segment_; }
  // Not for the candidate.
  const segments::StoredSegment& stored(size_t segment) const { return book_->segment(segment); }
  size_t size() const { return book_->rules().size(); }

  // Rows of the generation; nullopt without one.
  std::optional<segment_store::NightRows> Rows() const;
  // What the generation says of this very definition; nullopt when it has not seen it.
  absl::StatusOr<std::optional<store::v1::SegmentNight>> Night(size_t segment) const;
  // The definition as the API shows it, with figures.
  absl::StatusOr<v1::Segment> Shown(size_t segment) const;
  // All that were opened, by name; those that do not compile without figures.
  absl::StatusOr<std::vector<v1::Segment>> AllShown() const;
  std::string NameOf(size_t segment) const;

 private:
  SegmentPoint() = default;
  absl::Status Load(const CallContext& call);
  v1::Segment Named(const segments::StoredSegment& segment) const;

  ScopeHandle scope_;
  store::GenerationHandle generation_;
  std::optional<ReadPoint> at_;  // Live: all that is known now.
  metrics::Scope metrics_;
  std::vector<segments::StoredSegment> read_;
  std::unique_ptr<const segments::SegmentBook> book_;
  std::unique_ptr<const segments::RuleSet> candidate_;  // The book's rules and one more.
  const segments::RuleSet* rules_ = nullptr;
  size_t segment_ = 0;
};

// Members as of the generation. InvalidField segment UNKNOWN_SEGMENT; FailedPrecondition
// NO_NIGHT_YET.
absl::StatusOr<segments::Bitmap> NightMembers(const SegmentPoint& point, std::string_view id);

// Everybody who belongs to a segment at a moment, by evaluating all customers.
struct SegmentScan {
  segments::Bitmap members;
  int64_t universe = 0;
  bool complete = true;  // False: time ran out.
};
// Uses all events known now up to `moment`. CANCELLED and DEADLINE_EXCEEDED as the call.
absl::StatusOr<SegmentScan> ScanSegment(const CallContext& call, const SegmentPoint& point,
                                        TimeMicros moment);
// The same as of now. Where the generation has members of this very rule, only customers
// touched since, and those whose membership time alone may have changed, are evaluated:
// some 20 us each.
absl::StatusOr<SegmentScan> ScanSegmentLive(const CallContext& call, const SegmentPoint& point);
// The same for one customer: why.
absl::StatusOr<v1::SegmentCheck> ExplainMember(const CallContext& call, const SegmentPoint& point,
                                               CustomerNo customer_no, TimeMicros moment);

}  // namespace rapport::server
