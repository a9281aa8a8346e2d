// SPDX-License-Identifier: Apache-2.0
// Reference series, goals and benchmarks: what they refuse, and what comes back from the
// rows they are stored as.
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/reference/benchmarks.h"
#include "lib/reference/book.h"
#include "lib/reference/goals.h"
#include "lib/reference/reference_series.h"
#include "lib/store/memory_store.h"
#include "tests/support/matchers.h"

namespace rapport::reference {
namespace {

using store::DefinitionKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A change to a good message and what it is refused with.
template <typename Message>
struct Refusal {
  std::function<void(Message&)> change;
  const char* field;
  const char* reason;
};

v1::ReferenceSeries Followers() {
  v1::ReferenceSeries series;
  series.set_series("followers");
  series.set_display_name("Followers");
  series.set_source("export of the network");
  for (const auto& [date, value] : std::map<std::string, double>{
           {"2025-12-31", 9'800}, {"2026-01-01", 10'000}, {"2026-02-01", 10'400}}) {
    v1::ReferencePoint& point = *series.add_points();
    point.set_date(date);
    point.set_value(value);
  }
  return series;
}

TEST(CheckSeries, NamesTheFieldThatIsWrong) {
  using Series = v1::ReferenceSeries;
  const std::vector<Refusal<Series>> cases = {
      {[](Series& s) { s.clear_series(); }, "series.series", "REQUIRED"},
      {[](Series& s) { s.set_series("Followers"); }, "series.series", "BAD_ID"},
      {[](Series& s) { s.set_series("a-b"); }, "series.series", "BAD_ID"},
      {[](Series& s) { s.set_series(std::string(64, 'a')); }, "series.series", "BAD_ID"},
      {[](Series& s) { s.clear_points(); }, "series.points", "REQUIRED"},
      {[](Series& s) { s.mutable_points(1)->set_date("1 May"); }, "series.points[1].date",
       "BAD_DATE"},
      {[](Series& s) { s.mutable_points(2)->set_value(-1); }, "series.points[2].value",
       "BAD_NUMBER"},
      {[](Series& s) { s.mutable_points(0)->set_value(kNan); }, "series.points[0].value",
       "BAD_NUMBER"},
      {[](Series& s) { s.mutable_points(0)->set_value(kInfinity); }, "series.points[0].value",
       "BAD_NUMBER"},
      {[](Series& s) { *s.add_points() = s.points(0); }, "series.points[3].date", "DUPLICATE"},
      {[](Series& s) { s.set_display_name(std::string(257, 'a')); }, "series.display_name",
       "TOO_LONG"},
  };
  RAPPORT_EXPECT_OK(CheckSeries(Followers()));
  for (const auto& c : cases) {
    Series series = Followers();
    c.change(series);
    EXPECT_THAT(CheckSeries(series), testing::FailsWith(c.reason, c.field));
  }
}

class StoredDefinitions : public ::testing::Test {
 protected:
  std::shared_ptr<const Book> Load() {
    auto book = LoadBook(definitions_, *PackCurrency("EUR"));
    RAPPORT_EXPECT_OK(book);
    return *std::move(book);
  }
  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  store::Definitions definitions_{store_->table(store::TableId::kDefinitions), 7};
};

// Random imports against a map; the same day is replaced, texts stay unless given.
TEST_F(StoredDefinitions, SeriesAreWhatWasImported) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  std::map<std::string, std::map<std::string, double>> expected;
  for (int import = 0; import < 40; ++import) {
    v1::ReferenceSeries added;
    added.set_series(random() % 2 == 0 ? "reach" : "reach_paid");
    if (import < 10) added.set_display_name("Reach");
    std::map<std::string, double> points;
    for (int i = 0; i < 30; ++i) {
      points[FormatDate(19'000 + static_cast<CivilDays>(random() % 1'200))] =
          static_cast<double>(random() % 1'000);
    }
    for (const auto& [date, value] : points) {
      v1::ReferencePoint& point = *added.add_points();
      point.set_date(date);
      point.set_value(value);
      expected[added.series()][date] = value;
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto update, AddPoints(Load()->series, added));
    RAPPORT_ASSERT_OK(definitions_.Write(update.changes));
  }
  const auto book = Load();
  ASSERT_EQ(book->series.size(), 2u);
  for (const v1::ReferenceSeries& series : book->series) {
    EXPECT_EQ(series.display_name(), "Reach");
    std::map<std::string, double> points;
    std::string before;
    for (const auto& point : series.points()) {
      EXPECT_LT(before, point.date());
      before = point.date();
      points[point.date()] = point.value();
    }
    EXPECT_EQ(points, expected[series.series()]) << "seed " << kSeed;
  }
}

TEST_F(StoredDefinitions, BookAnswersLookUps) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto update, AddPoints({}, Followers()));
  RAPPORT_ASSERT_OK(definitions_.Write(update.changes));
  v1::ExchangeRateTable rates;
  rates.set_base_currency("EUR");
  for (const auto& [date, nanos] :
       std::map<std::string, int64_t>{{"2026-01-01", 920'000'000}, {"2026-01-03", 930'000'000}}) {
    v1::ExchangeRate& rate = *rates.add_rates();
    rate.set_currency("USD");
    rate.set_date(date);
    rate.set_rate_nanos(nanos);
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto rows, AddRates({}, rates));
  RAPPORT_ASSERT_OK(definitions_.Write(rows));
  const auto book = Load();
  const CurrencyCode usd = *PackCurrency("USD");
  const auto day = [](const char* date) { return *ParseDate(date); };
  EXPECT_EQ(book->rates.At(usd, day("2025-12-31")), std::nullopt);
  EXPECT_EQ(book->rates.At(usd, day("2026-01-01")), 920'000'000);
  EXPECT_EQ(book->rates.At(usd, day("2026-01-02")), 920'000'000) << "the last on or before";
  EXPECT_EQ(book->rates.At(usd, day("2026-01-03")), 930'000'000);
  EXPECT_EQ(book->rates.At(usd, day("2030-01-01")), 930'000'000);
  EXPECT_EQ(book->rates.At(*PackCurrency("EUR"), day("1999-01-01")), 1'000'000'000);
  EXPECT_EQ(book->rates.version(), 1);
  EXPECT_EQ(book->references.Level("followers", day("2026-02-01")), 10'000)
      << "the end of a range is exclusive";
  EXPECT_EQ(book->references.Flow("followers", day("2026-01-01"), day("2026-02-02")), 20'400);
  EXPECT_EQ(book->references.Level("followers", day("2025-12-31")), std::nullopt);
  // A workspace with another base currency does not convert with these.
  const auto other = LoadBook(definitions_, *PackCurrency("GBP"));
  RAPPORT_ASSERT_OK(other);
  EXPECT_EQ((*other)->rates.At(usd, day("2026-01-05")), std::nullopt);
}

v1::Goal ConversionGoal() {
  v1::Goal goal;
  goal.set_goal("conversion-q1");
  goal.set_metric("conversion_rate");
  goal.set_target(3.5);
  goal.set_start_date("2026-01-01");
  goal.set_end_date("2026-04-01");
  goal.set_owner("anna@example.com");
  return goal;
}

TEST(CheckGoal, NamesTheFieldThatIsWrong) {
  using v1::Goal;
  const std::vector<Refusal<Goal>> cases = {
      {[](Goal& g) { g.clear_goal(); }, "goal.goal", "REQUIRED"},
      {[](Goal& g) { g.set_goal("1st"); }, "goal.goal", "BAD_ID"},
      {[](Goal& g) { g.set_goal("Q1"); }, "goal.goal", "BAD_ID"},
      {[](Goal& g) { g.clear_metric(); }, "goal.metric", "REQUIRED"},
      {[](Goal& g) { g.set_target(kNan); }, "goal.target", "BAD_NUMBER"},
      {[](Goal& g) { g.set_target(-kInfinity); }, "goal.target", "BAD_NUMBER"},
      {[](Goal& g) { g.set_baseline(kInfinity); }, "goal.baseline", "BAD_NUMBER"},
      {[](Goal& g) { g.clear_start_date(); }, "goal.start_date", "REQUIRED"},
      {[](Goal& g) { g.set_start_date("2026-13-01"); }, "goal.start_date", "BAD_DATE"},
      {[](Goal& g) { g.set_end_date("soon"); }, "goal.end_date", "BAD_DATE"},
      {[](Goal& g) { g.set_end_date("2026-01-01"); }, "goal.end_date", "INVERTED_RANGE"},
      {[](Goal& g) { g.set_end_date("2025-01-01"); }, "goal.end_date", "INVERTED_RANGE"},
      {[](Goal& g) { g.set_owner(std::string(257, 'o')); }, "goal.owner", "TOO_LONG"},
  };
  RAPPORT_EXPECT_OK(CheckGoal(ConversionGoal()));
  for (const auto& c : cases) {
    Goal goal = ConversionGoal();
    c.change(goal);
    EXPECT_THAT(CheckGoal(goal), testing::FailsWith(c.reason, c.field));
  }
}

TEST_F(StoredDefinitions, GoalsComeBackById) {
  v1::Goal goal = ConversionGoal();
  goal.set_name("workspaces/shop/goals/conversion-q1");
  goal.set_etag("e1");
  v1::Goal other = goal;
  other.set_goal("a");
  const std::vector<store::DefinitionChange> rows = {GoalRow(goal), GoalRow(other)};
  RAPPORT_ASSERT_OK(definitions_.Write(rows));
  const auto book = Load();
  ASSERT_EQ(book->goals.size(), 2u);
  EXPECT_EQ(book->goals[0].goal(), "a");
  ASSERT_NE(book->FindGoal("conversion-q1"), nullptr);
  EXPECT_EQ(book->FindGoal("conversion-q1")->etag(), "e1");
  EXPECT_EQ(book->FindGoal("conversion-q1")->name(), "") << "names are the server's";
  EXPECT_EQ(book->FindGoal("b"), nullptr);
}

TEST(GoalEtag, ChangesWithEveryUpdate) {
  v1::Goal goal = ConversionGoal();
  const std::string first = NextEtag(goal, "", 1);
  EXPECT_EQ(first.size(), 16u);
  EXPECT_EQ(first, NextEtag(goal, "", 1)) << "deterministic";
  EXPECT_NE(first, NextEtag(goal, first, 1)) << "the same content, stored again";
  EXPECT_NE(first, NextEtag(goal, "", 2)) << "made again after it was removed";
  goal.set_etag("whatever");
  EXPECT_EQ(first, NextEtag(goal, "", 1)) << "not of itself";
}

v1::ImportBenchmarksRequest NpsBenchmarks() {
  v1::ImportBenchmarksRequest request;
  for (const auto& [percentile, value] :
       std::map<double, double>{{25, 12}, {50, 31}, {75, 48}, {90, 62}}) {
    v1::Benchmark& benchmark = *request.add_benchmarks();
    benchmark.set_metric("nps");
    benchmark.set_industry("retail");
    benchmark.set_percentile(percentile);
    benchmark.set_value(value);
    benchmark.set_source("a yearly report");
    benchmark.set_date("2026-01-15");
  }
  return request;
}

absl::Status OnlyNps(std::string_view metric) {
  if (metric == "nps" || metric == "csat") return absl::OkStatus();
  return InvalidField("metric", "UNKNOWN_METRIC", "nearest: nps");
}

TEST(CheckBenchmarks, NamesTheFieldThatIsWrong) {
  using Request = v1::ImportBenchmarksRequest;
  const std::vector<Refusal<Request>> cases = {
      {[](Request& r) { r.clear_benchmarks(); }, "benchmarks", "REQUIRED"},
      {[](Request& r) { r.mutable_benchmarks(1)->set_metric("npz"); }, "benchmarks[1].metric",
       "UNKNOWN_METRIC"},
      {[](Request& r) { r.mutable_benchmarks(0)->clear_industry(); }, "benchmarks[0].industry",
       "REQUIRED"},
      {[](Request& r) { r.mutable_benchmarks(0)->set_industry(std::string(64, 'a')); },
       "benchmarks[0].industry", "TOO_LONG"},
      {[](Request& r) { r.mutable_benchmarks(3)->clear_source(); }, "benchmarks[3].source",
       "REQUIRED"},
      {[](Request& r) { r.mutable_benchmarks(3)->set_date("2026"); }, "benchmarks[3].date",
       "BAD_DATE"},
      {[](Request& r) { r.mutable_benchmarks(2)->set_percentile(0); }, "benchmarks[2].percentile",
       "OUT_OF_RANGE"},
      {[](Request& r) { r.mutable_benchmarks(2)->set_percentile(100); }, "benchmarks[2].percentile",
       "OUT_OF_RANGE"},
      {[](Request& r) { r.mutable_benchmarks(2)->set_percentile(kNan); },
       "benchmarks[2].percentile", "OUT_OF_RANGE"},
      {[](Request& r) { r.mutable_benchmarks(1)->set_percentile(25); }, "benchmarks[1].percentile",
       "DUPLICATE"},
      {[](Request& r) { r.mutable_benchmarks(1)->set_value(kInfinity); }, "benchmarks[1].value",
       "BAD_NUMBER"},
      {[](Request& r) { r.mutable_benchmarks(2)->set_value(30); }, "benchmarks[2].value",
       "NOT_RISING"},
  };
  RAPPORT_EXPECT_OK(CheckBenchmarks(NpsBenchmarks(), OnlyNps));
  for (const auto& c : cases) {
    Request request = NpsBenchmarks();
    c.change(request);
    EXPECT_THAT(CheckBenchmarks(request, OnlyNps), testing::FailsWith(c.reason, c.field));
  }
}

TEST_F(StoredDefinitions, ASetOfBenchmarksIsReplacedAsAWhole) {
  v1::ImportBenchmarksRequest first = NpsBenchmarks();
  v1::Benchmark other = first.benchmarks(0);
  other.set_metric("csat");
  *first.add_benchmarks() = other;
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto update, ReplaceBenchmarks({}, first));
  EXPECT_EQ(update.stored, 5u);
  RAPPORT_ASSERT_OK(definitions_.Write(update.changes));
  v1::ImportBenchmarksRequest second;
  *second.add_benchmarks() = first.benchmarks(1);
  second.mutable_benchmarks(0)->set_percentile(9.5);
  *second.add_benchmarks() = first.benchmarks(3);
  RAPPORT_ASSERT_OK_AND_ASSIGN(update, ReplaceBenchmarks(Load()->benchmarks, second));
  EXPECT_EQ(update.stored, 3u);
  RAPPORT_ASSERT_OK(definitions_.Write(update.changes));
  const auto book = Load();
  ASSERT_EQ(book->benchmarks.size(), 3u);
  EXPECT_EQ(book->benchmarks[0].metric(), "csat");
  EXPECT_EQ(book->benchmarks[1].percentile(), 9.5) << "by percentile as a number";
  EXPECT_EQ(book->benchmarks[2].percentile(), 90);
}

TEST_F(StoredDefinitions, WorkspacesAreApart) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto update, AddPoints({}, Followers()));
  RAPPORT_ASSERT_OK(definitions_.Write(update.changes));
  const store::Definitions other(store_->table(store::TableId::kDefinitions), 8);
  const auto rows = other.List(DefinitionKind::kReferenceSeries);
  RAPPORT_ASSERT_OK(rows);
  EXPECT_TRUE(rows->empty());
}

}  // namespace
}  // namespace rapport::reference
