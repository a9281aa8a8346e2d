// SPDX-License-Identifier: Apache-2.0
// Counts which ways customers take from event to event: whole sequences of labels, exactly.
//
//   PathWalker walker(plan);                          // One a thread; Customer, Merge.
//   AnswerPaths(walker);
//
// At most kMaxPaths different paths are kept. When there are more, every path is cut by one
// place, and again, until they fit: counts stay exact, of shorter paths, and depth() says of
// which. The depth follows from all paths together, so it does not depend on threads or
// order. Memory: 80 bytes and 4 a place for each path. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/filter/customer_events.h"
#include "lib/journey/path_plan.h"
#include "lib/metrics/grouping.h"
#include "rapport/v1/journey_service.pb.h"

namespace rapport::journey {

inline constexpr size_t kMaxPaths = 500'000;

class PathWalker {
 public:
  using Labels = std::vector<uint32_t>;  // Numbers; of paths to an event from there back.
  struct Counts {
    int64_t paths = 0;
    int64_t whole = 0;  // That end with the last label and were not cut after it.
  };
  static constexpr uint32_t kMiddle = 0;  // Stands for what a path between events leaves out.

  // The plan must outlive it. `max_paths` is for tests.
  explicit PathWalker(const PathPlan& plan, size_t max_paths = kMaxPaths);
  void Customer(const filter::CustomerEvents& customer);
  void Merge(PathWalker&& other);

  const PathPlan& plan() const { return *plan_; }
  const absl::flat_hash_map<Labels, Counts>& paths() const { return paths_; }
  int depth() const { return depth_; }
  std::string Label(uint32_t number) const;

 private:
  struct Place {  // What a label is made of.
    uint16_t type = 0;
    uint32_t detail = 0;  // Touchpoint, channel, campaign or number of a property's text.
    friend bool operator==(const Place&, const Place&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Place& place) {
      return H::combine(std::move(state), place.type, place.detail);
    }
  };
  void Unit(const filter::CustomerEvents& customer, size_t begin, size_t end);
  void Forward(const filter::CustomerEvents& customer, size_t begin, size_t end);
  void Backward(const filter::CustomerEvents& customer, size_t begin, size_t end);
  bool Push(uint32_t label);
  uint32_t LabelOf(const filter::CustomerEvents& customer, size_t index);
  uint32_t NumberOf(const Place& place);
  // Cuts labels_ to `depth`; whether they were whole.
  bool Cut(Labels& labels, int depth) const;
  void Count(Labels labels, bool whole);
  void Add(const Labels& labels, const Counts& counts);
  void Shorten();

  const PathPlan* plan_;
  const size_t max_paths_;
  int depth_;
  filter::EventTest filter_, from_, to_;
  metrics::PropertyNames properties_;
  std::vector<Place> places_;  // By number; 0 is kMiddle.
  absl::flat_hash_map<Place, uint32_t> numbers_;
  absl::flat_hash_map<Labels, Counts> paths_;
  Labels labels_;
  std::vector<uint32_t> seen_;      // Indices of the events that are seen, and
  std::vector<uint32_t> sessions_;  // the session of each.
};

// Of the context: definition, days, sample size and notes. InvalidField question.property
// TOO_MANY_LABELS when even single labels are too many to count.
absl::StatusOr<v1::QueryPathsResponse> AnswerPaths(const PathWalker& walker);

}  // namespace rapport::journey
