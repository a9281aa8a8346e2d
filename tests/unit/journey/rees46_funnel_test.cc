// SPDX-License-Identifier: Apache-2.0
// Real data: view > cart > purchase per visitor of 2 h 50 min of a shop (REES46), equal to
// SQL that shares nothing with the engine (rees46_funnel.py, run here).
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/journey/funnel_answer.h"
#include "tests/unit/facts/gzip_lines.h"
#include "tests/unit/journey/history.h"

namespace rapport::journey {
namespace {

struct Figures {
  int64_t viewed = 0, carted = 0, bought = 0, seconds = 0;
  friend bool operator==(const Figures&, const Figures&) = default;
};

std::string EventsFile() { return facts::DataFile("rees46_head/events.csv.gz"); }

std::optional<Figures> BySql(const std::string& arguments) {
  const std::string command =
      "python3 tests/unit/journey/rees46_funnel.py '" + EventsFile() + "' " + arguments;
  FILE* pipe = ::popen(command.c_str(), "r");
  Figures figures;
  const int read = pipe == nullptr
                       ? 0
                       : std::fscanf(pipe, "%ld %ld %ld %ld", &figures.viewed, &figures.carted,
                                     &figures.bought, &figures.seconds);
  if (pipe != nullptr) ::pclose(pipe);
  return read == 4 ? std::optional(figures) : std::nullopt;
}

// Views, carts and purchases as types v, c and p.
std::map<std::string, History> Visitors() {
  std::map<std::string, History> visitors;
  facts::ForEachCsvLine(EventsFile(), [&](const std::vector<std::string>& fields) {
    EventColumns event;
    event.time = *ParseTime(fields[0].substr(0, 10) + "T" + fields[0].substr(11, 8) + "Z");
    event.type = TypeOfLetter(fields[1].front());
    store::v1::EventPayload payload;
    (*payload.mutable_rest()->mutable_properties())["product"].set_string_value(fields[2]);
    visitors[fields[7]].Add(event, payload);
  });
  for (auto& [id, history] : visitors) history.Sort();
  return visitors;
}

Figures ByEngine(const FunnelQuestion& question, std::map<std::string, History>& visitors) {
  TestScope test;
  test.scope.first_day = DaysFromCivil({2019, 10, 1});
  test.scope.last_day = test.scope.first_day;
  test.scope.as_of = (test.scope.first_day + 30) * kMicrosPerDay;
  const auto funnel = CompiledFunnel::Create(question, test.scope);
  EXPECT_TRUE(funnel.ok()) << funnel.status();
  if (!funnel.ok()) return {};
  FunnelWalker walker(*funnel);
  for (auto& [id, history] : visitors) walker.Customer(history.View(), {});
  const v1::FunnelResult total = AnswerFunnel(walker)->total();
  const auto& time = total.completion_time();
  return {total.steps(0).count(), total.steps(1).count(), total.steps(2).count(),
          static_cast<int64_t>(time.mean_seconds() * static_cast<double>(time.count()) + 0.5)};
}

FunnelQuestion ViewCartPurchase(int64_t window_seconds) {
  FunnelQuestion question;
  for (const char* filter : {"type = v", "type = c", "type = p"}) {
    question.funnel.add_steps()->set_filter(filter);
  }
  question.funnel.mutable_window()->set_seconds(window_seconds);
  return question;
}

class Rees46 : public testing::Test {
 protected:
  void SetUp() override {
    if (!facts::Exists(EventsFile()))
      GTEST_SKIP() << "NOT TESTED: " << EventsFile() << " is absent";
    visitors_ = Visitors();
    ASSERT_EQ(visitors_.size(), 4504U);
  }
  std::map<std::string, History> visitors_;
};

TEST_F(Rees46, FunnelsEqualSql) {
  const std::optional<Figures> day = BySql("86400");
  if (!day) GTEST_SKIP() << "NOT TESTED: python3 with sqlite3 is absent";
  // As the data's description has them: 4,504 visitors with a view, 62 through all three.
  EXPECT_EQ(*day, (Figures{4504, 111, 62, 9855}));
  EXPECT_EQ(ByEngine(ViewCartPurchase(86'400), visitors_), *day);
  EXPECT_EQ(ByEngine(ViewCartPurchase(7 * 86'400), visitors_), *BySql("604800"));
  for (const int64_t window : {60, 600, 3600}) {
    EXPECT_EQ(ByEngine(ViewCartPurchase(window), visitors_), *BySql(std::to_string(window)))
        << window;
  }
  FunnelQuestion later = ViewCartPurchase(3600);
  later.funnel.add_rules(v1::FUNNEL_RULE_STRICT_INCREASE);
  EXPECT_EQ(ByEngine(later, visitors_), *BySql("3600 later"));
  FunnelQuestion product = ViewCartPurchase(86'400);
  product.funnel.add_hold_constant("property.product");
  EXPECT_EQ(ByEngine(product, visitors_), *BySql("86400 product"));
}

// Any order: 4,504 visitors did one thing at least; those with view and purchase 192 (of 193
// with a purchase), with view and cart 111.
TEST_F(Rees46, AnyOrderHoldsTheOrderedOnes) {
  FunnelQuestion question = ViewCartPurchase(86'400);
  question.funnel.set_order(v1::FUNNEL_ORDER_ANY);
  const Figures any = ByEngine(question, visitors_);
  EXPECT_EQ(any.viewed, 4504);
  EXPECT_GE(any.bought, 62);
  FunnelQuestion two;
  two.funnel.add_steps()->set_filter("type = v");
  two.funnel.add_steps()->set_filter("type = p");
  two.funnel.set_order(v1::FUNNEL_ORDER_ANY);
  TestScope test;
  test.scope.first_day = test.scope.last_day = DaysFromCivil({2019, 10, 1});
  const auto funnel = CompiledFunnel::Create(two, test.scope);
  ASSERT_TRUE(funnel.ok());
  FunnelWalker walker(*funnel);
  int64_t with_both = 0;
  for (auto& [id, history] : visitors_) {
    const auto customer = history.View();
    walker.Customer(customer, {});
    bool viewed = false, bought = false;
    for (const EventColumns& event : customer.events) {
      viewed = viewed || event.type == TypeOfLetter('v');
      bought = bought || event.type == TypeOfLetter('p');
    }
    with_both += viewed && bought ? 1 : 0;
  }
  EXPECT_EQ(walker.total(0).completed(), with_both);
}

}  // namespace
}  // namespace rapport::journey
