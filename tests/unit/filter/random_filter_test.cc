// SPDX-License-Identifier: Apache-2.0
// Random expressions over random events: parsed and asked in both ways, against closures
// that were put together beside the text and read the sample by hand.
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/filter/column_test.h"
#include "lib/filter/local_clock.h"
#include "tests/support/matchers.h"
#include "tests/unit/filter/samples.h"

namespace rapport::filter {
namespace {

using Truth = std::function<bool(const Sample&)>;

struct Formula {
  std::string text;
  Truth truth;
};

bool IsScore(const Sample& s) { return s.columns.type >= 30 && s.columns.type <= 33; }
bool HasAmount(const Sample& s) {
  const auto type = s.columns.type;
  return s.columns.currency != 0 && ((type >= 54 && type <= 56) || (type >= 80 && type <= 83));
}
const v1::PropertyValue* Country(const Sample& s) {
  const auto found = s.payload.rest().properties().find("country");
  return found == s.payload.rest().properties().end() ? nullptr : &found->second;
}
bool AnyBrand(const Sample& s, std::string_view brand) {
  if (s.columns.type < 80 || s.columns.type == 82 || s.columns.type > 83) return false;
  for (const v1::OrderItem& item : s.payload.rest().order().items()) {
    if (!item.brand().empty() && (brand == "*" || item.brand() == brand)) return true;
  }
  return false;
}

// Plain comparisons whose truth is written out by hand.
const std::vector<Formula>& Atoms() {
  static const std::vector<Formula> atoms = {
      {"type = order_placed", [](const Sample& s) { return s.columns.type == 81; }},
      {"type != order_placed", [](const Sample& s) { return s.columns.type != 81; }},
      {"type = wishlist_added", [](const Sample& s) { return s.columns.type == 1002; }},
      {"type = custom", [](const Sample& s) { return s.columns.type >= 1000; }},
      {"type = order_*",
       [](const Sample& s) { return s.columns.type == 81 || s.columns.type == 82; }},
      {"channel = web", [](const Sample& s) { return s.columns.channel == 3; }},
      {"channel != web",
       [](const Sample& s) { return s.columns.channel != 3 && s.columns.channel != 0; }},
      {"channel = (app OR email)",
       [](const Sample& s) { return s.columns.channel == 4 || s.columns.channel == 1; }},
      {"touchpoint = store_*", [](const Sample& s) { return s.columns.touchpoint_no >= 2; }},
      {"touchpoint = checkout_page", [](const Sample& s) { return s.columns.touchpoint_no == 1; }},
      {"campaign:*", [](const Sample& s) { return s.columns.campaign_no != 0; }},
      {"campaign != spring", [](const Sample& s) { return s.columns.campaign_no > 1; }},
      {"currency = EUR", [](const Sample& s) { return s.columns.currency == Packed("EUR"); }},
      {"score >= 9", [](const Sample& s) { return IsScore(s) && s.columns.value >= 9; }},
      {"score != 3", [](const Sample& s) { return IsScore(s) && s.columns.value != 3; }},
      {"amount > 4.5", [](const Sample& s) { return HasAmount(s) && s.columns.value > 4'500'000; }},
      {"amount = 3", [](const Sample& s) { return HasAmount(s) && s.columns.value == 3'000'000; }},
      {"brand = Ara", [](const Sample& s) { return AnyBrand(s, "Ara"); }},
      {"brand != Ara", [](const Sample& s) { return AnyBrand(s, "*") && !AnyBrand(s, "Ara"); }},
      {"property.country = DE",
       [](const Sample& s) { return Country(s) != nullptr && Country(s)->string_value() == "DE"; }},
      {"property.country:*", [](const Sample& s) { return Country(s) != nullptr; }},
      {"customer.stage = LOYAL",
       [](const Sample& s) { return s.customer.facts().lifecycle().stage() == 5; }},
      {"customer.summary.order_count >= 3",
       [](const Sample& s) { return s.customer.summary().order_count() >= 3; }},
      {"customer.attributes.tier = gold",
       [](const Sample& s) { return s.customer.attributes().contains("tier"); }},
  };
  return atoms;
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  size_t Below(size_t n) { return engine_() % n; }

  Formula Make(int depth) {
    const size_t kind = depth == 0 ? 0 : Below(4);
    if (kind == 0) return Atoms()[Below(Atoms().size())];
    const Formula first = Make(depth - 1);
    if (kind == 1) {
      return {(Below(2) == 0 ? "NOT (" : "-(") + first.text + ")",
              [first](const Sample& s) { return !first.truth(s); }};
    }
    const Formula second = Make(depth - 1);
    const std::string left = "(" + first.text + ")", right = "(" + second.text + ")";
    if (kind == 2) {
      return {left + (Below(2) == 0 ? " AND " : " ") + right,
              [=](const Sample& s) { return first.truth(s) && second.truth(s); }};
    }
    return {left + " OR " + right,
            [=](const Sample& s) { return first.truth(s) || second.truth(s); }};
  }

  Sample Event() {
    constexpr std::array<uint16_t, 8> kTypes = {30, 33, 55, 81, 82, 110, 1001, 1002};
    Sample s;
    s.columns.type = kTypes[Below(kTypes.size())];
    const bool money = s.columns.type > 50 && s.columns.type < 90;
    s.columns.value = static_cast<int64_t>(Below(11)) * (money ? 1'000'000 : 1);
    s.columns.currency = money && Below(3) > 0 ? Packed(Below(2) == 0 ? "EUR" : "USD") : 0;
    s.columns.aux = IsScore(s) ? 10 : 0;
    s.columns.channel = static_cast<uint8_t>(Below(6));
    s.columns.touchpoint_no = static_cast<uint32_t>(Below(4));
    s.columns.campaign_no = static_cast<uint32_t>(Below(3));
    if (s.columns.type == 81) {
      for (const char* brand : {"Ara", "Lowa", ""}) {
        if (Below(2) == 0) s.payload.mutable_rest()->mutable_order()->add_items()->set_brand(brand);
      }
    }
    if (Below(2) == 0) {
      (*s.payload.mutable_rest()->mutable_properties())["country"].set_string_value(
          Below(2) == 0 ? "DE" : "FR");
    }
    s.customer.mutable_facts()->mutable_lifecycle()->set_stage(
        static_cast<v1::LifecycleStage>(1 + Below(10)));
    s.customer.mutable_summary()->set_order_count(static_cast<int64_t>(Below(6)));
    if (Below(2) == 0) {
      (*s.customer.mutable_attributes())["tier"].mutable_value()->set_string_value("gold");
    }
    return s;
  }

 private:
  std::mt19937_64 engine_;
};

TEST(RandomFilter, AgreesWithWhatWasMeant) {
  constexpr uint64_t kSeed = 20260401;
  Random random(kSeed);
  const NameLists names = SampleNames();
  std::vector<Sample> events;
  for (int i = 0; i < 200; ++i) events.push_back(random.Event());
  for (int round = 0; round < 1500; ++round) {
    const Formula formula = random.Make(1 + round % 5);
    Context context = SampleContext("UTC");
    context.max_bytes = 1 << 20;
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter,
                                 Parse(formula.text, EventAndCustomerCatalogue(), context));
    const EventPredicate predicate = Bind(filter, names);
    for (size_t i = 0; i < 20; ++i) {
      const Sample& event = events[random.Below(events.size())];
      const bool meant = formula.truth(event);
      ASSERT_EQ(Asks(predicate, event), meant) << "seed " << kSeed << ": " << formula.text;
      ASSERT_EQ(Walks(filter, event, names), meant) << "seed " << kSeed << ": " << formula.text;
      ASSERT_TRUE(!meant || predicate.types().Has(event.columns.type)) << formula.text;
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression again,
                                 Parse(filter.ToString(), EventAndCustomerCatalogue(), context));
    ASSERT_TRUE(again == filter) << formula.text << " > " << filter.ToString();
  }
}

// Columns by intervals against the tree, for every column field and odd numbers.
TEST(RandomFilter, IntervalsAgreeWithTheTree) {
  constexpr uint64_t kSeed = 20260402;
  std::mt19937_64 random(kSeed);
  const NameLists names = SampleNames();
  const std::vector<std::string> paths = {"score",    "value", "items",   "discount", "quantity",
                                          "duration", "pages", "minutes", "amount",   "mrr",
                                          "cost",     "hour",  "scale"};
  const std::vector<std::string> comparators = {"=", "!=", "<", "<=", ">", ">=", ":"};
  const std::vector<std::string> operands = {"0",    "1",   "2.5",  "0.1", "-1", "3.333333",
                                             "15.1", "100", "0.07", "7",   "23", "1000000000000"};
  constexpr std::array<uint16_t, 14> kTypes = {10, 16, 30, 33, 51,  52,  55,
                                               80, 81, 82, 84, 120, 132, 1001};
  for (int round = 0; round < 4000; ++round) {
    const std::string text = paths[random() % paths.size()] + " " +
                             comparators[random() % comparators.size()] + " " +
                             operands[random() % operands.size()];
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter,
                                 Parse(text, EventAndCustomerCatalogue(), SampleContext()));
    const EventPredicate predicate = Bind(filter, names);
    for (int i = 0; i < 8; ++i) {
      Sample s;
      s.columns.type = kTypes[random() % kTypes.size()];
      s.columns.time = static_cast<int64_t>(random() % 4'000'000'000) * kMicrosPerSecond;
      s.columns.currency = random() % 3 == 0 ? 0 : Packed("EUR");
      const std::array<int64_t, 8> numbers = {0,      1,         2'500,          100'000,
                                              70'000, 3'333'333, 15'100'000 / 2, 2'151};
      s.columns.value = numbers[random() % numbers.size()];
      s.columns.aux = numbers[random() % numbers.size()];
      ASSERT_EQ(Asks(predicate, s), Walks(filter, s, names))
          << "seed " << kSeed << ": " << text << " type " << s.columns.type << " value "
          << s.columns.value << " aux " << s.columns.aux << " time " << s.columns.time;
    }
  }
}

// Civil days, hours and weekdays: the clock's table against the calendar, over years and
// closely around every hour of the two changes of the clocks in 2026.
TEST(RandomFilter, LocalClockIsTheCalendar) {
  std::mt19937_64 random(20260403);
  for (const std::string zone : {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu",
                                 "Pacific/Apia", "Australia/Lord_Howe"}) {
    const Calendar calendar = *Calendar::Create(zone, WeekStart::kMonday);
    const LocalClock clock(calendar);
    const auto check = [&](TimeMicros time) {
      ASSERT_EQ(clock.HourOf(time), calendar.HourOf(time)) << zone << " " << time;
      ASSERT_EQ(clock.DayOf(time), calendar.DayOf(time)) << zone << " " << time;
    };
    for (int i = 0; i < 4000; ++i) {
      // 1938 to 2160: also outside the table.
      check(static_cast<int64_t>(random() % 7'000'000'000) * kMicrosPerSecond -
            1'000'000'000 * kMicrosPerSecond + static_cast<int64_t>(random() % kMicrosPerSecond));
    }
    constexpr int64_t kYear = 1'767'225'600;  // 2026-01-01.
    for (int64_t half = 0; half < 2 * 24 * 365; ++half)
      check((kYear + half * 1800) * kMicrosPerSecond);
  }
}

TEST(RandomFilter, IntervalsOfEdges) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const auto is = [](Interval interval, int64_t low, int64_t high) {
    return interval.low == low && interval.high == high;
  };
  EXPECT_TRUE(is(IntervalOf(Comparator::kEqual, 0.1, 1e6), 100'000, 100'000));
  EXPECT_TRUE(is(IntervalOf(Comparator::kGreater, 0.1, 1e6), 100'001, kMax));
  EXPECT_TRUE(is(IntervalOf(Comparator::kLess, 0.1, 1e6), kMin, 99'999));
  EXPECT_TRUE(is(IntervalOf(Comparator::kLessEqual, 2.5, 1), kMin, 2));
  EXPECT_TRUE(is(IntervalOf(Comparator::kGreaterEqual, 2.5, 1), 3, kMax));
  const Interval none = IntervalOf(Comparator::kEqual, 2.5, 1);
  EXPECT_GT(none.low, none.high);
  const Interval beyond = IntervalOf(Comparator::kGreater, 1e300, 1);
  EXPECT_GT(beyond.low, beyond.high);
  EXPECT_TRUE(is(IntervalOf(Comparator::kLess, 1e300, 1), kMin, kMax));
}

}  // namespace
}  // namespace rapport::filter
