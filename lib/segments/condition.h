// SPDX-License-Identifier: Apache-2.0
// One condition on a customer's events (domain: first time, so many times, regularly,
// stopped, restarted, or a figure compared with a number), as of any moment T: only hits at
// or before T are looked at, so a moment in the past answers as the present of then.
//
// Immutable, thread-safe. Holds and NextChange cost O(log hits); figures O(hits in the
// window).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/segments/hits.h"
#include "lib/segments/window.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

class Condition {
 public:
  virtual ~Condition() = default;
  virtual bool Holds(const Hits& hits, TimeMicros at) const = 0;
  // A moment after `at`, not after the first one at which time alone changes the answer of
  // `at`; kNever if it never does. There it may be asked again.
  virtual TimeMicros NextChange(const Hits& hits, TimeMicros at) const = 0;
  // In words, about the events of a filter ("" for all): "[type = page_viewed] at least 3
  // times in the last 30 days".
  virtual std::string Describe(std::string_view filter) const = 0;
  // What was found: "2 times, last on 2026-01-31T10:00:00Z".
  virtual std::string Evidence(const Hits& hits, TimeMicros at) const = 0;
};

// `path` is where the message stands in the request: InvalidField path...
absl::StatusOr<std::unique_ptr<const Condition>> NewBehaviour(const v1::SegmentBehaviour& behaviour,
                                                              const Calendar& calendar,
                                                              const std::string& path);
absl::StatusOr<std::unique_ptr<const Condition>> NewAggregate(const v1::SegmentAggregate& aggregate,
                                                              const Calendar& calendar,
                                                              const std::string& path);
// What a figure takes from events.
HitSource::Request HitsOf(const v1::SegmentAggregate& aggregate, const std::string& path);

absl::Status CheckComparator(v1::SegmentComparator comparator, const std::string& field);
template <typename Number>
bool Compares(v1::SegmentComparator comparator, const Number& left, const Number& right) {
  switch (comparator) {
    case v1::SEGMENT_COMPARATOR_AT_LEAST:
      return left >= right;
    case v1::SEGMENT_COMPARATOR_AT_MOST:
      return left <= right;
    case v1::SEGMENT_COMPARATOR_EXACTLY:
      return left == right;
    case v1::SEGMENT_COMPARATOR_MORE_THAN:
      return left > right;
    default:
      return left < right;
  }
}
std::string_view ComparatorWord(v1::SegmentComparator comparator);  // "at least"
std::string Times(size_t count);                                    // "once", "3 times"

}  // namespace rapport::segments
