// SPDX-License-Identifier: Apache-2.0
// A base of customers from raw events, and metric queries over them: from cells as a night
// makes them where the metric is in cells, and from the events.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/facts/facts.h"
#include "lib/filter/names.h"
#include "lib/metrics/evaluation.h"
#include "lib/metrics/event_cells.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/registry.h"
#include "lib/metrics/respond.h"
#include "tests/unit/facts/events.h"

namespace rapport::facts {

class Base {
 public:
  Base(Settings settings, std::string_view as_of)
      : settings_(std::move(settings)), as_of_(At(as_of)) {}

  // A customer.
  void Add(const Timeline& events) {
    AddEventCells(settings_, events, as_of_, cells_);
    for (const EventColumns& event : events) {
      const CivilDays day = settings_.calendar.DayOf(event.time);
      first_day_ = std::min(first_day_, day);
      last_day_ = std::max(last_day_, day);
    }
    customers_.push_back(events);
  }

  // INTERNAL when cells and events do not agree.
  absl::StatusOr<v1::QueryMetricResponse> Query(const v1::QueryMetricRequest& request) const {
    const filter::NameLists names;
    const metrics::Scope scope = ScopeWith(names);
    const metrics::Registry registry;
    ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, registry.Find(request.metric()));
    ASSIGN_OR_RETURN(const metrics::PreparedQuery query,
                     metrics::PreparedQuery::Create(request, *definition, scope));
    metrics::Evaluation evaluation(query);
    for (const Timeline& events : customers_) {
      metrics::CustomerInput input;
      input.events = events;
      evaluation.Customer(input);
    }
    ASSIGN_OR_RETURN(v1::QueryMetricResponse scanned,
                     metrics::Respond(query, evaluation.table(), ""));
    if (query.Choose({}).plan != metrics::Plan::kCells) return scanned;
    metrics::CellGather gather(query);
    const std::vector<metrics::CellRead> reads = gather.Reads();
    for (const auto& [key, cell] : cells_.Sorted()) {
      const bool wanted = std::ranges::any_of(reads, [&key = key](const auto& read) {
        return read.type == key.type && key.day >= read.begin && key.day < read.end;
      });
      if (wanted) gather.Add(key, cell);
    }
    ASSIGN_OR_RETURN(v1::QueryMetricResponse counted, metrics::Respond(query, gather.table(), ""));
    if (counted.DebugString() != scanned.DebugString()) {
      return Internal("cells and events do not agree");
    }
    return counted;
  }

 private:
  metrics::Scope ScopeWith(const filter::NameLists& names) const {
    metrics::Scope scope;
    scope.calendar = settings_.calendar;
    scope.base_currency = settings_.base_currency;
    scope.rules = settings_.rules;
    scope.names = &names;
    scope.as_of = as_of_;
    scope.event_end = as_of_ + 1;
    scope.first_day = first_day_;
    scope.last_day = last_day_;
    return scope;
  }

  Settings settings_;
  TimeMicros as_of_;
  std::vector<Timeline> customers_;
  metrics::CellSums cells_;
  CivilDays first_day_ = INT32_MAX;
  CivilDays last_day_ = INT32_MIN;
};

}  // namespace rapport::facts
