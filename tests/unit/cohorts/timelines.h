// SPDX-License-Identifier: Apache-2.0
// Histories by hand for the tests of lib/cohorts, and answers in one line each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/base/event_columns.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/cohorts/growth_count.h"
#include "lib/cohorts/retention_report.h"
#include "lib/cohorts/stage_times.h"
#include "lib/cohorts/stickiness.h"
#include "lib/lifecycle/stage.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::cohorts {

class Timelines {
 public:
  struct Person {
    std::vector<EventColumns> events;
    v1::Customer customer;
    std::vector<uint32_t> codes;
  };

  explicit Timelines(std::string_view zone = "UTC", WeekStart week_start = WeekStart::kMonday) {
    scope_.calendar = Calendar::Create(zone, week_start).value();
    scope_.base_currency = PackCurrency("EUR").value();
    scope_.rules = lifecycle::CompleteRules({});
  }

  // "2024-03-01" or "2024-03-01T10:00" or with seconds, in the zone.
  TimeMicros Time(std::string_view text) const {
    const auto part = [&](size_t at) {
      return at + 2 <= text.size() ? std::stoi(std::string(text.substr(at, 2))) : 0;
    };
    const CivilDays day = ParseDate(text.substr(0, 10)).value();
    return scope_.calendar.TimeOf(CivilFromDays(day), part(11), part(14), part(17));
  }

  // Words: times, each of an event of `type`. `value` in micros.
  Timelines& Add(const std::string& who, v1::EventType type, std::string_view times,
                 int64_t value = 0, std::string_view currency = "") {
    std::istringstream words{std::string(times)};
    for (std::string word; words >> word;) {
      EventColumns event;
      event.time = Time(word);
      event.type = static_cast<uint16_t>(type);
      event.value = value;
      if (!currency.empty()) event.currency = PackCurrency(currency).value();
      people[who].events.push_back(event);
    }
    return *this;
  }
  Timelines& AsOf(std::string_view text) {
    scope_.as_of = Time(text);
    return *this;
  }

  // Sorts events.
  metrics::Scope& scope() {
    scope_.names = &names_;
    for (auto& [name, person] : people) {
      std::ranges::stable_sort(person.events, [](const EventColumns& a, const EventColumns& b) {
        return std::pair(a.time, a.type) < std::pair(b.time, b.type);
      });
    }
    return scope_;
  }

  filter::CustomerEvents View(const Person& person) const {
    filter::CustomerEvents view;
    view.events = person.events;
    view.customer = &person.customer;
    return view;
  }

  // By two walks that are merged, as two threads would. `question` as text proto.
  absl::StatusOr<v1::AnalyzeRetentionResponse> Retention(const std::string& question,
                                                         const RetentionOptions& options = {}) {
    v1::RetentionQuestion parsed;
    if (!google::protobuf::TextFormat::ParseFromString(question, &parsed)) {
      return absl::InternalError("text proto");
    }
    return Retention(parsed, options);
  }
  absl::StatusOr<v1::AnalyzeRetentionResponse> Retention(const v1::RetentionQuestion& question,
                                                         const RetentionOptions& options = {}) {
    ASSIGN_OR_RETURN(const RetentionPlan plan, RetentionPlan::Create(question, scope(), options));
    RetentionWalk walks[2] = {RetentionWalk(plan), RetentionWalk(plan)};
    size_t turn = 0;
    for (const auto& [name, person] : people) {
      RETURN_IF_ERROR(walks[turn++ % 2].Customer(View(person), person.codes));
    }
    RETURN_IF_ERROR(walks[1].Merge(walks[0]));
    v1::AnalyzeRetentionResponse response;
    RETURN_IF_ERROR(FillRetention(walks[1], &response));
    return response;
  }

  absl::StatusOr<v1::QueryGrowthResponse> Growth(const ActivityQuestion& question) {
    ASSIGN_OR_RETURN(const ActivityPlan plan, ActivityPlan::Create(question, scope()));
    GrowthCount counts[2] = {GrowthCount(plan), GrowthCount(plan)};
    size_t turn = 0;
    for (const auto& [name, person] : people) counts[turn++ % 2].Customer(View(person));
    counts[0].Merge(counts[1]);
    v1::QueryGrowthResponse response;
    RETURN_IF_ERROR(counts[0].Fill(&response));
    return response;
  }

  absl::StatusOr<v1::QueryStickinessResponse> Stickiness(ActivityQuestion question,
                                                         int32_t minimum_events = 1) {
    question.default_granularity = v1::GRANULARITY_DAY;
    question.default_buckets = 30;
    ASSIGN_OR_RETURN(const ActivityPlan plan, ActivityPlan::Create(question, scope()));
    StickinessCount counts[2] = {{plan, minimum_events}, {plan, minimum_events}};
    size_t turn = 0;
    for (const auto& [name, person] : people) counts[turn++ % 2].Customer(View(person));
    counts[0].Merge(counts[1]);
    v1::QueryStickinessResponse response;
    counts[0].Fill(&response);
    return response;
  }

  std::map<std::string, Person> people;

 private:
  filter::NameLists names_;
  metrics::Scope scope_;
};

// "2/4" for 2 back of 4; "*" while it runs, then with the settled part in brackets when
// there is any: "2/4*[1/3]".
inline std::string CellText(const v1::ReturnCell& cell) {
  std::string text = Cat(cell.returned(), "/", cell.eligible());
  if (!cell.incomplete()) return text;
  text += "*";
  return cell.settled() == 0 ? text
                             : Cat(text, "[", cell.settled_returned(), "/", cell.settled(), "]");
}

// "label size: cells | label size: cells".
inline std::string CohortsText(const absl::StatusOr<v1::AnalyzeRetentionResponse>& response) {
  if (!response.ok()) return response.status().ToString();
  std::string text;
  for (const auto& cohort : response->cohorts()) {
    text += Cat(text.empty() ? "" : " | ", cohort.label(), " ", cohort.size(), ":");
    for (const auto& cell : cohort.cells()) text += Cat(" ", CellText(cell));
  }
  return text;
}

// "start new/returning/resurrecting/dormant", "*" when it runs, "+" after the range.
inline std::string GrowthText(const absl::StatusOr<v1::QueryGrowthResponse>& response) {
  if (!response.ok()) return response.status().ToString();
  std::string text;
  for (const auto& bucket : response->buckets()) {
    text += Cat(text.empty() ? "" : " | ", bucket.start_date(), bucket.incomplete() ? "*" : "",
                bucket.after_range() ? "+" : "", " ", bucket.new_customers(), "/",
                bucket.returning(), "/", bucket.resurrecting(), "/", bucket.dormant());
  }
  return text;
}

}  // namespace rapport::cohorts
