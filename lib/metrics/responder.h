// SPDX-License-Identifier: Apache-2.0
// The parts that Respond and ExplainDimension are made of. Internal to lib/metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/math/significance.h"
#include "lib/metrics/change.h"
#include "lib/metrics/point.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sum_table.h"
#include "rapport/v1/metric_service.pb.h"

namespace rapport::metrics {

// Points of one answer.
inline constexpr size_t kMaxPoints = 500'000;

// The sums of a range's points and of its whole, from a row of slots: rolling windows are
// summed up here. The row must outlive it.
class SlotReader {
 public:
  SlotReader(const PreparedQuery& query, const std::vector<Sums>& row, size_t range);
  size_t size() const { return points_.size(); }
  const Sums& point(size_t i) const { return *points_[i]; }
  const Sums* whole() const { return whole_; }  // nullptr: not known.

 private:
  std::vector<const Sums*> points_;
  std::deque<Sums> made_;
  const Sums* whole_ = nullptr;
};

class Responder {
 public:
  struct Group {
    std::vector<std::string> labels;
    const std::vector<Sums>* row = nullptr;
    int64_t sample = 0;
    bool here = false;  // In the range asked for.
  };

  Responder(const PreparedQuery& query, const SumTable& table);

  void Print(size_t range, const SlotReader& sums, v1::MetricSeries& series) const;
  absl::Status AddGroups(v1::QueryMetricResponse& response);
  void AddComparisons(v1::QueryMetricResponse& response);
  // Corrects p-values for their number; after all tests are told.
  void Correct();
  void AddContext(v1::QueryMetricResponse& response) const;

  // All groups of all ranges, largest sample first.
  std::vector<Group> SortedGroups() const;
  // What groups did between a compared range and the one asked for; both have wholes.
  ChangeSplit Split(const std::vector<Group>& groups, size_t range) const;

 private:
  struct Labels {
    std::string start, end, time;
    bool incomplete = false;
  };
  struct Test {
    v1::Difference* difference = nullptr;
    bool large_enough = false;
  };
  v1::MetricPoint Whole(size_t range, const Sums& sums) const;
  static bool HasAny(const SlotReader& sums);
  absl::Status CheckSize(size_t groups) const;
  void Tell(const math::Difference& tested, const v1::MetricPoint& first,
            const v1::MetricPoint& second, v1::Difference& out);
  void AgainstRest(const SlotReader& group, v1::MetricSeries& series);
  void AddNotes(const Sums& all, v1::QueryMetricResponse& response) const;
  void NoteSimpson(v1::QueryMetricResponse& response) const;

  const PreparedQuery& query_;
  const SumTable& table_;
  PointContext context_;
  const SlotReader total_;  // Of the range asked for.
  std::vector<std::vector<Labels>> labels_;
  std::vector<Test> tests_;
};

// Whether a value is numerator over denominator, so that a change splits into rate and mix.
bool IsRatio(const v1::MetricDefinition& definition);
// "Down 3.2: mostly email (-2.9). ..."
std::string SummaryOf(const v1::ChangeExplanation& explanation, double change);

}  // namespace rapport::metrics
