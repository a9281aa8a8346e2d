// SPDX-License-Identifier: Apache-2.0
// A retention question made ready for one workspace: defaults filled in, filters bound,
// dates as instants, periods laid out in columns.
//
// A column is a period (0 to period_count) or a bracket of periods. A start is followed
// through its columns up to as_of: `settled` columns are over for it, the one after them
// may be running. Immutable and thread-safe; keeps a pointer to the scope, which must
// outlive it.
//
//   ASSIGN_OR_RETURN(const RetentionPlan plan, RetentionPlan::Create(question, scope, {}));
//   RetentionWalk walk(plan);                       // One per thread.
//   for (each customer) RETURN_IF_ERROR(walk.Customer(customer, codes));
//   first.Merge(second);
//   first.Fill(response);                           // retention_report.h
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/cohorts/bound_filter.h"
#include "lib/cohorts/periods.h"
#include "lib/metrics/scope.h"
#include "rapport/v1/retention.pb.h"

namespace rapport::cohorts {

inline constexpr int kMaxPeriods = 400;
inline constexpr int kMaxBrackets = 100;
inline constexpr int kMaxSegments = 50;
inline constexpr size_t kMaxCohorts = 1000;
inline constexpr size_t kMaxCells = 25'000;  // Of an answer.

enum class CohortsBy : uint8_t { kTime, kDimension, kSegments, kTogether };

// How far a start can be followed at as_of.
struct Outlook {
  int32_t settled = 0;   // Columns that are over.
  bool running = false;  // Column `settled` has begun.
};

struct RetentionOptions {
  double margin = 1;        // Share of revenue that is kept.
  bool has_margin = false;  // The workspace has set it.
};

class RetentionPlan {
 public:
  // InvalidField question.*: BAD_FILTER and others of filter::Parse, UNKNOWN_VALUE,
  // UNKNOWN_GRANULARITY, OUT_OF_RANGE, BAD_DATE, INVERTED_RANGE, BAD_BRACKET, REQUIRED,
  // CONFLICT, TOO_MANY. That a dimension exists is for the caller to check.
  static absl::StatusOr<RetentionPlan> Create(const v1::RetentionQuestion& question,
                                              const metrics::Scope& scope,
                                              const RetentionOptions& options = {});

  // Complete with defaults, filters canonical.
  const v1::RetentionQuestion& question() const { return question_; }
  const metrics::Scope& scope() const { return *scope_; }
  const RetentionOptions& options() const { return options_; }
  CustomerNeeds Needs() const;

  const EventFilter& start() const { return start_; }
  const EventFilter& returns() const { return returns_; }
  std::span<const filter::Expression> segments() const { return segments_; }
  CohortsBy by() const { return by_; }
  Granularity period() const { return BucketOf(question_.period()); }
  Granularity bucket() const { return BucketOf(question_.cohort().bucket()); }
  bool rolling() const { return question_.period_clock() == v1::PERIOD_CLOCK_ROLLING; }
  TimeMicros rolling_length() const { return RollingLength(period()); }
  TimeMicros begin() const { return begin_; }  // Of starts.
  TimeMicros end() const { return end_; }

  // `last` inclusive.
  struct Column {
    int32_t first = 0;
    int32_t last = 0;
  };
  std::span<const Column> columns() const { return columns_; }
  int32_t column_count() const { return static_cast<int32_t>(columns_.size()); }
  // The last period that any column holds.
  int32_t last_period() const { return columns_.back().last; }
  // The column of a period in [0, last_period()]; -1 between brackets.
  int32_t ColumnOf(int32_t period) const { return column_of_[static_cast<size_t>(period)]; }
  // The first column that ends with the period or later; column_count() when none does.
  int32_t ColumnUpTo(int32_t period) const {
    return period > last_period() ? column_count() : up_to_[static_cast<size_t>(period)];
  }
  // Of a start with that many periods over.
  Outlook OutlookOf(int32_t periods_over) const;

 private:
  RetentionPlan() = default;
  absl::Status CompleteCohort();
  absl::Status CompleteCounting();
  absl::Status ReadRange();
  absl::Status ReadBrackets();
  absl::Status BindFilters();
  void LayOut();

  v1::RetentionQuestion question_;
  const metrics::Scope* scope_ = nullptr;
  RetentionOptions options_;
  EventFilter start_, returns_;
  std::vector<filter::Expression> segments_;
  CohortsBy by_ = CohortsBy::kTime;
  TimeMicros begin_ = 0, end_ = 0;
  std::vector<Column> columns_;
  std::vector<int32_t> column_of_, up_to_;
};

// What counts as revenue: orders and bookings add, refunds subtract.
enum class MoneySign : int8_t { kNone = 0, kPlus = 1, kMinus = -1 };
MoneySign MoneySignOf(uint16_t type);

}  // namespace rapport::cohorts
