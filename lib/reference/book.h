// SPDX-License-Identifier: Apache-2.0
// What a workspace is judged by and converted with, as stored: exchange rates, reference
// series, goals, benchmarks, ready for look-ups.
//
// A book is immutable; a change makes a new one. Loading costs about a second a million
// rows; a full book (limits in the other headers) takes some 40 MB. Thread-safe.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/money.h"
#include "lib/metrics/rates.h"
#include "lib/reference/exchange_rates.h"
#include "lib/store/definitions.h"
#include "rapport/v1/reference.pb.h"

namespace rapport::reference {

struct Book {
  v1::ExchangeRateTable newest_rates;
  std::vector<v1::ReferenceSeries> series;
  std::vector<v1::Goal> goals;
  std::vector<v1::Benchmark> benchmarks;
  // For queries. Rates to another base currency than the workspace's do not count.
  metrics::RateTable rates;
  metrics::ReferenceTable references;

  // nullptr when there is none.
  const v1::Goal* FindGoal(std::string_view goal) const;
};

// DataLoss for rows that do not decode.
absl::StatusOr<std::shared_ptr<const Book>> LoadBook(const store::Definitions& definitions,
                                                     CurrencyCode base_currency);

}  // namespace rapport::reference
