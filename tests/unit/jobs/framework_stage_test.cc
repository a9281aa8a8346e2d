// SPDX-License-Identifier: Apache-2.0
// What the stage stores is what a walk over each customer's events says, and the reports
// are the sums of those walks. That threads, nights before and --full do not show in the
// bytes is held by nightly_test.cc for all datasets.
#include "jobs/stages/framework_stage.h"

#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "lib/frameworks/registry.h"
#include "lib/frameworks/report.h"
#include "lib/frameworks/walk.h"
#include "lib/store/definitions.h"
#include "rapport/store/v1/framework.pb.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Rows = std::map<std::string, std::string>;

constexpr TimeMicros kDay = kMicrosPerDay;

events::EventRow TypeRow(events::CustomerNo customer_no, TimeMicros time, v1::EventType type) {
  events::EventRow row;
  row.customer_no = customer_no;
  row.time = time;
  row.type = static_cast<uint16_t>(type);
  return row;
}

class FrameworkStageTest : public ::testing::Test {
 protected:
  Rows Standings() {
    Rows rows;
    const auto cursor = shop_.store().dataset().Scan(store::DatasetId::kStandings,
                                                     shop_.Current()->generation(), {});
    for (; cursor->Valid(); cursor->Next()) rows.emplace(cursor->Key(), cursor->Value());
    RAPPORT_EXPECT_OK(cursor->status());
    return rows;
  }
  store::v1::StoredFrameworks Stored() {
    store::v1::StoredFrameworks stored;
    const auto row =
        shop_.store().dataset().Get(store::DatasetId::kReports, shop_.Current()->generation(),
                                    store::ReportKey{1, "frameworks"}.Encode());
    RAPPORT_EXPECT_OK(row);
    EXPECT_TRUE(stored.ParseFromString(row.value_or("")));
    return stored;
  }
  // Customers of a stage (from 1; 0: left).
  std::vector<uint32_t> Customers(std::string_view framework, uint8_t stage) {
    std::vector<uint32_t> customers;
    uint32_t number = 0;
    const store::v1::StoredFrameworks stored = Stored();
    for (const auto& entry : stored.frameworks()) {
      if (entry.framework() == framework) number = entry.number();
    }
    for (const auto& [key, value] : Standings()) {
      const auto standing = store::StandingKey::Decode(key);
      if (standing->framework_no == number && standing->stage == stage) {
        customers.push_back(standing->customer_no);
        EXPECT_EQ(value, "");
      }
    }
    return customers;
  }
  void Define(const v1::Framework& framework) {
    store::Definitions definitions(shop_.store().table(store::TableId::kDefinitions), 1);
    const store::DefinitionChange row{store::DefinitionKind::kFramework, framework.framework(),
                                      framework.SerializeAsString()};
    RAPPORT_ASSERT_OK(definitions.Write({&row, 1}));
  }

  Shop shop_{"frameworks"};
};

// What a walk says of one customer is what its row and its place by stage say.
void ExpectStored(const Rows& standings, uint16_t number, uint32_t customer_no,
                  const frameworks::Journey& journey) {
  EXPECT_TRUE(
      standings.contains(store::StandingKey{1, number, journey.stage, customer_no}.Encode()));
  const auto row = standings.find(store::StandingKey{1, 0, 0, customer_no}.Encode());
  ASSERT_NE(row, standings.end());
  store::v1::CustomerStandings own;
  ASSERT_TRUE(own.ParseFromString(row->second));
  const auto found = std::ranges::find_if(
      own.standings(), [&](const auto& each) { return each.framework_no() == number; });
  ASSERT_NE(found, own.standings().end());
  const frameworks::Visit& last = journey.visits.back();
  const bool inside = journey.stage != 0;
  EXPECT_EQ(found->stage(), journey.stage);
  EXPECT_EQ(found->since_micros(), inside ? last.entered : last.left);
  EXPECT_EQ(found->kind(), inside ? last.kind : last.left_by);
  EXPECT_EQ(found->visit_count(), journey.visits.size());
}

using Timelines = std::map<uint32_t, std::vector<EventColumns>>;

Timelines TimelinesOf(std::vector<events::EventRow> rows) {
  std::ranges::sort(rows, events::TimelineLess);
  Timelines timelines;
  for (const events::EventRow& row : rows) timelines[row.customer_no].push_back(ColumnsOf(row));
  return timelines;
}

