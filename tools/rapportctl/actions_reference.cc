// SPDX-License-Identifier: Apache-2.0
// rates import / show; reference import / list; benchmarks import / list.
#include <algorithm>
#include <functional>
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/reference_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/table_file.h"

namespace rapport::ctl {
namespace {

constexpr size_t kRowsPerRequest = 10'000;

std::string NanosText(int64_t nanos) {
  std::string text = Cat(nanos / 1'000'000'000, ".");
  std::string rest = Cat(nanos % 1'000'000'000);
  text += std::string(9 - rest.size(), '0') + rest;
  while (text.ends_with('0') && !text.ends_with(".00")) text.pop_back();
  return text;
}

void ShowHead(const Invocation& invocation, const v1::ExchangeRateTable& table) {
  if (table.version() == 0) {
    invocation.out() << "No exchange rates.\n";
    return;
  }
  Sheet sheet;
  sheet.Add("base currency", table.base_currency());
  sheet.Add("version", Cat(table.version()));
  sheet.Add("imported", FormatStamp(table.import_time()));
  sheet.Add("source", table.source());
  sheet.Add("rates", FormatCount(table.rates_size()));
  invocation.out() << sheet.Text(invocation.terminal());
}

absl::Status ImportRates(Invocation& invocation) {
  ASSIGN_OR_RETURN(const std::string parent, invocation.Workspace());
  ASSIGN_OR_RETURN(const auto rows,
                   ReadTable(invocation.Argument(0), {"currency", "date", "rate"}));
  v1::ExchangeRateTable table;
  size_t next = 0;
  do {  // An empty file is the server's to refuse.
    v1::ImportExchangeRatesRequest request;
    request.set_parent(parent);
    request.set_source(invocation.Text("source"));
    const size_t end = std::min(rows.size(), next + kRowsPerRequest);
    for (; next < end; ++next) {
      v1::ExchangeRate& rate = *request.add_rates();
      rate.set_currency(rows[next].cells[0]);
      rate.set_date(rows[next].cells[1]);
      ASSIGN_OR_RETURN(const int64_t nanos, NanosIn(rows[next], 2, "rate"));
      rate.set_rate_nanos(nanos);
    }
    ASSIGN_OR_RETURN(table, invocation.Ask<v1::ExchangeRateTable>(
                                "ReferenceService/ImportExchangeRates", request));
  } while (next < rows.size());
  if (invocation.json()) return invocation.PrintJson(table);
  ShowHead(invocation, table);
  return absl::OkStatus();
}

absl::Status ShowRates(Invocation& invocation) {
  v1::GetExchangeRatesRequest request;
  ASSIGN_OR_RETURN(const std::string parent, invocation.Workspace());
  request.set_name(Cat(parent, "/exchangeRates"));
  ASSIGN_OR_RETURN(const int64_t version, invocation.Number("version", 0, INT64_MAX));
  request.set_version(version);
  ASSIGN_OR_RETURN(auto table, invocation.Ask<v1::ExchangeRateTable>(
                                   "ReferenceService/GetExchangeRates", request));
  if (invocation.json()) return invocation.PrintJson(table);
  ShowHead(invocation, table);
  const std::string currency = invocation.Text("currency");
  Table rates({{"currency"}, {"from"}, {Cat("in ", table.base_currency()), true}});
  for (const v1::ExchangeRate& rate : table.rates()) {
    if (!currency.empty() && rate.currency() != currency) continue;
    rates.Add({rate.currency(), rate.date(), NanosText(rate.rate_nanos())});
  }
  if (!rates.empty()) invocation.out() << "\n" << rates.Text(invocation.terminal());
  return absl::OkStatus();
}

void AddSeries(const v1::ReferenceSeries& series, Table& table) {
  const bool any = !series.points().empty();
  const v1::ReferencePoint last = any ? *series.points().rbegin() : v1::ReferencePoint();
  table.Add(
      {series.series(), series.display_name(), FormatCount(series.points_size()),
       any ? series.points(0).date() : "", last.date(),
       any ? FormatNumber(
                 last.value(),
                 last.value() == static_cast<double>(static_cast<int64_t>(last.value())) ? 0 : 2)
           : "",
       series.source()});
}

Table SeriesTable() {
  return Table(
      {{"series"}, {"name"}, {"points", true}, {"first"}, {"last"}, {"value", true}, {"source"}});
}

absl::Status ImportSeries(Invocation& invocation) {
  ASSIGN_OR_RETURN(const std::string parent, invocation.Workspace());
  ASSIGN_OR_RETURN(const auto rows, ReadTable(invocation.Argument(1), {"date", "value"}));
  v1::ReferenceSeries stored;
  size_t next = 0;
  do {
    v1::ImportReferenceSeriesRequest request;
    request.set_parent(parent);
    v1::ReferenceSeries& series = *request.mutable_series();
    series.set_series(invocation.Argument(0));
    series.set_display_name(invocation.Text("display-name"));
    series.set_source(invocation.Text("source"));
    const size_t end = std::min(rows.size(), next + kRowsPerRequest);
    for (; next < end; ++next) {
      v1::ReferencePoint& point = *series.add_points();
      point.set_date(rows[next].cells[0]);
      ASSIGN_OR_RETURN(const double value, NumberIn(rows[next], 1, "value"));
      point.set_value(value);
    }
    ASSIGN_OR_RETURN(stored, invocation.Ask<v1::ReferenceSeries>(
                                 "ReferenceService/ImportReferenceSeries", request));
  } while (next < rows.size());
  if (invocation.json()) return invocation.PrintJson(stored);
  Table table = SeriesTable();
  AddSeries(stored, table);
  invocation.out() << table.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status ListSeries(Invocation& invocation) {
  v1::ListReferenceSeriesRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListReferenceSeriesResponse>(
                                          "ReferenceService/ListReferenceSeries", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table = SeriesTable();
  for (const v1::ReferenceSeries& series : answer.series()) AddSeries(series, table);
  invocation.out() << (table.empty() ? "No reference series.\n"
                                     : table.Text(invocation.terminal()));
  return absl::OkStatus();
}

absl::StatusOr<v1::Benchmark> BenchmarkOf(const TableRow& row) {
  v1::Benchmark benchmark;
  benchmark.set_metric(row.cells[0]);
  benchmark.set_industry(row.cells[1]);
  ASSIGN_OR_RETURN(const double percentile, NumberIn(row, 2, "percentile"));
  benchmark.set_percentile(percentile);
  ASSIGN_OR_RETURN(const double value, NumberIn(row, 3, "value"));
  benchmark.set_value(value);
  benchmark.set_source(row.cells[4]);
  benchmark.set_date(row.cells[5]);
  return benchmark;
}

absl::Status ImportBenchmarks(Invocation& invocation) {
  v1::ImportBenchmarksRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto rows,
                   ReadTable(invocation.Argument(0),
                             {"metric", "industry", "percentile", "value", "source", "date"}));
  // Sets are replaced as a whole, so a file is one request.
  for (const TableRow& row : rows) {
    ASSIGN_OR_RETURN(*request.add_benchmarks(), BenchmarkOf(row));
  }
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ImportBenchmarksResponse>(
                                          "ReferenceService/ImportBenchmarks", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << Cat("imported ", FormatCount(request.benchmarks_size()), ", stored ",
                          FormatCount(answer.stored_count()), "\n");
  return absl::OkStatus();
}

absl::Status ListBenchmarks(Invocation& invocation) {
  v1::ListBenchmarksRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_metric(invocation.Text("metric"));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListBenchmarksResponse>(
                                          "ReferenceService/ListBenchmarks", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table(
      {{"metric"}, {"industry"}, {"percentile", true}, {"value", true}, {"date"}, {"source"}});
  for (const v1::Benchmark& benchmark : answer.benchmarks()) {
    table.Add({benchmark.metric(), benchmark.industry(), FormatNumber(benchmark.percentile(), 1),
               FormatNumber(benchmark.value(), 2), benchmark.date(), benchmark.source()});
  }
  invocation.out() << (table.empty() ? "No benchmarks.\n" : table.Text(invocation.terminal()));
  return absl::OkStatus();
}

std::vector<Action> RateActions() {
  return {
      {.path = "rates import",
       .summary = "Adds exchange rates; a new version of the table.",
       .details = "A rate holds from its date until the currency's next one. The same currency and "
                  "date is replaced. Every 10,000 rows are a version.",
       .arguments = {{"FILE",
                      "CSV with the columns currency, date and rate, the price of a unit in "
                      "base currency; - for standard input."}},
       .flags = {{.name = "source", .placeholder = "TEXT", .help = "Where they are from."}},
       .examples = {"rates import --workspace=shop rates.csv --source=\"European Central Bank\""},
       .run = ImportRates},
      {.path = "rates show",
       .summary = "Shows the exchange rates.",
       .details = "",
       .arguments = {},
       .flags = {{.name = "version",
                  .placeholder = "N",
                  .help = "An earlier version; 0 for the newest.",
                  .fallback = "0"},
                 {.name = "currency", .placeholder = "ISO", .help = "Only this currency."}},
       .examples = {"rates show --workspace=shop --currency=USD"},
       .run = ShowRates},
  };
}

std::vector<Action> SeriesActions() {
  return {
      {.path = "reference import",
       .summary = "Adds points to a reference series such as followers.",
       .details = "The same day is replaced.",
       .arguments = {{"SERIES", "Id: 1-63 of [a-z0-9_], starting with a letter."},
                     {"FILE", "CSV with the columns date and value; - for standard input."}},
       .flags = {{.name = "display-name", .placeholder = "TEXT", .help = "Name for people."},
                 {.name = "source", .placeholder = "TEXT", .help = "Where the numbers are from."}},
       .examples = {"reference import --workspace=shop followers followers.csv"},
       .run = ImportSeries},
      {.path = "reference list",
       .summary = "Lists the reference series.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"reference list --workspace=shop"},
       .run = ListSeries},
  };
}

std::vector<Action> BenchmarkActions() {
  return {
      {.path = "benchmarks import",
       .summary = "Imports published figures of others.",
       .details = "Those of the same metric, industry, source and date are replaced.",
       .arguments = {{"FILE",
                      "CSV with the columns metric, industry, percentile, value, source and "
                      "date, at most 10,000 rows."}},
       .flags = {},
       .examples = {"benchmarks import --workspace=shop benchmarks.csv"},
       .run = ImportBenchmarks},
      {.path = "benchmarks list",
       .summary = "Lists the benchmarks.",
       .details = "",
       .arguments = {},
       .flags = {{.name = "metric", .placeholder = "METRIC", .help = "Only this metric's."}},
       .examples = {"benchmarks list --workspace=shop --metric=nps"},
       .run = ListBenchmarks},
  };
}

}  // namespace

std::vector<Action> ReferenceActions() {
  std::vector<Action> actions = RateActions();
  for (auto* part : {&SeriesActions, &BenchmarkActions}) {
    for (Action& action : part()) actions.push_back(std::move(action));
  }
  return actions;
}

}  // namespace rapport::ctl
