// SPDX-License-Identifier: Apache-2.0
#include "lib/store/row_table.h"

#include <limits>
#include <optional>
#include <string>
#include <tuple>

#include "gtest/gtest.h"
#include "lib/base/varint.h"
#include "tests/unit/store/store_fixture.h"

namespace rapport::store {
namespace {

std::string Number(int64_t value) {
  std::string out;
  PutBigEndian(out, value);
  return out;
}

TEST(TableKey, OrdersByPartitionThenRow) {
  const auto parts = HardBytes();
  for (const auto& p1 : parts) {
    for (const auto& r1 : parts) {
      for (const auto& p2 : parts) {
        for (const auto& r2 : parts) {
          ASSERT_EQ(TableKey(p1, r1) < TableKey(p2, r2), std::tie(p1, r1) < std::tie(p2, r2));
        }
      }
    }
  }
}

TEST(TableKey, ComesApartAgain) {
  for (const auto& partition : HardBytes()) {
    for (const auto& row : HardBytes()) {
      const std::string key = TableKey(partition, row);
      const auto parts = DecodeTableKey(key);
      ASSERT_TRUE(parts.has_value());
      EXPECT_EQ(parts->partition, partition);
      EXPECT_EQ(parts->row, row);
    }
  }
}

TEST(TableKey, RefusesForeignBytes) {
  using namespace std::string_literals;
  for (const auto& bytes : {""s, "\1"s, "\1a"s, "\1a\0"s, "\1a\0\2"s, "\2a\0\1"s, "a\0\1"s}) {
    EXPECT_FALSE(DecodeTableKey(bytes).has_value());
  }
}

TEST(AfterPrefix, IsTheLeastKeyBeyond) {
  EXPECT_EQ(AfterPrefix("a"), "b");
  EXPECT_EQ(AfterPrefix("a\xFF"), "b");
  EXPECT_EQ(AfterPrefix("\xFF\xFF"), "");
  EXPECT_EQ(AfterPrefix(""), "");
  EXPECT_EQ(AfterPrefix("\x7F"), "\x80");
}

struct CombineCase {
  MergeKind kind;
  std::optional<int64_t> stored;
  int64_t value;
  int64_t expected;
};

TEST(Combine, AddsTakesMinimaAndMaxima) {
  constexpr int64_t kTop = std::numeric_limits<int64_t>::max();
  constexpr int64_t kBottom = std::numeric_limits<int64_t>::min();
  const CombineCase cases[] = {
      {MergeKind::kAdd, std::nullopt, 5, 5},
      {MergeKind::kAdd, 7, -9, -2},
      {MergeKind::kAdd, kTop, 1, kBottom},
      {MergeKind::kMin, std::nullopt, 5, 5},
      {MergeKind::kMin, -3, 5, -3},
      {MergeKind::kMin, 3, -5, -5},
      {MergeKind::kMax, std::nullopt, -5, -5},
      {MergeKind::kMax, -3, 5, 5},
      {MergeKind::kMax, kTop, kBottom, kTop},
  };
  for (const auto& c : cases) {
    const auto stored = c.stored.has_value() ? std::optional(Number(*c.stored)) : std::nullopt;
    const auto result = Combine(c.kind, stored, Number(c.value));
    RAPPORT_ASSERT_OK(result);
    EXPECT_EQ(*result, Number(c.expected)) << static_cast<int>(c.kind) << " of " << c.value;
  }
}

TEST(Combine, LastTakesTheLaterTimeThenTheGreaterBytes) {
  const auto at = [](int64_t time, std::string_view value) { return Number(time).append(value); };
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {at(1, "a"), at(2, "b"), at(2, "b")},  {at(2, "b"), at(1, "z"), at(2, "b")},
      {at(5, "a"), at(5, "b"), at(5, "b")},  {at(5, "b"), at(5, "a"), at(5, "b")},
      {at(-1, "x"), at(0, "a"), at(0, "a")}, {at(5, ""), at(5, "a"), at(5, "a")},
  };
  for (const auto& [stored, value, expected] : cases) {
    EXPECT_EQ(*Combine(MergeKind::kLast, stored, value), expected);
    EXPECT_EQ(*Combine(MergeKind::kLast, std::nullopt, value), value);
  }
}

TEST(Combine, RefusesValuesThatDoNotFit) {
  for (const MergeKind kind : {MergeKind::kAdd, MergeKind::kMin, MergeKind::kMax}) {
    EXPECT_THAT(Combine(kind, std::nullopt, "short"),
                testing::FailsWith("BAD_MERGE_VALUE", "value"));
    EXPECT_THAT(Combine(kind, "stored text", Number(1)),
                testing::StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(Combine(MergeKind::kLast, std::nullopt, "1234567"),
              testing::FailsWith("BAD_MERGE_VALUE", "value"));
  EXPECT_THAT(Combine(static_cast<MergeKind>(6), std::nullopt, ""),
              testing::FailsWith("UNKNOWN_MERGE_KIND", "kind"));
}

}  // namespace
}  // namespace rapport::store
