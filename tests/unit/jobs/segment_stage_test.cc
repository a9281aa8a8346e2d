// SPDX-License-Identifier: Apache-2.0
// Nights over segments: members, entries and exits with their moments, order by value.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/segment_store/definition_rows.h"
#include "lib/segment_store/night_rows.h"
#include "lib/segments/rfm_grid.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

using segment_store::NightRows;
using store::SegmentRow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDay = kMicrosPerDay;

constexpr char kRecent[] = R"pb(rule {
                                  behaviour {
                                    filter: "type = order_placed"
                                    window { rolling { length { days: 30 } } }
                                    times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 1 }
                                  }
                                })pb";

class SegmentStageTest : public ::testing::Test {
 protected:
  void Define(Shop& shop, const std::string& id, uint32_t number, const std::string& segment,
              const std::vector<uint32_t>& list = {}) {
    segments::StoredSegment stored;
    stored.id = id;
    stored.record.set_number(number);
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(segment, stored.record.mutable_segment()));
    stored.list = segments::Bitmap(list);
    store::Definitions definitions(shop.store().table(store::TableId::kDefinitions), 1);
    RAPPORT_ASSERT_OK(definitions.Write(segment_store::ChangesOf(stored, {})));
  }
  void Night(Shop& shop, TimeMicros at, bool full = false, int threads = 2) {
    shop.clock().Set(at);
    NightlyOptions options;
    options.full = full;
    options.threads = threads;
    const auto run = shop.Night(options);
    RAPPORT_ASSERT_OK(run);
  }
  NightRows Rows(Shop& shop) { return {shop.store().dataset(), shop.Current()->generation(), 1}; }
  std::vector<uint32_t> Numbers(Shop& shop, SegmentRow row, uint32_t segment_no) {
    const auto set = Rows(shop).Set(row, segment_no);
    RAPPORT_EXPECT_OK(set);
    return set.ok() ? set->From(0, set->size()) : std::vector<uint32_t>();
  }
  // "customer in|out hours-before-the-night [~]", newest night first.
  std::vector<std::string> Changes(Shop& shop, uint32_t segment_no) {
    std::vector<std::string> changes;
    RAPPORT_EXPECT_OK(Rows(shop).ForEachChanges(
        segment_no, 0, [&](uint64_t, const store::v1::SegmentChanges& row) -> absl::StatusOr<bool> {
          for (int i = 0; i < row.customers_size(); ++i) {
            changes.push_back(Cat(row.customers(i), (row.flags(i) & 1) != 0 ? " in " : " out ",
                                  row.ages(i) / (kDay / 24), (row.flags(i) & 2) != 0 ? "~" : ""));
          }
          return true;
        }));
    return changes;
  }
  store::v1::SegmentNight NightOf(Shop& shop, uint32_t segment_no) {
    const auto night = Rows(shop).Night(segment_no);
    RAPPORT_EXPECT_OK(night);
    return night.ok() && night->has_value() ? **night : store::v1::SegmentNight();
  }

  Shop shop_{"segments"};
};

