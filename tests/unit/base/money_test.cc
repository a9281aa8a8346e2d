// SPDX-License-Identifier: Apache-2.0
#include "lib/base/money.h"

#include <limits>

#include "tests/support/matchers.h"

namespace rapport {
namespace {

using ::rapport::testing::FailsWith;

TEST(Money, ParsesExactDecimals) {
  const std::pair<const char*, Micros> rows[] = {
      {"0", 0},
      {"12", 12'000'000},
      {"-3.5", -3'500'000},
      {"8911407.904", 8'911'407'904'000},
      {"29.33", 29'330'000},
      {".5", 500'000},
      {"7.", 7'000'000},
      {"1.0000000", 1'000'000},  // A seventh decimal may only be zero.
      {"9223372036854.775807", std::numeric_limits<int64_t>::max()},
  };
  for (const auto& [text, micros] : rows) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Micros parsed, ParseMoney(text));
    EXPECT_EQ(parsed, micros) << text;
  }
}

TEST(Money, RefusesWhatIsNotAnAmount) {
  for (const char* text :
       {"", "-", ".", "1e5", "1,5", "0x10", " 1", "1 ", "1.2.3", "1.0000001", "nan"}) {
    EXPECT_THAT(ParseMoney(text), FailsWith("BAD_AMOUNT", "amount")) << text;
  }
  EXPECT_THAT(ParseMoney("9223372036854.775808"), FailsWith("OUT_OF_RANGE", "amount"));
}

TEST(Money, FormatsTheShortestExactDecimal) {
  EXPECT_EQ(FormatMoney(0), "0.00");
  EXPECT_EQ(FormatMoney(-3'500'000), "-3.50");
  EXPECT_EQ(FormatMoney(8'911'407'904'000), "8911407.904");
  EXPECT_EQ(FormatMoney(1), "0.000001");
  EXPECT_EQ(FormatMoney(std::numeric_limits<int64_t>::min()), "-9223372036854.775808");
}

TEST(Money, PacksCurrencyCodes) {
  for (const char* iso : {"EUR", "USD", "AAA", "ZZZ"}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const CurrencyCode code, PackCurrency(iso));
    EXPECT_EQ(UnpackCurrency(code), iso);
  }
  EXPECT_EQ(UnpackCurrency(0), "");
  for (const char* bad : {"", "EU", "eur", "E1R", "EURO"}) {
    EXPECT_THAT(PackCurrency(bad), FailsWith("BAD_CURRENCY", "currency")) << bad;
  }
}

}  // namespace
}  // namespace rapport
