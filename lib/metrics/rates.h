// SPDX-License-Identifier: Apache-2.0
// Exchange rates and reference series as metrics look them up. Immutable and thread-safe
// once made; a look-up is a binary search.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/base/money.h"
#include "lib/base/text.h"
#include "rapport/v1/reference.pb.h"

namespace rapport::metrics {

class RateTable {
 public:
  // Knows the base currency only, at 1.
  explicit RateTable(CurrencyCode base_currency = 0) : base_(base_currency) {}
  // InvalidField rates[i].currency, .date, .rate_nanos (not > 0) or .date DUPLICATE_RATE.
  static absl::StatusOr<RateTable> Create(const v1::ExchangeRateTable& table,
                                          CurrencyCode base_currency);

  // Price of a unit in base currency, in nanos: the last rate on or before the day. No
  // currency and the base currency have the rate 1. nullopt without a rate.
  std::optional<int64_t> At(CurrencyCode currency, CivilDays day) const;
  // Of the stored table; 0 without one.
  int64_t version() const { return version_; }
  CurrencyCode base_currency() const { return base_; }

 private:
  CurrencyCode base_;
  int64_t version_ = 0;
  absl::flat_hash_map<CurrencyCode, std::vector<std::pair<CivilDays, int64_t>>> rates_;
};

// The reference series of a workspace.
class ReferenceTable {
 public:
  ReferenceTable() = default;
  // InvalidField points[i].date or .value, with the series as prefix.
  static absl::StatusOr<ReferenceTable> Create(const std::vector<v1::ReferenceSeries>& series);

  bool Has(std::string_view series) const { return series_.contains(series); }
  std::vector<std::string> Names() const;
  // Level: the last value on or before the day before `end`. Flow: the sum over days in
  // [begin, end); nullopt without any.
  std::optional<double> Level(std::string_view series, CivilDays end) const;
  std::optional<double> Flow(std::string_view series, CivilDays begin, CivilDays end) const;

 private:
  using Points = std::vector<std::pair<CivilDays, double>>;
  TextMap<Points> series_;
};

}  // namespace rapport::metrics
