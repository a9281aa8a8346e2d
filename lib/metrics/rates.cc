// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/rates.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/metrics/int128.h"

namespace rapport::metrics {
namespace {

template <typename Value>
bool DayLess(const std::pair<CivilDays, Value>& a, const std::pair<CivilDays, Value>& b) {
  return a.first < b.first;
}

// The first entry of a later day.
template <typename Value>
auto After(const std::vector<std::pair<CivilDays, Value>>& entries, CivilDays day) {
  return std::upper_bound(
      entries.begin(), entries.end(), day,
      [](CivilDays at, const std::pair<CivilDays, Value>& entry) { return at < entry.first; });
}

template <typename Value>
bool HasTwice(const std::vector<std::pair<CivilDays, Value>>& sorted) {
  return std::adjacent_find(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
           return a.first == b.first;
         }) != sorted.end();
}

absl::StatusOr<CivilDays> DateField(const std::string& field, const std::string& date) {
  const auto day = ParseDate(date);
  if (day.ok()) return *day;
  return InvalidField(field, "BAD_DATE", Cat("'", date, "' is not a date of the form 2026-11-21"));
}

}  // namespace

absl::StatusOr<RateTable> RateTable::Create(const v1::ExchangeRateTable& table,
                                            CurrencyCode base_currency) {
  RateTable rates(base_currency);
  rates.version_ = table.version();
  for (int i = 0; i < table.rates_size(); ++i) {
    const v1::ExchangeRate& rate = table.rates(i);
    const std::string field = Cat("rates[", i, "]");
    const auto currency = PackCurrency(rate.currency());
    if (!currency.ok() || *currency == 0) {
      return InvalidField(Cat(field, ".currency"), "BAD_CURRENCY",
                          Cat("'", rate.currency(), "' is not an ISO 4217 code such as USD"));
    }
    ASSIGN_OR_RETURN(const CivilDays day, DateField(Cat(field, ".date"), rate.date()));
    if (rate.rate_nanos() <= 0) {
      return InvalidField(Cat(field, ".rate_nanos"), "NOT_POSITIVE", "must be > 0");
    }
    rates.rates_[*currency].emplace_back(day, rate.rate_nanos());
  }
  for (auto& [currency, entries] : rates.rates_) {
    std::stable_sort(entries.begin(), entries.end(), DayLess<int64_t>);
    if (HasTwice(entries)) {
      return InvalidField("rates", "DUPLICATE_RATE",
                          Cat(UnpackCurrency(currency), " has two rates of one day"));
    }
  }
  return rates;
}

std::optional<int64_t> RateTable::At(CurrencyCode currency, CivilDays day) const {
  if (currency == 0 || currency == base_) return kNanosPerRate;
  const auto found = rates_.find(currency);
  if (found == rates_.end()) return std::nullopt;
  const auto after = After(found->second, day);
  if (after == found->second.begin()) return std::nullopt;
  return (after - 1)->second;
}

absl::StatusOr<ReferenceTable> ReferenceTable::Create(
    const std::vector<v1::ReferenceSeries>& series) {
  ReferenceTable table;
  for (const v1::ReferenceSeries& one : series) {
    Points& points = table.series_[one.series()];
    for (int i = 0; i < one.points_size(); ++i) {
      const std::string field = Cat(one.series(), ".points[", i, "]");
      ASSIGN_OR_RETURN(const CivilDays day, DateField(Cat(field, ".date"), one.points(i).date()));
      const double value = one.points(i).value();
      if (!std::isfinite(value) || value < 0) {
        return InvalidField(Cat(field, ".value"), "BAD_NUMBER", "must be >= 0 and finite");
      }
      points.emplace_back(day, value);
    }
    std::stable_sort(points.begin(), points.end(), DayLess<double>);
    if (HasTwice(points)) {
      return InvalidField(Cat(one.series(), ".points"), "DUPLICATE_DATE", "has a day twice");
    }
  }
  return table;
}

std::vector<std::string> ReferenceTable::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, points] : series_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<double> ReferenceTable::Level(std::string_view series, CivilDays end) const {
  const auto found = series_.find(series);
  if (found == series_.end()) return std::nullopt;
  const auto after = After(found->second, end - 1);
  if (after == found->second.begin()) return std::nullopt;
  return (after - 1)->second;
}

std::optional<double> ReferenceTable::Flow(std::string_view series, CivilDays begin,
                                           CivilDays end) const {
  const auto found = series_.find(series);
  if (found == series_.end()) return std::nullopt;
  const auto first = After(found->second, begin - 1), last = After(found->second, end - 1);
  if (first == last) return std::nullopt;
  double sum = 0;
  for (auto at = first; at != last; ++at) sum += at->second;
  return sum;
}

}  // namespace rapport::metrics
