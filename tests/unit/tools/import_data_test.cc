// SPDX-License-Identifier: Apache-2.0
// The shipped mappings on the real files, against the figures of the data's README and a
// plain computation over the raw rows. Skipped, saying so, when the data are absent.
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tools/rapportctl/mapping.h"

namespace rapport::ctl {
namespace {

struct Totals {
  std::map<v1::EventType, int64_t> count;
  std::map<v1::EventType, int64_t> micros;
  std::map<v1::EventType, std::set<std::string>> customers;
  std::map<int, int64_t> nps;
  std::map<int, int64_t> csat;
  std::set<std::string> ids;
  int64_t items = 0;
  MappingTotals mapping;
};

void Count(const v1::Event& event, Totals& totals) {
  ++totals.count[event.type()];
  totals.ids.insert(event.event_id());
  totals.customers[event.type()].insert(event.customer_id());
  totals.micros[event.type()] += event.order().amount().micros() + event.refund().amount().micros();
  totals.items += event.order().items_size();
  if (event.type() == v1::EVENT_TYPE_NPS_ANSWERED) ++totals.nps[event.survey_answer().score()];
  if (event.type() == v1::EVENT_TYPE_CSAT_ANSWERED) ++totals.csat[event.survey_answer().score()];
}

class ShippedMapping : public ::testing::Test {
 protected:
  // Beside the source root, or where RAPPORT_DATA says.
  static std::string Folder() {
    const char* given = std::getenv("RAPPORT_DATA");
    return given != nullptr ? given : "../shared/data";
  }

  void Load(const std::string& mapping_name, const std::string& file) {
    path_ = Folder() + "/" + file;
    if (!std::filesystem::exists(path_)) {
      GTEST_SKIP() << "NOT TESTED: " << path_ << " is absent (set RAPPORT_DATA)";
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto text,
                                 LoadMapping("tools/mappings/" + mapping_name + ".textproto"));
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto mapping, Mapping::Compile(text));
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto input, Input::Open(path_));
    const Mapping::Sink sink{.event =
                                 [this](MappedEvent&& made) {
                                   Count(made.event, totals_);
                                   return absl::OkStatus();
                                 },
                             .refused =
                                 [](const RefusedRow& row) {
                                   ADD_FAILURE() << row.line << " " << row.message;
                                   return absl::OkStatus();
                                 }};
    RAPPORT_ASSERT_OK(mapping->Read(*input, sink));
    RAPPORT_ASSERT_OK(mapping->Finish(sink));
    totals_.mapping = mapping->totals();
    int64_t made = 0;
    for (const auto& [type, count] : totals_.count) made += count;
    EXPECT_EQ(made, totals_.mapping.events);
  }

  std::string path_;
  Totals totals_;
};

TEST_F(ShippedMapping, OnlineRetail) {
  Load("online_retail", "online_retail/online_retail.csv.gz");
  if (IsSkipped()) return;
  EXPECT_EQ(totals_.mapping.rows, 541'909);
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_ORDER_PLACED], 18'532);
  EXPECT_EQ(totals_.micros[v1::EVENT_TYPE_ORDER_PLACED], 8'911'407'904'000);
  EXPECT_EQ(totals_.customers[v1::EVENT_TYPE_ORDER_PLACED].size(), 4'338u);
  EXPECT_EQ(totals_.items, 397'884);
  // Cancelled invoices with a customer, summed over the raw file.
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_ORDER_REFUNDED], 3'654);
  EXPECT_EQ(totals_.micros[v1::EVENT_TYPE_ORDER_REFUNDED], 611'342'090'000);
  EXPECT_EQ(totals_.mapping.skipped["NO_CUSTOMER"], 135'080);
  EXPECT_EQ(totals_.mapping.skipped["NO_PRICE"], 40);
  EXPECT_EQ(totals_.ids.size(), 18'532u + 3'654u);
}

TEST_F(ShippedMapping, Cdnow) {
  Load("cdnow", "cdnow_sample/cdnow_sample.csv.gz");
  if (IsSkipped()) return;
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_ORDER_PLACED], 6'919);
  EXPECT_EQ(totals_.customers[v1::EVENT_TYPE_ORDER_PLACED].size(), 2'357u);
  EXPECT_EQ(totals_.ids.size(), 6'919u);
  EXPECT_TRUE(totals_.mapping.skipped.empty());
}

TEST_F(ShippedMapping, Sfo2017) {
  Load("sfo_2017", "sfo_2017/sfo_2017.csv.gz");
  if (IsSkipped()) return;
  int64_t promoters = totals_.nps[9] + totals_.nps[10];
  int64_t detractors = 0;
  for (int score = 0; score <= 6; ++score) detractors += totals_.nps[score];
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_NPS_ANSWERED], 2'746);
  EXPECT_EQ(promoters, 1'436);
  EXPECT_EQ(detractors, 342);
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_CSAT_ANSWERED], 2'688);
  EXPECT_NEAR(100.0 * static_cast<double>(totals_.csat[4] + totals_.csat[5]) / 2688, 82.0685, 5e-5);
  EXPECT_EQ(totals_.mapping.skipped["NO_ANSWER"], 2 * 2'831 - 2'746 - 2'688);
}

TEST_F(ShippedMapping, Rees46) {
  Load("rees46", "rees46_head/events.csv.gz");
  if (IsSkipped()) return;
  EXPECT_EQ(totals_.mapping.events, 17'434);
  EXPECT_EQ(totals_.ids.size(), 17'434u - 5);  // The source repeats five rows.
  EXPECT_EQ(totals_.customers[v1::EVENT_TYPE_PRODUCT_VIEWED].size(), 4'504u);
  EXPECT_EQ(totals_.customers[v1::EVENT_TYPE_CART_ITEM_ADDED].size(), 111u);
  EXPECT_EQ(totals_.customers[v1::EVENT_TYPE_ORDER_PLACED].size(), 193u);
  EXPECT_EQ(totals_.micros[v1::EVENT_TYPE_ORDER_PLACED], 59'442'630'000);
}

TEST_F(ShippedMapping, TwitterCare) {
  Load("twitter_care", "twitter_care/messages.csv.gz");
  if (IsSkipped()) return;
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_TICKET_OPENED], 525);
  EXPECT_EQ(totals_.count[v1::EVENT_TYPE_TICKET_FIRST_REPLIED], 40);
}

TEST(ShippedMappings, AllCompile) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tools/mappings")) {
    if (entry.path().extension() != ".textproto") continue;
    const auto text = LoadMapping(entry.path().string());
    ASSERT_TRUE(text.ok()) << text.status();
    const auto mapping = Mapping::Compile(*text);
    EXPECT_TRUE(mapping.ok()) << entry.path() << ": " << mapping.status();
    ++count;
  }
  EXPECT_GE(count, 8);
}

}  // namespace
}  // namespace rapport::ctl