TEST_F(SegmentStageTest, MembersOrderAndDue) {
  Define(shop_, "recent", 1, kRecent);
  Define(shop_, "silent", 2, "rule { none_of { rules { segment: 'recent' } } }");
  Define(shop_, "vip", 5, "list {}", {2, 3});
  // Customer 1 ordered 29 days before the night, 2 yesterday for more, 3 long ago.
  const TimeMicros night = kStart + 100 * kDay;
  shop_.Log({OrderRow(1, night - 29 * kDay, 10'000'000), OrderRow(2, night - kDay, 90'000'000),
             OrderRow(3, night - 90 * kDay, 50'000'000)});
  Night(shop_, night);
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 1), ElementsAre(1, 2));
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 2), ElementsAre(3));
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 5), ElementsAre(2, 3));
  // Without a model nothing is predicted: the order is by value to date, 2 (90), 3 (50), 1 (10).
  const std::vector<uint32_t> places = {0, 1, 2};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto order, Rows(shop_).CustomersAt(places));
  EXPECT_THAT(order, ElementsAre(2, 3, 1));
  EXPECT_THAT(Numbers(shop_, SegmentRow::kRanked, 1), ElementsAre(0, 2));
  // Within two days customer 1 turns 30 days old and goes over from recent to silent.
  EXPECT_THAT(Numbers(shop_, SegmentRow::kDue, 1), ElementsAre(1));
  EXPECT_THAT(Numbers(shop_, SegmentRow::kDue, 2), ElementsAre(1));
  const store::v1::SegmentNight recent = NightOf(shop_, 1);
  EXPECT_EQ(recent.segment(), "recent");
  EXPECT_EQ(recent.figures().customer_count(), 2);
  EXPECT_EQ(recent.figures().universe(), 3);
  EXPECT_EQ(recent.figures().entered_count(), 0) << "a first night has nothing to compare with";
  EXPECT_EQ(recent.figures().historic_value().micros(), 100'000'000);
  EXPECT_EQ(recent.workspace_historic_micros(), 150'000'000);
  EXPECT_EQ(recent.due_until(), night + 2 * kDay);
  EXPECT_THAT(Changes(shop_, 1), IsEmpty());
  RAPPORT_ASSERT_OK_AND_ASSIGN(const bool holds, Rows(shop_).Holds(1, 2));
  EXPECT_TRUE(holds);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const bool lacks, Rows(shop_).Holds(1, 3));
  EXPECT_FALSE(lacks);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto cells, Rows(shop_).Rfm());
  ASSERT_TRUE(cells.has_value());
  segments::RfmSums rfm;
  RAPPORT_ASSERT_OK(rfm.Decode(*cells));
  EXPECT_EQ(rfm.Answer("EUR").customer_count(), 3);
  EXPECT_EQ(rfm.Answer("EUR").revenue().micros(), 150'000'000);
}

TEST_F(SegmentStageTest, EntriesAndExitsWithTheirMoments) {
  Define(shop_, "recent", 1, kRecent);
  const TimeMicros first = kStart + 100 * kDay;
  shop_.Log({OrderRow(1, first - 29 * kDay - 6 * kDay / 24, 10'000'000),
             OrderRow(2, first - kDay, 90'000'000), OrderRow(3, first - 90 * kDay, 50'000'000)});
  Night(shop_, first);
  // Customer 3 orders again 5 hours before the second night. Customer 1's order turns 30 days
  // old 18 hours after the first night: 6 hours before the second.
  const TimeMicros second = first + kDay;
  shop_.Log({OrderRow(3, second - 5 * kDay / 24, 1'000'000)});
  Night(shop_, second);
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 1), ElementsAre(2, 3));
  EXPECT_THAT(Changes(shop_, 1), ElementsAre("3 in 5", "1 out 6"));
  EXPECT_EQ(NightOf(shop_, 1).figures().entered_count(), 1);
  EXPECT_EQ(NightOf(shop_, 1).figures().left_count(), 1);
  ASSERT_EQ(NightOf(shop_, 1).history_size(), 1);
  EXPECT_EQ(NightOf(shop_, 1).history(0).customer_count(), 2);
  // Nothing happens: the changes are carried over, the history grows.
  Night(shop_, second + kDay);
  EXPECT_THAT(Changes(shop_, 1), ElementsAre("3 in 5", "1 out 6"));
  EXPECT_EQ(NightOf(shop_, 1).history_size(), 2);
  EXPECT_EQ(NightOf(shop_, 1).figures().entered_count(), 0);
  // An order of customer 1 comes 10 days late: it makes it a member in hindsight, so the
  // moment lies before the night that did not know it.
  shop_.Log({OrderRow(1, second - 9 * kDay, 1'000'000)});
  Night(shop_, second + 2 * kDay);
  EXPECT_THAT(Changes(shop_, 1), ElementsAre("1 in 0~", "3 in 5", "1 out 6"));
  // Old changes go after 90 days.
  Night(shop_, second + 91 * kDay);
  EXPECT_THAT(Changes(shop_, 1), ::testing::Not(::testing::Contains("1 out 6")));
}

