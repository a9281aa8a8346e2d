// SPDX-License-Identifier: Apache-2.0
// Attributes of customers in the night: covariates and groups of value models.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "jobs/nightly.h"
#include "lib/facts/reports.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

constexpr uint32_t kCustomers = 3'000;
constexpr TimeMicros kFirstDay = kStart - 300 * kMicrosPerDay;

constexpr uint32_t kNewcomer = kCustomers + 3;  // One order, the day before.

bool IsGold(uint32_t customer_no) { return customer_no % 3 == 0; }

// First orders over the first 90 days, then purchases as MBG/NBD has them; gold twice as
// often.
std::vector<events::EventRow> Orders() {
  std::mt19937_64 random(17);
  std::uniform_real_distribution<double> uniform;
  std::vector<events::EventRow> rows;
  for (uint32_t customer_no = 1; customer_no <= kCustomers; ++customer_no) {
    const double rate = std::gamma_distribution<double>(0.8, 1.0 / 40)(random) *
                        (IsGold(customer_no) ? 2 : 1);  // A day.
    const double stay = std::gamma_distribution<double>(2.5)(random);
    const double go = std::gamma_distribution<double>(0.8)(random);
    double day = std::floor(90 * uniform(random));
    while (day < 300) {
      rows.push_back(OrderRow(customer_no, kFirstDay + static_cast<TimeMicros>(day) * kMicrosPerDay,
                              20'000'000));
      if (uniform(random) < go / (go + stay)) break;
      day += std::max(1.0, std::exponential_distribution<double>(rate)(random));
    }
  }
  rows.push_back(OrderRow(kNewcomer, kStart - kMicrosPerDay, 20'000'000));
  return rows;
}

void SetPlan(Shop& shop, uint32_t customer_no, const std::string& plan, int64_t seconds = 1,
             uint32_t merged_into = 0) {
  store::v1::CustomerRecord record;
  v1::Attribute& attribute = (*record.mutable_attributes())["plan"];
  attribute.mutable_value()->set_string_value(plan);
  attribute.mutable_update_time()->set_seconds(seconds);
  record.set_merged_into(merged_into);
  RAPPORT_ASSERT_OK(shop.store()
                        .table(store::TableId::kCustomers)
                        .Apply({store::CustomerPartition(1, customer_no),
                                {{store::MergeKind::kSet, "", record.SerializeAsString()}}}));
}

void SetPlans(Shop& shop) {
  for (uint32_t i = 1; i <= kCustomers; ++i) SetPlan(shop, i, IsGold(i) ? "gold" : "basic");
  SetPlan(shop, kNewcomer, "gold");
}

void Configure(Shop& shop, bool covariate, bool group) {
  v1::Workspace workspace = TestWorkspace();
  workspace.mutable_value_settings()->set_purchase_model("mbg_nbd");
  if (covariate) workspace.mutable_value_settings()->add_covariate_attributes("plan");
  if (group) workspace.mutable_value_settings()->set_model_by("plan");
  shop.PutWorkspace(workspace);
}

NightlyOptions Now(bool full = false) {
  NightlyOptions options;
  options.as_of = kStart;
  options.full = full;
  options.threads = 2;
  return options;
}

v1::CustomerFacts FactsOf(Shop& shop, uint32_t customer_no) {
  v1::CustomerFacts facts;
  const auto row =
      shop.store().dataset().Get(store::DatasetId::kFacts, shop.Current()->generation(),
                                 store::CustomerKey{1, customer_no}.Encode());
  EXPECT_THAT(row, testing::IsOk());
  EXPECT_TRUE(row.ok() && facts.ParseFromString(*row));
  return facts;
}

template <typename Message>
Message ReportOf(Shop& shop, std::string_view name) {
  Message message;
  const auto row =
      shop.store().dataset().Get(store::DatasetId::kReports, shop.Current()->generation(),
                                 store::ReportKey{1, std::string(name)}.Encode());
  EXPECT_THAT(row, testing::IsOk());
  EXPECT_TRUE(row.ok() && message.ParseFromString(*row));
  return message;
}

