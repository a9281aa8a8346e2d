// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/decimal.h"

#include <random>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace rapport::ctl {
namespace {

using ::rapport::testing::FailsWith;

Decimal D(std::string_view text) { return ParseDecimal(text).value(); }

TEST(Decimal, ReadsExactly) {
  EXPECT_EQ(*ToMicros(D("2.55")), 2'550'000);
  EXPECT_EQ(*ToMicros(D("-0.000001")), -1);
  EXPECT_EQ(*ToMicros(D("+12")), 12'000'000);
  EXPECT_EQ(*ToMicros(D("1e-3")), 1'000);
  EXPECT_EQ(*ToMicros(D("1.5E2")), 150'000'000);
  EXPECT_EQ(*ToMicros(D("0.50000000")), 500'000);
  EXPECT_EQ(*ToMicros(D(".5")), 500'000);
  EXPECT_EQ(*ToWhole(D("10.00")), 10);
  EXPECT_DOUBLE_EQ(ToDouble(D("0.1")), 0.1);
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", "1,5", "12a", "1e", "1e99", "0x1", " 1", "1 ", "nan",
                           "inf", "1.2.3", "1234567890123456789"}) {
    EXPECT_THAT(ParseDecimal(text), FailsWith("BAD_NUMBER", "number")) << text;
  }
}

TEST(Decimal, RefusesWhatDoesNotFit) {
  EXPECT_THAT(ToMicros(D("0.0000001")), FailsWith("BAD_AMOUNT", "amount"));
  EXPECT_THAT(ToMicros(D("9300000000000")), FailsWith("OUT_OF_RANGE", "amount"));
  EXPECT_THAT(ToWhole(D("7.5")), FailsWith("NOT_WHOLE", "number"));
}

TEST(Decimal, ComparesAcrossPlaces) {
  EXPECT_EQ(Compare(D("0.10"), D("0.1")), 0);
  EXPECT_LT(Compare(D("-1"), D("-0.999999")), 0);
  EXPECT_GT(Compare(D("100000000000000001"), D("0.000000000000000001")), 0);
  EXPECT_LT(Compare(D("0.1"), D("0.100000000000000001")), 0);
}

TEST(Decimal, ProductsAreExact) {
  std::mt19937_64 random(20261121);
  for (int i = 0; i < 1000; ++i) {
    const auto cents = static_cast<int64_t>(random() % 1'000'000);
    const auto pieces = static_cast<int64_t>(random() % 10'000) - 5'000;
    const std::string rest = std::to_string(cents % 100);
    const std::string price =
        std::to_string(cents / 100) + "." + (rest.size() < 2 ? "0" : "") + rest;
    EXPECT_EQ(*ToMicros(Product(D(price), D(std::to_string(pieces)))), cents * pieces * 10'000)
        << price << " x " << pieces;
  }
}

}  // namespace
}  // namespace rapport::ctl
