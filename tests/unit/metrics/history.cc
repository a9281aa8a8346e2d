// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/metrics/history.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>
#include <tuple>

#include "lib/base/score_bucket.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/lifecycle/stage.h"
#include "lib/metrics/event_cells.h"
#include "lib/metrics/measure_cells.h"
#include "lib/metrics/point.h"
#include "lib/metrics/respond.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

std::string Upper(std::string_view prefix, std::string_view word) {
  std::string name(prefix);
  for (const char letter : word) name += static_cast<char>(std::toupper(letter));
  return name;
}

uint32_t NumberOf(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<uint32_t>(found - names.begin()) + 1;
  names.push_back(name);
  return static_cast<uint32_t>(names.size());
}

int64_t Micros(const std::string& units) { return std::llround(std::stod(units) * 1e6); }

bool TimelineLess(const EventColumns& a, const EventColumns& b) {
  const auto order = [](const EventColumns& event) {
    return std::tie(event.time, event.type, event.value, event.aux, event.channel, event.currency,
                    event.touchpoint_no, event.campaign_no);
  };
  return order(a) < order(b);
}

bool SameEvent(const EventColumns& a, const EventColumns& b) {
  return !TimelineLess(a, b) && !TimelineLess(b, a);
}

}  // namespace

uint16_t TypeNumber(std::string_view word) {
  v1::EventType type = v1::EVENT_TYPE_UNSPECIFIED;
  v1::EventType_Parse(Upper("EVENT_TYPE_", word), &type);
  return static_cast<uint16_t>(type);
}

TimeMicros TimeOf(std::string_view text, const Calendar& calendar) {
  if (text.ends_with('Z')) return ParseTime(text).value();
  const CivilDays day = ParseDate(text.substr(0, 10)).value();
  const auto part = [&](size_t at) {
    return at + 2 <= text.size() ? std::atoi(std::string(text.substr(at, 2)).c_str()) : 0;
  };
  return calendar.TimeOf(CivilFromDays(day), part(11), part(14), part(17));
}

v1::QueryMetricRequest Query(std::string_view metric, std::string_view start, std::string_view end,
                             v1::Granularity granularity) {
  v1::QueryMetricRequest request;
  request.set_metric(std::string(metric));
  request.set_start_date(std::string(start));
  request.set_end_date(std::string(end));
  request.set_granularity(granularity);
  return request;
}

History::History(std::string_view zone, WeekStart week_start) {
  scope_.calendar = Calendar::Create(zone, week_start).value();
  scope_.base_currency = PackCurrency("EUR").value();
  scope_.rules = lifecycle::CompleteRules({});
  rates_ = RateTable(scope_.base_currency);
}

void History::Add(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string customer, time, type, word;
  words >> customer >> time >> type;
  EventColumns event;
  event.time = TimeOf(time, scope_.calendar);
  event.type = TypeNumber(type);
  if (event.type == 0) event.type = CustomType(type);
  const bool score = event.type >= 30 && event.type <= 33;
  if (score) event.aux = event.type == 30 ? 10 : event.type == 32 ? 7 : 5;
  while (words >> word) {
    const std::string key = word.substr(0, word.find('=')), value = word.substr(key.size() + 1);
    if (key == "amount" || key == "mrr" || key == "price") {
      event.value = Micros(value);
      if (event.currency == 0) event.currency = scope_.base_currency;
    }
    if (key == "seconds") event.value = Micros(value);
    if (key == "score" || key == "value" || key == "ticket") event.value = std::stoll(value);
    if (key == "scale" || key == "aux" || key == "sub") event.aux = std::stoll(value);
    if (key == "cur") event.currency = PackCurrency(value).value();
    if (key == "touchpoint") event.touchpoint_no = NumberOf(names_.touchpoints, value);
    if (key == "campaign") event.campaign_no = NumberOf(names_.campaigns, value);
    if (key == "channel") {
      v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
      v1::Channel_Parse(Upper("CHANNEL_", value), &channel);
      event.channel = static_cast<uint8_t>(channel);
    }
  }
  Add(customer, event);
}

void History::Add(std::string_view customer, const EventColumns& event) {
  customers_[std::string(customer)].push_back(event);
}

void History::AddAll(std::string_view lines) {
  std::istringstream stream{std::string(lines)};
  for (std::string line; std::getline(stream, line);) {
    if (line.find_first_not_of(' ') != std::string::npos) Add(line);
  }
}