TEST(NightlyAttributes, CovariatesOfTheFitAndOfEachCustomer) {
  Shop shop("attribute_covariates");
  Configure(shop, /*covariate=*/true, /*group=*/false);
  shop.Log(Orders());
  SetPlans(shop);
  RAPPORT_ASSERT_OK(shop.Night(Now()));
  const auto model = ReportOf<v1::ValueModel>(shop, facts::kValueModelReport);
  ASSERT_EQ(model.covariates_size(), 1);
  EXPECT_EQ(model.covariates(0).name(), "plan=gold");
  EXPECT_EQ(model.covariates(0).customer_count(), kCustomers / 3 + 1);
  ASSERT_EQ(model.effects_size(), 3);
  EXPECT_EQ(model.effects(0).parameter(), "alpha");
  EXPECT_NEAR(model.effects(0).value(), std::log(2), 4 * model.effects(0).standard_error());
  EXPECT_LT(model.effects(0).p_value(), 1e-4);
  ASSERT_TRUE(model.has_tracking());
  EXPECT_GT(model.holdout().days(), 30);
  // The same history under another plan.
  const v1::CustomerFacts gold = FactsOf(shop, kNewcomer);
  EXPECT_EQ(gold.value().covariates(0), 1);
  EXPECT_EQ(FactsOf(shop, 4).value().covariates(0), 0);
  SetPlan(shop, kNewcomer, "basic");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night(Now()));
  EXPECT_EQ(run.refolded_customer_count(), 0) << "no event came";
  const v1::CustomerFacts basic = FactsOf(shop, kNewcomer);
  EXPECT_EQ(basic.value().covariates(0), 0);
  EXPECT_EQ(basic.value().age_days(), gold.value().age_days());
  EXPECT_LT(basic.value().expected_purchases(), gold.value().expected_purchases());
  const auto incremental = shop.Derived();
  RAPPORT_ASSERT_OK(shop.Night(Now(/*full=*/true)));
  EXPECT_EQ(shop.Derived(), incremental);
}

TEST(NightlyAttributes, AMergedCustomersLaterAttributeHolds) {
  Shop shop("attribute_merge");
  Configure(shop, true, false);
  shop.Log(Orders());
  SetPlans(shop);
  SetPlan(shop, 3, "gold", /*seconds=*/5);
  SetPlan(shop, 5, "basic", /*seconds=*/9, /*merged_into=*/3);
  SetPlan(shop, 6, "gold", 5);
  SetPlan(shop, 7, "basic", 2, /*merged_into=*/6);
  RAPPORT_ASSERT_OK(shop.Night(Now()));
  EXPECT_EQ(FactsOf(shop, 3).value().covariates(0), 0);
  EXPECT_EQ(FactsOf(shop, 6).value().covariates(0), 1);
}

TEST(NightlyAttributes, ModelsAndEquityByGroup) {
  Shop shop("attribute_groups");
  Configure(shop, /*covariate=*/false, /*group=*/true);
  shop.Log(Orders());
  SetPlans(shop);
  RAPPORT_ASSERT_OK(shop.Night(Now()));
  const auto model = ReportOf<v1::ValueModel>(shop, facts::kValueModelReport);
  EXPECT_EQ(model.grouped_by(), "plan");
  ASSERT_EQ(model.segments_size(), 2);
  EXPECT_EQ(model.segments(1).segment(), "gold");
  EXPECT_EQ(model.segments(1).purchase_model(), "mbg_nbd") << model.segments(1).reason();
  EXPECT_EQ(FactsOf(shop, 3).value().model_segment(), "gold");
  EXPECT_EQ(FactsOf(shop, 4).value().model_segment(), "basic");
  const auto report = ReportOf<v1::ValueReport>(shop, facts::kValueReport);
  EXPECT_EQ(report.grouped_by(), "plan");
  ASSERT_EQ(report.by_group_size(), 2);
  EXPECT_EQ(report.by_group(0).customer_count() + report.by_group(1).customer_count(),
            report.customer_count());
  EXPECT_EQ(
      report.by_group(0).predicted_total().micros() + report.by_group(1).predicted_total().micros(),
      report.customer_equity().micros());
  const auto incremental = shop.Derived();
  RAPPORT_ASSERT_OK(shop.Night(Now(/*full=*/true)));
  EXPECT_EQ(shop.Derived(), incremental);
}

}  // namespace
}  // namespace rapport::jobs
