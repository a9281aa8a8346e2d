// SPDX-License-Identifier: Apache-2.0
// Segments through real stubs before any night: definitions, evaluation from events, errors.
// The clock stands at 2026-03-01T12:00Z. Nights: tests/clients/test_segments.py.
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "lib/base/text.h"
#include "rapport/v1/segment_service.grpc.pb.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::SegmentService::Stub;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRecent[] = R"pb(rule {
                                  behaviour {
                                    filter: "type = order_placed"
                                    window { rolling { length { days: 30 } } }
                                    times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 1 }
                                  }
                                })pb";

std::string NameOf(const std::string& id) { return Cat(kShop, "/segments/", id); }

class SegmentServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
    stub_ = v1::SegmentService::NewStub(Connect());
  }
  void TearDown() override { stub_.reset(); }

  v1::Event DaysAgo(v1::Event event, double days) const {
    const auto seconds = static_cast<int64_t>(days * 86'400);
    event.mutable_event_time()->set_seconds(clock_.Now() / kMicrosPerSecond - seconds);
    return event;
  }
  // anna ordered 5 and 50 days ago, ben 40 days ago, cleo has only looked.
  void IngestScenario() {
    Ingest({DaysAgo(Order("o1", "anna", 100), 5), DaysAgo(Order("o2", "anna", 50), 50),
            DaysAgo(Order("o3", "ben", 30), 40), DaysAgo(PageView("v1", "cleo"), 3)});
  }
  grpc::Status Create(const std::string& id, const std::string& text,
                      v1::Segment* response = nullptr) {
    v1::CreateSegmentRequest request;
    request.set_parent(kShop);
    request.set_segment_id(id);
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.mutable_segment()));
    v1::Segment ignored;
    return Call(*stub_, &Stub::CreateSegment, request, response == nullptr ? &ignored : response);
  }
  v1::SegmentCount Count(const std::string& id, double days_ago = -1) {
    v1::CountSegmentRequest request;
    request.set_name(NameOf(id));
    if (days_ago >= 0) {
      request.mutable_as_of()->set_seconds(clock_.Now() / kMicrosPerSecond -
                                           static_cast<int64_t>(days_ago * 86'400));
    }
    v1::SegmentCount count;
    EXPECT_THAT(Call(*stub_, &Stub::CountSegment, request, &count), IsGrpcOk());
    return count;
  }
  std::vector<std::string> Members(const std::string& id, int page_size = 100) {
    v1::ListSegmentCustomersRequest request;
    request.set_name(NameOf(id));
    request.set_order_by("number");
    request.set_page_size(page_size);
    std::vector<std::string> names;
    do {
      v1::ListSegmentCustomersResponse page;
      EXPECT_THAT(Call(*stub_, &Stub::ListSegmentCustomers, request, &page), IsGrpcOk());
      for (const auto& member : page.customers()) {
        names.push_back(member.customer().substr(member.customer().rfind('/') + 1));
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return names;
  }

  std::unique_ptr<Stub> stub_;
};

TEST_F(SegmentServiceTest, CountsAndListsFromEvents) {
  IngestScenario();
  v1::Segment made;
  ASSERT_THAT(Create("recent", kRecent, &made), IsGrpcOk());
  EXPECT_EQ(made.name(), NameOf("recent"));
  EXPECT_FALSE(made.etag().empty());
  EXPECT_FALSE(made.has_figures());
  ASSERT_THAT(Create("not_recent", "rule { none_of { rules { segment: 'recent' } } }"), IsGrpcOk());
  const v1::SegmentCount now = Count("recent");
  EXPECT_EQ(now.customer_count(), 1);
  EXPECT_EQ(now.universe(), 3);
  EXPECT_DOUBLE_EQ(now.share(), 1.0 / 3);
  EXPECT_EQ(now.context().notes(0), "No night has seen this definition: as of now.");
  EXPECT_THAT(Members("recent"), ElementsAre("anna"));
  EXPECT_THAT(Members("not_recent", 1), ElementsAre("ben", "cleo"));
  // 30 days ago: anna's order of 50 days ago was 20 days old, ben's 10; cleo did not exist.
  EXPECT_EQ(Count("recent", 30).customer_count(), 2);
  EXPECT_EQ(Count("recent", 30).universe(), 2);
  EXPECT_EQ(Count("not_recent", 30).customer_count(), 0);
  EXPECT_EQ(Count("recent", 60).universe(), 0);
  EXPECT_FALSE(Count("recent", 60).has_share());
}

TEST_F(SegmentServiceTest, CustomersByAttributesAndLists) {
  IngestScenario();
  v1::UpdateCustomerRequest update;  // Known by an attribute alone.
  update.set_allow_missing(true);
  update.mutable_customer()->set_name(Cat(kShop, "/customers/dora"));
  (*update.mutable_customer()->mutable_attributes())["tier"].mutable_value()->set_string_value(
      "gold");
  v1::Customer updated;
  ASSERT_THAT(
      Call(*stubs_->customers, &v1::CustomerService::Stub::UpdateCustomer, update, &updated),
      IsGrpcOk());
  ASSERT_THAT(Create("gold", "rule { customer: 'attributes.tier = gold' }"), IsGrpcOk());
  EXPECT_THAT(Members("gold"), ElementsAre("dora"));
  EXPECT_EQ(Count("gold").universe(), 4);
  ASSERT_THAT(Create("press", Cat("list { customers: '", kShop, "/customers/ben' customers: '",
                                  kShop, "/customers/dora' }")),
              IsGrpcOk());
  EXPECT_THAT(Members("press"), ElementsAre("ben", "dora"));
  EXPECT_EQ(Count("press").customer_count(), 2);
  v1::GetSegmentRequest get;
  get.set_name(NameOf("press"));
  v1::Segment press;
  ASSERT_THAT(Call(*stub_, &Stub::GetSegment, get, &press), IsGrpcOk());
  EXPECT_EQ(press.list().customer_count(), 2);
  EXPECT_THAT(press.list().customers(), IsEmpty());
  // An update without customers keeps the list, one with some replaces it.
  v1::UpdateSegmentRequest change;
  *change.mutable_segment() = press;
  change.mutable_segment()->set_display_name("Press");
  ASSERT_THAT(Call(*stub_, &Stub::UpdateSegment, change, &press), IsGrpcOk());
  EXPECT_THAT(Members("press"), ElementsAre("ben", "dora"));
  EXPECT_THAT(Call(*stub_, &Stub::UpdateSegment, change, &press),
              FailsWithCode(grpc::StatusCode::ABORTED, "ETAG_MISMATCH"));
  change.mutable_segment()->clear_etag();
  change.mutable_segment()->mutable_list()->add_customers(Cat(kShop, "/customers/anna"));
  ASSERT_THAT(Call(*stub_, &Stub::UpdateSegment, change, &press), IsGrpcOk());
  EXPECT_THAT(Members("press"), ElementsAre("anna"));
  EXPECT_THAT(Create("nobody", Cat("list { customers: '", kShop, "/customers/zoe' }")),
              RefusesField("segment.list.customers[0]", "UNKNOWN_CUSTOMER"));
}

TEST_F(SegmentServiceTest, SaysWhy) {
  IngestScenario();
  ASSERT_THAT(Create("recent", kRecent), IsGrpcOk());
  v1::TestSegmentRequest request;
  request.set_name(NameOf("recent"));
  request.set_customer(Cat(kShop, "/customers/ben"));
  v1::SegmentTest test;
  ASSERT_THAT(Call(*stub_, &Stub::TestSegment, request, &test), IsGrpcOk());
  EXPECT_FALSE(test.member());
  EXPECT_EQ(test.check().condition(), "[type = order_placed] at least once in the last 30 days");
  EXPECT_EQ(test.check().evidence(), "not then; last on 2026-01-20T12:00:00Z");
  request.set_customer(Cat(kShop, "/customers/anna"));
  ASSERT_THAT(Call(*stub_, &Stub::TestSegment, request, &test), IsGrpcOk());
  EXPECT_TRUE(test.member());
  // 25 days from now the order of 5 days ago is 30 days old.
  EXPECT_EQ(test.check().next_change_time().seconds(),
            clock_.Now() / kMicrosPerSecond + 25 * 86'400);
  request.set_customer(Cat(kShop, "/customers/zoe"));
  EXPECT_THAT(Call(*stub_, &Stub::TestSegment, request, &test),
              FailsWithCode(grpc::StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
}

TEST_F(SegmentServiceTest, PreviewsWithoutSaving) {
  IngestScenario();
  ASSERT_THAT(Create("recent", kRecent), IsGrpcOk());
  v1::PreviewSegmentRequest request;
  request.set_parent(kShop);
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(all_of {
             rules { none_of { rules { segment: "recent" } } }
             rules {
               aggregate {
                 figure: SEGMENT_FIGURE_REVENUE
                 comparator: SEGMENT_COMPARATOR_AT_LEAST
                 value: 30
               }
             }
           })pb",
      request.mutable_rule()));
  request.set_sample_size(10);
  v1::SegmentPreview preview;
  ASSERT_THAT(Call(*stub_, &Stub::PreviewSegment, request, &preview), IsGrpcOk());
  EXPECT_EQ(preview.count().customer_count(), 1);
  ASSERT_EQ(preview.customers_size(), 1);
  EXPECT_THAT(preview.customers(0).customer(), HasSubstr("customers/ben"));
  EXPECT_EQ(preview.rule(), "all of (none of (in segment recent); revenue at least 30, ever)");
  request.mutable_rule()->set_customer("stag = NEW");
  EXPECT_THAT(Call(*stub_, &Stub::PreviewSegment, request, &preview),
              RefusesField("rule.customer", "UNKNOWN_FIELD"));
  v1::ListSegmentsRequest list;
  list.set_parent(kShop);
  v1::ListSegmentsResponse all;
  ASSERT_THAT(Call(*stub_, &Stub::ListSegments, list, &all), IsGrpcOk());
  EXPECT_EQ(all.segments_size(), 1);
}

TEST_F(SegmentServiceTest, RefusesWhatCannotBe) {
  EXPECT_THAT(Create("Bad Id", kRecent), RefusesField("segment_id", "BAD_NAME"));
  EXPECT_THAT(Create("empty", ""), RefusesField("segment.rule", "REQUIRED"));
  EXPECT_THAT(Create("self", "rule { segment: 'self' }"), RefusesField("segment.rule", "CYCLE"));
  EXPECT_THAT(Create("lost", "rule { segment: 'nowhere' }"),
              RefusesField("segment.rule.segment", "UNKNOWN_SEGMENT"));
  ASSERT_THAT(Create("a", kRecent), IsGrpcOk());
  EXPECT_THAT(Create("a", kRecent),
              FailsWithCode(grpc::StatusCode::ALREADY_EXISTS, "RESOURCE_EXISTS"));
  ASSERT_THAT(Create("b", "rule { segment: 'a' }"), IsGrpcOk());
  v1::UpdateSegmentRequest circle;
  circle.mutable_segment()->set_name(NameOf("a"));
  circle.mutable_segment()->mutable_rule()->set_segment("b");
  v1::Segment response;
  const grpc::Status refused = Call(*stub_, &Stub::UpdateSegment, circle, &response);
  EXPECT_THAT(refused, RefusesField("segment.rule", "CYCLE"));
  EXPECT_THAT(refused.error_message(), HasSubstr("a > b > a"));
  v1::DeleteSegmentRequest gone;
  gone.set_name(NameOf("a"));
  google::protobuf::Empty nothing;
  EXPECT_THAT(Call(*stub_, &Stub::DeleteSegment, gone, &nothing),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "SEGMENT_IN_USE"));
  gone.set_name(NameOf("b"));
  EXPECT_THAT(Call(*stub_, &Stub::DeleteSegment, gone, &nothing), IsGrpcOk());
  EXPECT_THAT(Call(*stub_, &Stub::DeleteSegment, gone, &nothing),
              FailsWithCode(grpc::StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  gone.set_name(NameOf("a"));
  EXPECT_THAT(Call(*stub_, &Stub::DeleteSegment, gone, &nothing), IsGrpcOk());
  EXPECT_THAT(Create("a", kRecent), IsGrpcOk()) << "the id is free again";
  v1::CountSegmentRequest future;
  future.set_name(NameOf("a"));
  future.mutable_as_of()->set_seconds(clock_.Now() / kMicrosPerSecond + 1);
  v1::SegmentCount count;
  EXPECT_THAT(Call(*stub_, &Stub::CountSegment, future, &count),
              RefusesField("as_of", "IN_FUTURE"));
}

TEST_F(SegmentServiceTest, AnalysesWaitForTheFirstNight) {
  v1::QueryRfmGridRequest grid;
  grid.set_parent(kShop);
  v1::RfmGrid rfm;
  EXPECT_THAT(Call(*stub_, &Stub::QueryRfmGrid, grid, &rfm),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
  v1::DiscoverClustersRequest clusters;
  clusters.set_parent(kShop);
  v1::ClusterReport report;
  EXPECT_THAT(Call(*stub_, &Stub::DiscoverClusters, clusters, &report),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
  clusters.set_clusters(1);
  EXPECT_THAT(Call(*stub_, &Stub::DiscoverClusters, clusters, &report),
              RefusesField("clusters", "OUT_OF_RANGE"));
  v1::CompareSegmentsRequest compare;
  compare.set_parent(kShop);
  v1::SegmentComparison comparison;
  EXPECT_THAT(Call(*stub_, &Stub::CompareSegments, compare, &comparison),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
}

TEST_F(SegmentServiceTest, DefinitionsSurviveARestart) {
  IngestScenario();
  ASSERT_THAT(Create("recent", kRecent), IsGrpcOk());
  ASSERT_THAT(Create("press", Cat("list { customers: '", kShop, "/customers/ben' }")), IsGrpcOk());
  stub_.reset();
  Stop();
  Start();
  stub_ = v1::SegmentService::NewStub(Connect());
  EXPECT_THAT(Members("recent"), ElementsAre("anna"));
  EXPECT_THAT(Members("press"), ElementsAre("ben"));
}

}  // namespace
}  // namespace rapport::testing