TEST_F(SegmentStageTest, ANewRuleBeginsAnew) {
  Define(shop_, "recent", 1, kRecent);
  const TimeMicros first = kStart + 100 * kDay;
  shop_.Log({OrderRow(1, first - 20 * kDay, 10'000'000), OrderRow(2, first - kDay, 90'000'000)});
  Night(shop_, first);
  std::string shorter = kRecent;
  shorter.replace(shorter.find("days: 30"), 8, "days: 10");
  Define(shop_, "recent", 1, shorter);
  Night(shop_, first + kDay);
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 1), ElementsAre(2));
  EXPECT_THAT(Changes(shop_, 1), IsEmpty()) << "customer 1 did not leave: the rule is another";
  EXPECT_EQ(NightOf(shop_, 1).history_size(), 0);
}

TEST_F(SegmentStageTest, FactsListsAndMerges) {
  Define(shop_, "new_ones", 1, "rule { customer: 'stage = NEW' }");
  Define(shop_, "gold", 2, "rule { customer: 'attributes.tier = gold' }");
  Define(shop_, "list", 3, "list {}", {1, 4});
  const TimeMicros first = kStart + 100 * kDay;
  shop_.Log({OrderRow(1, first - kDay, 10'000'000), OrderRow(2, first - 80 * kDay, 90'000'000)});
  store::v1::CustomerRecord record;
  (*record.mutable_attributes())["tier"].mutable_value()->set_string_value("gold");
  for (const uint32_t customer_no : {2, 7}) {  // 7 has no event at all.
    RAPPORT_ASSERT_OK(shop_.store()
                          .table(store::TableId::kCustomers)
                          .Apply({store::CustomerPartition(1, customer_no),
                                  {{store::MergeKind::kSet, "", record.SerializeAsString()}}}));
  }
  Night(shop_, first);
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 1), ElementsAre(1));
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 2), ElementsAre(2, 7));
  EXPECT_EQ(NightOf(shop_, 2).figures().universe(), 3);
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 3), ElementsAre(1)) << "4 is nobody";
  // 1 is merged into 2: the list follows, and nobody has come or gone but 2 in facts.
  shop_.Merge(1, 2);
  Night(shop_, first + kDay);
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 3), ElementsAre(2));
  EXPECT_THAT(Changes(shop_, 3), IsEmpty());
  EXPECT_THAT(Numbers(shop_, SegmentRow::kMembers, 2), ElementsAre(2, 7));
}

TEST_F(SegmentStageTest, TheSameBytesWhateverThreadsAndFullOrIncremental) {
  const auto fill = [&](Shop& shop, bool full, int threads) {
    Define(shop, "recent", 1, kRecent);
    Define(shop, "high", 2,
           "rule { aggregate { figure: SEGMENT_FIGURE_REVENUE "
           "comparator: SEGMENT_COMPARATOR_AT_LEAST value: 150 } }");
    Define(shop, "both", 3,
           "rule { all_of { rules { segment: 'recent' } rules { segment: 'high' } "
           "rules { customer: 'rfm.recency_score >= 3' } } }");
    const TimeMicros begin = kStart;
    shop.Log(RandomRows(1, 6'000, 20'000, begin, begin + 100 * kDay));
    Night(shop, begin + 100 * kDay, full, threads);
    for (int day = 100; day < 103; ++day) {
      shop.Log(RandomRows(static_cast<uint64_t>(day), 300, 20'000, begin + (day - 5) * kDay,
                          begin + (day + 1) * kDay));
      Night(shop, begin + (day + 1) * kDay, full, threads);
    }
  };
  fill(shop_, false, 1);
  const std::string incremental = shop_.Derived()["segments"];
  EXPECT_FALSE(incremental.empty());
  EXPECT_FALSE(Changes(shop_, 1).empty());
  Shop other("segments-full");
  fill(other, true, 3);
  EXPECT_EQ(other.Derived()["segments"], incremental);
}

}  // namespace
}  // namespace rapport::jobs
