// SPDX-License-Identifier: Apache-2.0
// Raw events by hand and the three ways to compute a metric from them, for tests.
//
//   History history;
//   history.Add("anna 2024-03-01T10:00 nps_answered score=9 channel=web");
//   history.Ask("nps", {.plan = Plan::kScan})
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/event_columns.h"
#include "lib/metrics/customer_input.h"
#include "lib/metrics/evaluation.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/registry.h"
#include "lib/metrics/scope.h"
#include "lib/metrics/sum_table.h"
#include "rapport/v1/metric_service.pb.h"

namespace rapport::metrics {

// "order_placed" > EVENT_TYPE_ORDER_PLACED; 0 for none.
uint16_t TypeNumber(std::string_view word);
// "2024-03-01T10:00" or "2024-03-01T10:00:30" in the zone, or "...Z" in UTC.
TimeMicros TimeOf(std::string_view text, const Calendar& calendar);
v1::QueryMetricRequest Query(std::string_view metric, std::string_view start = "",
                             std::string_view end = "",
                             v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED);

class History {
 public:
  using Customers = std::map<std::string, std::vector<EventColumns>>;

  explicit History(std::string_view zone = "UTC", WeekStart week_start = WeekStart::kMonday);

  // "customer time type key=value ...": amount, mrr, price (units), seconds, score, scale,
  // ticket, sub (numbers), value, aux (as in columns), cur, channel, touchpoint, campaign.
  void Add(std::string_view line);
  void Add(std::string_view customer, const EventColumns& event);
  // Lines one below the other; empty ones are passed over.
  void AddAll(std::string_view lines);
  // A value of a customer dimension or a fact.
  void Set(std::string_view customer, std::string_view dimension, std::string_view label);
  void SetFact(std::string_view customer, double fact);
  void SetRates(const std::vector<std::tuple<std::string, std::string, int64_t>>& rates);
  void SetReference(std::string_view series,
                    const std::vector<std::pair<std::string, double>>& points);
  // The number of a custom event type.
  uint16_t CustomType(std::string_view name);
  void SetRules(const v1::LifecycleRules& rules);
  void Define(const v1::MetricDefinition& definition) { own_.push_back(definition); }
  // "2024-03-15T12:00"; default: the end of the last event's month.
  void SetAsOf(std::string_view time) { as_of_ = TimeOf(time, scope_.calendar); }

  // Sorts events and fills the scope.
  const Scope& scope();

  absl::StatusOr<PreparedQuery> Prepare(const v1::QueryMetricRequest& request);
  // The sums of a query by kCells or kScan.
  SumTable SumsOf(Plan plan, const PreparedQuery& query);
  // By the plan that Choose says, or by `plan` if the query allows it.
  absl::StatusOr<v1::QueryMetricResponse> Ask(const v1::QueryMetricRequest& request);
  absl::StatusOr<v1::QueryMetricResponse> AskBy(Plan plan, const v1::QueryMetricRequest& request);
  // The measure cells of a night at `sealed` that knew the customers `before`, corrected for
  // those that are others now.
  absl::StatusOr<v1::QueryMetricResponse> AskSince(TimeMicros sealed, const Customers& before,
                                                   const v1::QueryMetricRequest& request);
  // Customers and their shares before ShareOf.
  absl::StatusOr<std::map<std::string, double>> List(const v1::ListMetricCustomersRequest& request);

  const Customers& customers() const { return customers_; }

 private:
  // `customer_no`: its place in customers_, from 1.
  CustomerInput InputOf(uint32_t customer_no, const std::string& customer,
                        const PreparedQuery& query, std::vector<uint32_t>& codes);

  Customers customers_;
  std::map<std::string, std::map<std::string, uint32_t>> dimensions_;  // By customer.
  std::map<std::string, double> facts_;
  std::vector<std::string> labels_;
  std::vector<v1::MetricDefinition> own_;
  filter::NameLists names_;
  RateTable rates_;
  ReferenceTable references_;
  std::vector<v1::ReferenceSeries> series_;
  Scope scope_;
  TimeMicros as_of_ = 0;
};

}  // namespace rapport::metrics