TEST_F(FrameworkStageTest, StoresWhatAWalkOverEachCustomerSays) {
  const auto rows = RandomRows(3, 6'000, 700, kStart - 500 * kDay, kStart + 3 * kDay);
  shop_.Log(rows);
  NightlyOptions options;
  options.as_of = kStart;
  RAPPORT_ASSERT_OK(shop_.Night(options));
  const Rows standings = Standings();
  filter::NameLists names;
  metrics::Scope scope;
  scope.calendar = *Calendar::Create("Europe/Berlin", WeekStart::kMonday);
  scope.base_currency = PackCurrency("EUR").value();
  scope.names = &names;
  scope.as_of = kStart;
  const CivilDays end = scope.as_of_day() + 1;
  const frameworks::ReportWindow window{scope.calendar.StartOf(AddMonths(end, -12)),
                                        scope.calendar.StartOf(end)};
  const Timelines timelines = TimelinesOf(rows);
  const store::v1::StoredFrameworks stored = Stored();
  ASSERT_EQ(stored.frameworks_size(), 5);
  size_t places = 0;
  for (const store::v1::StoredFramework& entry : stored.frameworks()) {
    SCOPED_TRACE(entry.framework());
    const v1::Framework framework = **frameworks::Registry().Find(entry.framework());
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto compiled,
                                 frameworks::CompiledFramework::Create(framework, scope));
    frameworks::JourneyWalk walk(compiled);
    frameworks::ReportSums sums(compiled, window);
    for (const auto& [customer_no, events] : timelines) {
      filter::CustomerEvents customer;
      customer.events = events;
      const frameworks::Journey& journey = walk.Walk(customer);
      sums.Add(journey);
      if (journey.visits.empty()) continue;
      ++places;
      ExpectStored(standings, static_cast<uint16_t>(entry.number()), customer_no, journey);
    }
    EXPECT_EQ(entry.report().SerializeAsString(), sums.Answer().SerializeAsString());
  }
  EXPECT_GT(places, 1'000U);
  const auto own_rows = std::ranges::count_if(standings, [](const auto& row) {
    return store::StandingKey::Decode(row.first)->framework_no == 0;
  });
  EXPECT_EQ(standings.size(), places + static_cast<size_t>(own_rows));
}

TEST_F(FrameworkStageTest, SilenceMovesCustomersWithoutEvents) {
  shop_.Log({TypeRow(7, kStart - 10 * kDay, v1::EVENT_TYPE_PRODUCT_VIEWED)});
  RAPPORT_ASSERT_OK(shop_.Night());
  EXPECT_THAT(Customers("mckinsey", 2), ElementsAre(7));
  EXPECT_THAT(Customers("mckinsey", 0), IsEmpty());
  shop_.clock().Set(kStart + 49 * kDay);
  RAPPORT_ASSERT_OK(shop_.Night());
  EXPECT_THAT(Customers("mckinsey", 2), ElementsAre(7));
  shop_.clock().Set(kStart + 50 * kDay);  // 60 days after the look.
  RAPPORT_ASSERT_OK(shop_.Night());
  EXPECT_THAT(Customers("mckinsey", 2), IsEmpty());
  EXPECT_THAT(Customers("mckinsey", 0), ElementsAre(7));
}

TEST_F(FrameworkStageTest, WalksOwnFrameworksAndPassesOverThoseItCannot) {
  v1::Framework own = **frameworks::Registry().Find("laer");
  own.set_framework("own");
  own.mutable_stages(0)->mutable_entry(0)->set_filter("type = signed_up");
  Define(own);
  own.set_framework("lost");  // Of a custom type that never came.
  own.mutable_stages(0)->mutable_entry(0)->set_filter("type = gave_talk");
  Define(own);
  shop_.Log({TypeRow(3, kStart - kDay, v1::EVENT_TYPE_SIGNED_UP)});
  RAPPORT_ASSERT_OK(shop_.Night());
  std::vector<std::string> walked;
  const store::v1::StoredFrameworks stored = Stored();
  for (const auto& entry : stored.frameworks()) walked.push_back(entry.framework());
  EXPECT_THAT(walked, ElementsAre("aarrr", "aidae", "laer", "mckinsey", "own", "value"));
  EXPECT_THAT(Customers("own", 1), ElementsAre(3));
  EXPECT_THAT(Customers("laer", 1), IsEmpty());
}

TEST_F(FrameworkStageTest, ReadsPayloadsOfEventsSealedTheSameNight) {
  v1::Framework own = **frameworks::Registry().Find("laer");
  own.set_framework("own");
  own.mutable_stages(0)->mutable_entry(0)->set_filter(
      "type = signed_up AND event_id = \"event-2\"");
  Define(own);
  shop_.Log({TypeRow(3, kStart - kDay, v1::EVENT_TYPE_SIGNED_UP),
             TypeRow(4, kStart - kDay, v1::EVENT_TYPE_SIGNED_UP)});
  RAPPORT_ASSERT_OK(shop_.Night());
  EXPECT_THAT(Customers("own", 1), ElementsAre(4));
  shop_.Log({TypeRow(5, kStart - kDay, v1::EVENT_TYPE_SIGNED_UP)});
  shop_.clock().Advance(kDay);
  RAPPORT_ASSERT_OK(shop_.Night());
  EXPECT_THAT(Customers("own", 1), ElementsAre(4));
}

TEST_F(FrameworkStageTest, MergedCustomersWalkAsOne) {
  shop_.Log({TypeRow(1, kStart - 5 * kDay, v1::EVENT_TYPE_PRODUCT_VIEWED),
             OrderRow(2, kStart - 3 * kDay, 5'000'000)});
  shop_.Merge(2, 1);
  RAPPORT_ASSERT_OK(shop_.Night());
  EXPECT_THAT(Customers("mckinsey", 3), ElementsAre(1));
  EXPECT_THAT(Customers("mckinsey", 2), IsEmpty());
}

}  // namespace
}  // namespace rapport::jobs
