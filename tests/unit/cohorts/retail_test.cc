// SPDX-License-Identifier: Apache-2.0
// The retention triangle of a real shop (541,909 order lines of a gift shop, 2010-12 to
// 2011-12) against SQL run by SQLite over the same lines, by the clean rule (customer
// present, no cancellation, quantity > 0, price > 0). An order is an invoice at the time of
// its first line. With `orders(invoice, customer, time, mills)` and
//
//   CREATE TABLE birth AS SELECT customer, min(time) first FROM orders GROUP BY customer;
//   CREATE TABLE o AS SELECT orders.*, first,
//     (strftime('%Y',time)*12+strftime('%m',time)) -
//     (strftime('%Y',first)*12+strftime('%m',first)) AS month,
//     CAST((julianday(time)-julianday(first))/30 AS INTEGER) AS roll,
//     row_number() OVER (PARTITION BY customer ORDER BY time, mills) AS nth
//     FROM orders JOIN birth USING (customer);
//
// the queries stand at each test.
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/cohorts/timelines.h"
#include "tests/unit/facts/gzip_lines.h"

namespace rapport::cohorts {
namespace {

struct Invoice {
  std::string customer;
  std::string time;  // "2010-12-01 08:26:00", the first of its lines.
  double amount = 0;
};

std::map<std::string, Invoice> ReadInvoices(const std::string& path) {
  std::map<std::string, Invoice> invoices;
  facts::ForEachCsvLine(path, [&](const std::vector<std::string>& fields) {
    if (fields.size() < 8 || fields[6].empty() || fields[0].starts_with('C')) return;
    const double quantity = std::atof(fields[3].c_str());
    const double price = std::atof(fields[5].c_str());
    if (quantity <= 0 || price <= 0) return;
    Invoice& invoice = invoices[fields[0]];
    if (invoice.time.empty() || fields[4] < invoice.time) invoice.time = fields[4];
    invoice.customer = fields[6];
    invoice.amount += quantity * price;
  });
  return invoices;
}

class RetailRetention : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string path = facts::DataFile("online_retail/online_retail.csv.gz");
    if (!facts::Exists(path)) return;
    shop_ = new Timelines();
    for (const auto& [number, invoice] : ReadInvoices(path)) {
      shop_->Add(invoice.customer, v1::EVENT_TYPE_ORDER_PLACED,
                 Cat(invoice.time.substr(0, 10), "T", invoice.time.substr(11)),
                 std::llround(invoice.amount * 1'000) * 1'000);
    }
    shop_->AsOf("2011-12-10");
  }
  void SetUp() override {
    if (shop_ == nullptr) {
      GTEST_SKIP() << "NOT TESTED: online_retail is absent; set RAPPORT_DATA to the folder with "
                      "the real data sets";
    }
  }

  static Timelines* shop_;
};
Timelines* RetailRetention::shop_ = nullptr;

struct Line {
  std::string start_date;
  int64_t size;
  std::vector<int64_t> cells;
};

void ExpectTriangle(const absl::StatusOr<v1::AnalyzeRetentionResponse>& answer,
                    const std::vector<Line>& expected) {
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->cohorts_size(), static_cast<int>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto& cohort = answer->cohorts(static_cast<int>(i));
    EXPECT_EQ(cohort.start_date(), expected[i].start_date);
    EXPECT_EQ(cohort.size(), expected[i].size);
    std::vector<int64_t> cells;
    for (const auto& cell : cohort.cells()) cells.push_back(cell.returned());
    EXPECT_EQ(cells, expected[i].cells) << cohort.start_date();
    // December 2011 runs.
    for (const auto& cell : cohort.cells()) {
      EXPECT_EQ(cell.incomplete(), cell.period() + static_cast<int>(i) == 12);
    }
  }
}

// SELECT substr(first,1,7), month, count(DISTINCT customer) FROM o WHERE nth > 1 GROUP BY 1, 2;
// sizes: the same at month 0 without the condition.
TEST_F(RetailRetention, MonthlyTriangle) {
  ExpectTriangle(
      shop_->Retention("return_filter: 'type = order_placed'"),
      {
          {"2010-12-01", 885, {263, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235}},
          {"2011-01-01", 417, {46, 92, 111, 96, 134, 120, 103, 101, 125, 136, 152, 49}},
          {"2011-02-01", 380, {34, 71, 71, 108, 103, 94, 96, 106, 94, 116, 26}},
          {"2011-03-01", 452, {41, 68, 114, 90, 101, 76, 121, 104, 126, 39}},
          {"2011-04-01", 300, {31, 64, 61, 63, 59, 68, 65, 78, 22}},
          {"2011-05-01", 284, {37, 54, 49, 49, 59, 66, 75, 27}},
          {"2011-06-01", 242, {24, 42, 38, 64, 56, 81, 23}},
          {"2011-07-01", 188, {20, 34, 39, 42, 51, 21}},
          {"2011-08-01", 169, {12, 35, 42, 41, 21}},
          {"2011-09-01", 299, {29, 70, 90, 34}},
          {"2011-10-01", 358, {48, 86, 41}},
          {"2011-11-01", 323, {56, 36}},
          {"2011-12-01", 41, {1}},
      });
}

