// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/book.h"

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/reference/benchmarks.h"
#include "lib/reference/goals.h"
#include "lib/reference/reference_series.h"

namespace rapport::reference {
namespace {

using store::DefinitionKind;

// What passed its check once cannot fail another.
absl::Status Broken(const absl::Status& status) {
  return DataLoss("definitions", FromAbsl(status.message()));
}

absl::Status MakeTables(CurrencyCode base_currency, Book& book) {
  v1::ExchangeRateTable newest = book.newest_rates;
  if (newest.base_currency() != UnpackCurrency(base_currency)) newest.clear_rates();
  auto rates = metrics::RateTable::Create(newest, base_currency);
  if (!rates.ok()) return Broken(rates.status());
  book.rates = *std::move(rates);
  auto references = metrics::ReferenceTable::Create(book.series);
  if (!references.ok()) return Broken(references.status());
  book.references = *std::move(references);
  return absl::OkStatus();
}

}  // namespace

const v1::Goal* Book::FindGoal(std::string_view goal) const {
  for (const v1::Goal& candidate : goals) {
    if (candidate.goal() == goal) return &candidate;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const Book>> LoadBook(const store::Definitions& definitions,
                                                     CurrencyCode base_currency) {
  auto book = std::make_shared<Book>();
  ASSIGN_OR_RETURN(auto rows, definitions.List(DefinitionKind::kExchangeRates));
  ASSIGN_OR_RETURN(const RateImports imports, ReadRateImports(rows));
  ASSIGN_OR_RETURN(book->newest_rates, RatesAt(imports, 0));
  ASSIGN_OR_RETURN(rows, definitions.List(DefinitionKind::kReferenceSeries));
  ASSIGN_OR_RETURN(book->series, ReadSeries(rows));
  ASSIGN_OR_RETURN(rows, definitions.List(DefinitionKind::kGoal));
  ASSIGN_OR_RETURN(book->goals, ReadGoals(rows));
  ASSIGN_OR_RETURN(rows, definitions.List(DefinitionKind::kBenchmark));
  ASSIGN_OR_RETURN(book->benchmarks, ReadBenchmarks(rows));
  RETURN_IF_ERROR(MakeTables(base_currency, *book));
  return std::shared_ptr<const Book>(std::move(book));
}

}  // namespace rapport::reference
