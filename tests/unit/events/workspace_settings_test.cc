// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "lib/events/workspace_events.h"
#include "tests/support/matchers.h"

namespace rapport::events {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;

// Defaults as workspace.proto states them.
TEST(CompleteWorkspace, FillsDefaults) {
  v1::Workspace workspace;
  RAPPORT_ASSERT_OK(CompleteWorkspace(workspace));
  v1::Workspace expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
      time_zone: "UTC" base_currency: "EUR" week_start: WEEK_START_MONDAY
      future_tolerance { seconds: 86400 } annual_discount_rate: 0.1 value_horizon_days: 365
      lifecycle_rules {
        new_days: 30 at_risk_days: 90 dormant_days: 180 churned_days: 365
        loyal_orders: 4 loyal_tenure_days: 90 won_back_days: 60
      }
      value_settings {
        purchase_model: "auto" time_unit_days: 7 margin: 1 churn_horizon_days: 90
        subscription_period_days: 30
      })",
                                                            &expected));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(workspace, expected))
      << workspace.DebugString();
}

TEST(CompleteWorkspace, KeepsWhatIsGiven) {
  v1::Workspace workspace;
  workspace.set_time_zone("Europe/Berlin");
  workspace.set_annual_discount_rate(0);
  workspace.mutable_future_tolerance();  // Present and zero.
  workspace.mutable_lifecycle_rules()->set_new_days(14);
  RAPPORT_ASSERT_OK(CompleteWorkspace(workspace));
  EXPECT_EQ(workspace.time_zone(), "Europe/Berlin");
  EXPECT_EQ(workspace.annual_discount_rate(), 0);
  EXPECT_EQ(workspace.future_tolerance().seconds(), 0);
  EXPECT_EQ(workspace.lifecycle_rules().new_days(), 14);
}

TEST(CompleteWorkspace, RefusesWithPath) {
  struct Case {
    std::function<void(v1::Workspace&)> change;
    const char* reason;
    const char* field;
  };
  using W = v1::Workspace;
  const Case cases[] = {
      {[](W& w) { w.set_time_zone("Mars/Base"); }, "UNKNOWN_TIME_ZONE", "workspace.time_zone"},
      {[](W& w) { w.set_time_zone("/etc/localtime"); }, "UNKNOWN_TIME_ZONE", "workspace.time_zone"},
      {[](W& w) { w.set_base_currency("eur"); }, "BAD_CURRENCY", "workspace.base_currency"},
      {[](W& w) { w.set_week_start(static_cast<v1::WeekStart>(9)); }, "OUT_OF_RANGE",
       "workspace.week_start"},
      {[](W& w) { w.mutable_future_tolerance()->set_seconds(-1); }, "OUT_OF_RANGE",
       "workspace.future_tolerance"},
      {[](W& w) { w.mutable_value_settings()->set_purchase_model("lstm"); }, "UNKNOWN_MODEL",
       "workspace.value_settings.purchase_model"},
      {[](W& w) { w.mutable_value_settings()->set_time_unit_days(0.5); }, "OUT_OF_RANGE",
       "workspace.value_settings.time_unit_days"},
      {[](W& w) { w.mutable_value_settings()->set_margin(1.5); }, "OUT_OF_RANGE",
       "workspace.value_settings.margin"},
      {[](W& w) { w.mutable_value_settings()->set_churn_horizon_days(731); }, "OUT_OF_RANGE",
       "workspace.value_settings.churn_horizon_days"},
      {[](W& w) { w.mutable_value_settings()->set_subscription_period_days(-1); }, "OUT_OF_RANGE",
       "workspace.value_settings.subscription_period_days"},
      {[](W& w) { w.set_annual_discount_rate(10); }, "OUT_OF_RANGE",
       "workspace.annual_discount_rate"},
      {[](W& w) { w.set_annual_discount_rate(std::nan("")); }, "OUT_OF_RANGE",
       "workspace.annual_discount_rate"},
      {[](W& w) { w.set_value_horizon_days(3651); }, "OUT_OF_RANGE",
       "workspace.value_horizon_days"},
      {[](W& w) { w.mutable_lifecycle_rules()->set_new_days(-1); }, "OUT_OF_RANGE",
       "workspace.lifecycle_rules.new_days"},
      {[](W& w) { w.mutable_lifecycle_rules()->set_at_risk_days(180); }, "OUT_OF_RANGE",
       "workspace.lifecycle_rules.dormant_days"},
      {[](W& w) { w.mutable_lifecycle_rules()->set_churned_days(100); }, "OUT_OF_RANGE",
       "workspace.lifecycle_rules.churned_days"},
      {[](W& w) { w.set_display_name(std::string(257, 'x')); }, "TOO_LONG",
       "workspace.display_name"},
  };
  for (const Case& test : cases) {
    W workspace;
    test.change(workspace);
    EXPECT_THAT(CompleteWorkspace(workspace), FailsWith(test.reason, test.field));
  }
}

TEST(CheckWorkspaceId, Grammar) {
  for (const char* good :
       {"a", "shop-1", "a123456789-123456789-123456789-123456789-123456789-123456789-12"}) {
    RAPPORT_EXPECT_OK(CheckWorkspaceId(good, "workspace_id"));
  }
  for (const std::string& bad : {std::string(), std::string("1a"), std::string("-a"),
                                 std::string("Shop"), std::string("a_b"), std::string(64, 'a')}) {
    EXPECT_THAT(CheckWorkspaceId(bad, "workspace_id"),
                FailsWith("BAD_WORKSPACE_ID", "workspace_id"));
  }
}

}  // namespace
}  // namespace rapport::events
