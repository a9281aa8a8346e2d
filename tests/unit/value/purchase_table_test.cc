// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "tests/unit/value/regular_buyers.h"

namespace rapport::value {
namespace {

PurchaseTable Fold(std::span<const PurchaseHistory> rows, std::span<const double> weights = {}) {
  auto table = FoldPurchases(rows, weights, 7);
  EXPECT_TRUE(table.ok()) << table.status();
  return std::move(*table);
}

// What a row stands for: x, T, t_x.
using Row = std::tuple<double, double, double>;
std::map<Row, double> RowsOf(const PurchaseTable& table) {
  std::map<Row, double> result;
  for (const PurchaseTable::Block& block : table.blocks) {
    double weight = 0;
    for (size_t i = block.begin; i < block.end; ++i) {
      const PurchaseTable::Row& row = table.rows[i];
      result[{block.frequency, table.times[row.age], table.times[row.recency]}] += row.weight;
      weight += row.weight;
    }
    EXPECT_DOUBLE_EQ(weight, block.weight);
  }
  EXPECT_EQ(result.size(), table.rows.size()) << "rows are distinct";
  return result;
}

bool SameBits(const PurchaseTable& a, const PurchaseTable& b) {
  const auto same_row = [](const PurchaseTable::Row& x, const PurchaseTable::Row& y) {
    return x.age == y.age && x.recency == y.recency && x.weight == y.weight;
  };
  const auto same_block = [](const PurchaseTable::Block& x, const PurchaseTable::Block& y) {
    return x.frequency == y.frequency && x.begin == y.begin && x.end == y.end &&
           x.weight == y.weight && x.log_gaps == y.log_gaps;
  };
  return a.times == b.times && a.weight == b.weight && a.repeat_weight == b.repeat_weight &&
         a.mean_age == b.mean_age && a.log_gaps == b.log_gaps &&
         std::ranges::equal(a.rows, b.rows, same_row) &&
         std::ranges::equal(a.blocks, b.blocks, same_block);
}

std::vector<PurchaseHistory> Rows(bool whole_days, int customers) {
  return SimulateRegularBuyers({.k = 2, .values = {.5, 3, .8, 2.5}, .whole_days = whole_days},
                               customers, 17);
}

class PurchaseTableOf : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(WholeDays, PurchaseTableOf, testing::Bool());

TEST_P(PurchaseTableOf, HoldsEveryRowWithItsWeight) {
  const std::vector<PurchaseHistory> rows = Rows(GetParam(), 60'000);
  const PurchaseTable table = Fold(rows);
  EXPECT_EQ(table.times.size() <= 65'536, GetParam()) << "both ways to keep times are tested";
  std::map<Row, double> expected;
  double log_gaps = 0, ages = 0, repeaters = 0;
  for (const PurchaseHistory& row : rows) {
    ++expected[{row.frequency, row.age_days / 7, row.recency_days / 7}];
    log_gaps += row.sum_log_gap_days - row.frequency * std::log(7.0);
    ages += row.age_days / 7;
    repeaters += row.frequency > 0 ? 1 : 0;
  }
  EXPECT_EQ(RowsOf(table), expected);
  EXPECT_EQ(table.weight, 60'000);
  EXPECT_EQ(table.repeat_weight, repeaters);
  EXPECT_NEAR(table.mean_age, ages / 60'000, 1e-10);
  EXPECT_NEAR(table.log_gaps, log_gaps, 1e-9 * std::fabs(log_gaps));
  EXPECT_EQ(table.times.back(), *std::ranges::max_element(table.times));
}

TEST_P(PurchaseTableOf, OrderOfInputDoesNotMatter) {
  std::vector<PurchaseHistory> rows = Rows(GetParam(), 40'000);
  std::vector<double> weights;
  for (size_t i = 0; i < rows.size(); ++i) weights.push_back(0.1 * static_cast<double>(i % 7));
  const PurchaseTable table = Fold(rows, weights);
  std::vector<size_t> order(rows.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  SplitMix random(5);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Next() % i]);
  std::vector<PurchaseHistory> shuffled;
  std::vector<double> shuffled_weights;
  for (size_t i : order) {
    shuffled.push_back(rows[i]);
    shuffled_weights.push_back(weights[i]);
  }
  EXPECT_TRUE(SameBits(table, Fold(shuffled, shuffled_weights)));
}

TEST_P(PurchaseTableOf, EqualRowsAreOneRowOfTheirWeight) {
  const std::vector<PurchaseHistory> rows = Rows(GetParam(), 40'000);
  std::vector<PurchaseHistory> thrice;
  for (int i = 0; i < 3; ++i) thrice.insert(thrice.end(), rows.begin(), rows.end());
  const std::vector<double> weights(rows.size(), 3.0);
  EXPECT_TRUE(SameBits(Fold(thrice), Fold(rows, weights)));
}

TEST(PurchaseTable, RowsThatDifferInTheirGapsOnlyAreOne) {
  const PurchaseHistory even{
      .frequency = 2, .recency_days = 20, .age_days = 30, .sum_log_gap_days = 2 * std::log(10.0)};
  PurchaseHistory uneven = even;
  uneven.sum_log_gap_days = std::log(1.0) + std::log(19.0);
  const PurchaseTable table = Fold(std::vector{even, uneven, even});
  ASSERT_EQ(table.rows.size(), 1);
  EXPECT_EQ(table.rows[0].weight, 3);
  EXPECT_NEAR(table.log_gaps, 4 * std::log(10.0) + std::log(19.0) - 6 * std::log(7.0), 1e-12);
  EXPECT_EQ(table.blocks[0].log_gaps, table.log_gaps);
}

TEST(PurchaseTable, GapsComeFromOrders) {
  const Order orders[] = {{10, 5}, {10, 5}, {17, 5}, {20, 5}, {99, 5}};
  const auto summary = SummarizeOrders(orders, 50);
  ASSERT_TRUE(summary.ok() && summary->has_value());
  EXPECT_EQ((*summary)->history.frequency, 2);
  EXPECT_DOUBLE_EQ((*summary)->history.sum_log_gap_days, std::log(7.0) + std::log(3.0));
}

TEST(PurchaseTable, PiecesAddUp) {
  const PurchaseTable table = Fold(Rows(true, 2000));
  double weight = 0, log_gaps = 0;
  size_t next = 0;
  for (size_t begin = 0; begin < table.rows.size(); begin += 37) {
    for (const PurchaseTable::Block& block : table.BlocksIn({begin, begin + 37})) {
      EXPECT_EQ(block.begin, next);
      next = block.end;
      weight += block.weight;
      log_gaps += block.log_gaps;
    }
  }
  EXPECT_EQ(next, table.rows.size());
  EXPECT_EQ(weight, table.weight);
  EXPECT_NEAR(log_gaps, table.log_gaps, 1e-9);
  EXPECT_EQ(table.BlocksIn({}).size(), table.blocks.size());
  EXPECT_TRUE(table.BlocksIn({table.rows.size(), table.rows.size() + 5}).empty());
}

TEST(PurchaseTable, NothingFoldsToNothing) {
  EXPECT_TRUE(Fold({}).rows.empty());
  const PurchaseTable table = Fold(std::vector<PurchaseHistory>(2), std::vector{0.0, 0.0});
  EXPECT_TRUE(table.rows.empty());
  EXPECT_EQ(table.weight, 0);
}

TEST(PurchaseTable, WrongRowsAreNamed) {
  std::vector<PurchaseHistory> rows(2);
  rows[1].sum_log_gap_days = std::nan("");
  const absl::Status status = FoldPurchases(rows, {}, 7).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.ToString().find("rows[1].sum_log_gap_days"), std::string::npos) << status;
  rows[1].sum_log_gap_days = 0;
  EXPECT_FALSE(FoldPurchases(rows, std::vector{1.0, -1.0}, 7).ok());
  EXPECT_FALSE(FoldPurchases(rows, std::vector{1.0}, 7).ok());
}

}  // namespace
}  // namespace rapport::value