// SELECT substr(first,1,7), count(*) FROM (SELECT customer, first, max(month) l FROM o
//   WHERE nth > 1 GROUP BY 1) WHERE l >= :month GROUP BY 1;
TEST_F(RetailRetention, OnOrAfter) {
  ExpectTriangle(
      shop_->Retention("mode: RETURN_MODE_ON_OR_AFTER"),
      {
          {"2010-12-01", 885, {774, 766, 753, 741, 724, 713, 696, 672, 652, 621, 583, 510, 235}},
          {"2011-01-01", 417, {340, 335, 330, 325, 317, 301, 288, 279, 260, 228, 164, 49}},
          {"2011-02-01", 380, {293, 289, 278, 271, 262, 251, 238, 218, 181, 130, 26}},
          {"2011-03-01", 452, {326, 318, 312, 294, 279, 259, 245, 197, 143, 39}},
          {"2011-04-01", 300, {200, 195, 186, 174, 163, 145, 122, 91, 22}},
          {"2011-05-01", 284, {197, 188, 174, 164, 151, 126, 91, 27}},
          {"2011-06-01", 242, {156, 150, 140, 132, 114, 92, 23}},
          {"2011-07-01", 188, {114, 103, 92, 79, 62, 21}},
          {"2011-08-01", 169, {92, 88, 76, 55, 21}},
          {"2011-09-01", 299, {143, 132, 102, 34}},
          {"2011-10-01", 358, {124, 104, 41}},
          {"2011-11-01", 323, {85, 36}},
          {"2011-12-01", 41, {1}},
      });
}

// SELECT substr(first,1,7), month, sum(mills) FROM o GROUP BY 1, 2, added up over months that
// are over at the end of November.
TEST_F(RetailRetention, RevenueToDate) {
  const std::map<std::string, std::vector<int64_t>> kMills = {
      {"2010-12-01",
       {572713890, 848951580, 1082796950, 1385916340, 1590324000, 1926951500, 2241114110,
        2551898030, 2883647250, 3356460890, 3812541500, 4326345090}},
      {"2011-01-01",
       {293207350, 348357260, 411625430, 483212830, 564326920, 648910700, 719018100, 791707810,
        863731461, 975535361, 1099417461}},
      {"2011-02-01",
       {158142070, 187185310, 228319690, 276558550, 316706460, 350929690, 400636320, 463087150,
        518467210, 583276660}},
      {"2011-03-01",
       {200069960, 230129390, 289186900, 332003510, 383660840, 423681650, 488601140, 559625090,
        630890920}},
      {"2011-04-01",
       {122011491, 151464311, 176541381, 200852851, 227167041, 257373341, 286042321, 320270931}},
      {"2011-05-01", {124103780, 142786540, 162980300, 182142470, 210004340, 242980940, 276293850}},
      {"2011-06-01", {135742950, 150548100, 164703500, 195665090, 222419630, 265227880}},
      {"2011-07-01", {74008751, 85798421, 101332601, 118884071, 138396181}},
      {"2011-08-01", {79756100, 100719030, 136222930, 180764690}},
      {"2011-09-01", {155103901, 183956921, 220990891}},
      {"2011-10-01", {174721760, 214748440}},
      {"2011-11-01", {136592120}},
  };
  const auto answer = shop_->Retention("");
  ASSERT_TRUE(answer.ok()) << answer.status();
  for (const auto& [start, mills] : kMills) {
    for (const auto& cohort : answer->cohorts()) {
      if (cohort.start_date() != start) continue;
      for (size_t month = 0; month < mills.size(); ++month) {
        EXPECT_EQ(cohort.cells(static_cast<int>(month)).settled_revenue().micros(),
                  mills[month] * 1000)
            << start << " " << month;
      }
    }
  }
}

// SELECT count(*) FROM birth WHERE julianday('2011-12-10') - julianday(first) >= 30 * (:k + 1);
// SELECT count(DISTINCT customer) FROM o WHERE nth > 1 AND roll = :k
//   AND julianday('2011-12-10') - julianday(first) >= 30 * (:k + 1);
TEST_F(RetailRetention, RollingMonthsInOneCohort) {
  const std::pair<int64_t, int64_t> kSettled[] = {
      {4086, 911}, {3741, 944}, {3370, 861}, {3218, 899}, {3027, 785}, {2821, 802},
      {2580, 748}, {2299, 671}, {1877, 599}, {1456, 527}, {1055, 422}, {714, 379}};
  const auto answer =
      shop_->Retention("cohort { together: true } period_clock: PERIOD_CLOCK_ROLLING");
  ASSERT_TRUE(answer.ok()) << answer.status();
  int period = 0;
  for (const auto& [settled, returned] : kSettled) {
    const auto& cell = answer->cohorts(0).cells(period++);
    EXPECT_EQ(cell.settled(), settled) << period;
    EXPECT_EQ(cell.settled_returned(), returned) << period;
  }
}

}  // namespace
}  // namespace rapport::cohorts