void History::Set(std::string_view customer, std::string_view dimension, std::string_view label) {
  dimensions_[std::string(customer)][std::string(dimension)] =
      NumberOf(labels_, std::string(label));
  customers_[std::string(customer)];
}

void History::SetFact(std::string_view customer, double fact) {
  facts_[std::string(customer)] = fact;
  customers_[std::string(customer)];
}

uint16_t History::CustomType(std::string_view name) {
  return static_cast<uint16_t>(filter::kFirstCustomType +
                               NumberOf(names_.custom_types, std::string(name)));
}

void History::SetRules(const v1::LifecycleRules& rules) {
  scope_.rules = lifecycle::CompleteRules(rules);
}

void History::SetRates(const std::vector<std::tuple<std::string, std::string, int64_t>>& rates) {
  v1::ExchangeRateTable table;
  table.set_version(1);
  for (const auto& [currency, date, nanos] : rates) {
    v1::ExchangeRate& rate = *table.add_rates();
    rate.set_currency(currency);
    rate.set_date(date);
    rate.set_rate_nanos(nanos);
  }
  rates_ = RateTable::Create(table, scope_.base_currency).value();
}

void History::SetReference(std::string_view series,
                           const std::vector<std::pair<std::string, double>>& points) {
  v1::ReferenceSeries& added = series_.emplace_back();
  added.set_series(std::string(series));
  for (const auto& [date, value] : points) {
    v1::ReferencePoint& point = *added.add_points();
    point.set_date(date);
    point.set_value(value);
  }
  references_ = ReferenceTable::Create(series_).value();
}

const Scope& History::scope() {
  TimeMicros first = INT64_MAX, last = INT64_MIN;
  for (auto& [customer, events] : customers_) {
    std::sort(events.begin(), events.end(), TimelineLess);
    if (events.empty()) continue;
    first = std::min(first, events.front().time);
    last = std::max(last, events.back().time);
  }
  if (first <= last) {
    scope_.first_day = scope_.calendar.DayOf(first);
    scope_.last_day = scope_.calendar.DayOf(last);
  }
  const CivilDays month = FirstDayOfMonth(MonthIndex(scope_.last_day) + 1);
  scope_.as_of = as_of_ != 0 ? as_of_ : scope_.calendar.StartOf(month) - 1;
  scope_.names = &names_;
  scope_.rates = &rates_;
  scope_.references = &references_;
  scope_.customer_label = [this](std::string_view, uint32_t code) { return labels_[code - 1]; };
  return scope_;
}

absl::StatusOr<PreparedQuery> History::Prepare(const v1::QueryMetricRequest& request) {
  scope();
  const Registry registry(own_);
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, registry.Find(request.metric()));
  return PreparedQuery::Create(request, *definition, scope_);
}

CustomerInput History::InputOf(uint32_t customer_no, const std::string& customer,
                               const PreparedQuery& query, std::vector<uint32_t>& codes) {
  codes.clear();
  for (const std::string& name : query.grouping().customer_dimensions()) {
    codes.push_back(dimensions_[customer][name]);
  }
  CustomerInput input;
  input.customer_no = customer_no;
  input.events = customers_[customer];
  input.codes = codes;
  if (facts_.contains(customer)) input.fact = facts_[customer];
  return input;
}

absl::StatusOr<v1::QueryMetricResponse> History::Ask(const v1::QueryMetricRequest& request) {
  ASSIGN_OR_RETURN(const PreparedQuery query, Prepare(request));
  StoredMeasures stored;
  stored.has = [](std::string_view, std::string_view) { return true; };
  stored.as_of = scope_.as_of;
  return AskBy(query.Choose(stored).plan, request);
}

SumTable History::SumsOf(Plan plan, const PreparedQuery& query) {
  if (plan == Plan::kScan) {
    // Two parts, as two threads would have them.
    Evaluation evaluation(query), other(query);
    std::vector<uint32_t> codes;
    uint32_t number = 0;
    for (const auto& [customer, events] : customers_) {
      const CustomerInput input = InputOf(++number, customer, query, codes);
      (number % 2 == 1 ? evaluation : other).Customer(input);
    }
    evaluation.Merge(std::move(other));
    return evaluation.table();
  }
  EventCellTable cells;
  for (const auto& [customer, events] : customers_) {
    for (const EventColumns& event : events) {
      CellKey key;
      key.type = event.type;
      key.day = scope_.calendar.DayOf(event.time);
      key.channel = event.channel;
      key.touchpoint_no = event.touchpoint_no;
      key.campaign_no = event.campaign_no;
      key.currency = event.currency;
      key.bucket = ScoreBucket(event.type, event.value, event.aux);
      cells.Add(key,
                {1, SummedValue(event.type, event.value), SummedSquare(event.type, event.value)});
    }
  }
  cells.Seal();
  CellGather gather(query);
  for (const CellRead& read : gather.Reads()) {
    cells.Visit(read.type, read.begin, read.end,
                [&](const CellKey& key, const Cell& cell) { gather.Add(key, cell); });
  }
  return gather.table();
}

absl::StatusOr<v1::QueryMetricResponse> History::AskBy(Plan plan,
                                                       const v1::QueryMetricRequest& request) {
  if (plan == Plan::kMeasureCells) {
    scope();
    return AskSince(INT64_MAX, customers_, request);
  }
  ASSIGN_OR_RETURN(const PreparedQuery query, Prepare(request));
  return Respond(query, SumsOf(plan, query), plan == Plan::kScan ? "scan" : "cells");
}

absl::StatusOr<v1::QueryMetricResponse> History::AskSince(TimeMicros sealed,
                                                          const Customers& before,
                                                          const v1::QueryMetricRequest& request) {
  ASSIGN_OR_RETURN(const PreparedQuery query, Prepare(request));
  Scope night = scope_;
  if (sealed != INT64_MAX) {
    night.as_of = sealed;
    night.event_end = sealed + 1;
  }
  ASSIGN_OR_RETURN(const CompiledMetric then, CompiledMetric::Create(query.definition(), night));
  ASSIGN_OR_RETURN(const CompiledMetric now, CompiledMetric::Create(query.definition(), scope_));
  MeasureSums stored, corrections;
  MeasureCells sealed_cells(then), live_cells(now);
  const auto differs = [](const Customers& here, const std::string& customer,
                          const std::vector<EventColumns>& events) {
    const auto found = here.find(customer);
    return found == here.end() || !std::equal(events.begin(), events.end(), found->second.begin(),
                                              found->second.end(), SameEvent);
  };
  for (const auto& [customer, events] : before) {
    CustomerInput input;
    input.events = events;
    if (differs(customers_, customer, events)) sealed_cells.Customer(input, -1, corrections);
    // The night knows these of each customer.
    filter::StandardTypes types;
    for (const EventColumns& event : events) types.Add(event.type);
    input.types = &types;
    const std::vector<TimeMicros> membership = MembershipOf(night, events);
    input.membership = &membership;
    sealed_cells.Customer(input, 1, stored);
  }
  for (const auto& [customer, events] : customers_) {
    CustomerInput input;
    input.events = events;
    if (differs(before, customer, events)) live_cells.Customer(input, 1, corrections);
  }
  MeasureGather gather(query);
  std::set<std::tuple<int, CivilDays>> wanted;
  const auto reads = gather.Reads();
  const auto add = [&](const MeasureSums& sums) -> absl::Status {
    for (const auto& [key, value] : sums.Sorted()) {
      const bool read = std::any_of(reads.begin(), reads.end(), [&](const MeasureRead& at) {
        return at.granularity == key.granularity && key.day >= at.begin && key.day < at.end;
      });
      if (!read) continue;
      ASSIGN_OR_RETURN(const Sums decoded, Sums::Decode(value->Encode()));
      gather.Add(key, decoded);
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add(stored));
  RETURN_IF_ERROR(add(corrections));
  return Respond(query, gather.Finish(), "cells and live customers");
}

absl::StatusOr<std::map<std::string, double>> History::List(
    const v1::ListMetricCustomersRequest& request) {
  RETURN_IF_ERROR(CheckListing(request));
  ASSIGN_OR_RETURN(const PreparedQuery query, Prepare(request.query()));
  Evaluation evaluation(query, {{request.group().begin(), request.group().end()}, request.side()});
  std::vector<uint32_t> codes;
  std::map<uint32_t, std::string> names;
  for (const auto& [customer, events] : customers_) {
    const auto customer_no = static_cast<uint32_t>(names.size() + 1);
    const CustomerInput input = InputOf(customer_no, customer, query, codes);
    names[input.customer_no] = customer;
    evaluation.Customer(input);
  }
  std::map<std::string, double> shares;
  for (const ListedCustomer& listed : evaluation.listed()) {
    shares[names[listed.customer_no]] = static_cast<double>(listed.raw);
  }
  return shares;
}

}  // namespace rapport::metrics
