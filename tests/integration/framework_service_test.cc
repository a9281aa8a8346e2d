// SPDX-License-Identifier: Apache-2.0
// Frameworks through real stubs, before any night: own ones are stored and kept, errors name
// the field, journeys and reports are live. The clock stands at 2026-03-01T12:00Z.
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "lib/base/text.h"
#include "rapport/v1/framework_service.grpc.pb.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::FrameworkService::Stub;
using ::testing::ElementsAre;

constexpr char kClub[] = R"pb(
  framework: "club"
  display_name: "Club"
  stages {
    stage: "guest"
    display_name: "Guest"
    owners: "door"
    entry { filter: "type = page_viewed" }
    exits { silence_days: 30 }
    skippable: true
  }
  stages {
    stage: "member"
    display_name: "Member"
    entry { filter: "type = order_placed AND amount >= 50" }
  }
)pb";

class FrameworkServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
    stub_ = v1::FrameworkService::NewStub(Connect());
  }
  void TearDown() override { stub_.reset(); }

  static v1::Framework Club() {
    v1::Framework framework;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kClub, &framework));
    return framework;
  }
  grpc::Status Create(const v1::Framework& framework, v1::Framework* response) {
    v1::CreateFrameworkRequest request;
    request.set_parent(kShop);
    *request.mutable_framework() = framework;
    return Call(*stub_, &Stub::CreateFramework, request, response);
  }
  std::vector<std::string> Listed() {
    v1::ListFrameworksRequest request;
    request.set_parent(kShop);
    request.set_page_size(4);
    std::vector<std::string> ids;
    do {
      v1::ListFrameworksResponse response;
      EXPECT_THAT(Call(*stub_, &Stub::ListFrameworks, request, &response), IsGrpcOk());
      for (const auto& framework : response.frameworks()) ids.push_back(framework.framework());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }
  v1::Event At(v1::Event event, int days_ago) const {
    event.mutable_event_time()->set_seconds(clock_.Now() / kMicrosPerSecond - days_ago * 86'400);
    return event;
  }
  v1::CustomerJourney Journey(const std::string& customer, const std::string& framework) {
    v1::GetCustomerJourneyRequest request;
    request.set_name(Cat(kShop, "/customers/", customer));
    request.set_framework(framework);
    v1::GetCustomerJourneyResponse response;
    EXPECT_THAT(Call(*stub_, &Stub::GetCustomerJourney, request, &response), IsGrpcOk());
    EXPECT_EQ(response.journeys_size(), 1);
    return response.journeys(0);
  }

  std::unique_ptr<Stub> stub_;
};

TEST_F(FrameworkServiceTest, KeepsOwnFrameworksBesideTheBuiltIn) {
  EXPECT_THAT(Listed(), ElementsAre("aarrr", "aidae", "laer", "mckinsey", "value"));
  v1::Framework created;
  ASSERT_THAT(Create(Club(), &created), IsGrpcOk());
  EXPECT_EQ(created.name(), "workspaces/shop/frameworks/club");
  EXPECT_TRUE(created.custom());
  EXPECT_THAT(Create(Club(), &created),
              FailsWithCode(grpc::StatusCode::ALREADY_EXISTS, "RESOURCE_EXISTS"));
  EXPECT_THAT(Listed(), ElementsAre("aarrr", "aidae", "club", "laer", "mckinsey", "value"));

  v1::UpdateFrameworkRequest update;
  *update.mutable_framework() = created;
  update.mutable_framework()->set_display_name("The club");
  v1::Framework updated;
  ASSERT_THAT(Call(*stub_, &Stub::UpdateFramework, update, &updated), IsGrpcOk());
  EXPECT_NE(updated.etag(), created.etag());
  EXPECT_THAT(Call(*stub_, &Stub::UpdateFramework, update, &updated),
              FailsWithCode(grpc::StatusCode::ABORTED, "ETAG_MISMATCH"));

  stub_.reset();
  Stop();
  Start();  // It is stored.
  stub_ = v1::FrameworkService::NewStub(Connect());
  v1::GetFrameworkRequest get;
  get.set_name("workspaces/shop/frameworks/club");
  v1::Framework read;
  ASSERT_THAT(Call(*stub_, &Stub::GetFramework, get, &read), IsGrpcOk());
  EXPECT_EQ(read.display_name(), "The club");

  v1::DeleteFrameworkRequest remove;
  remove.set_name(get.name());
  google::protobuf::Empty nothing;
  EXPECT_THAT(Call(*stub_, &Stub::DeleteFramework, remove, &nothing), IsGrpcOk());
  EXPECT_THAT(Call(*stub_, &Stub::GetFramework, get, &read),
              FailsWithCode(grpc::StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  remove.set_name("workspaces/shop/frameworks/aarrr");
  EXPECT_THAT(Call(*stub_, &Stub::DeleteFramework, remove, &nothing),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "BUILT_IN_FRAMEWORK"));
}

TEST_F(FrameworkServiceTest, NamesTheFieldThatIsWrong) {
  v1::Framework created;
  v1::Framework bad = Club();
  bad.mutable_stages(1)->mutable_entry(0)->set_filter("type = order_plcd");
  EXPECT_THAT(Create(bad, &created),
              RefusesField("framework.stages[1].entry[0].filter", "BAD_FILTER"));
  bad = Club();
  bad.set_framework("value");
  EXPECT_THAT(Create(bad, &created), RefusesField("framework.framework", "BUILT_IN_FRAMEWORK"));

  v1::QueryFrameworkRequest query;
  query.set_name("workspaces/shop/frameworks/value");
  query.set_filter("stage = LOYAL AND chanel = web");
  v1::FrameworkReport report;
  EXPECT_THAT(Call(*stub_, &Stub::QueryFramework, query, &report),
              RefusesField("filter", "UNKNOWN_FIELD"));
  query.clear_filter();
  query.set_start_date("2026-03-05");
  EXPECT_THAT(Call(*stub_, &Stub::QueryFramework, query, &report),
              RefusesField("start_date", "INVERTED_RANGE"));
  query.clear_start_date();
  query.mutable_time_budget()->set_seconds(-1);
  EXPECT_THAT(Call(*stub_, &Stub::QueryFramework, query, &report),
              RefusesField("time_budget", "OUT_OF_RANGE"));

  v1::ListStageCustomersRequest list;
  list.set_name("workspaces/shop/frameworks/value");
  list.set_stage("advocacy");
  v1::ListStageCustomersResponse listed;
  EXPECT_THAT(Call(*stub_, &Stub::ListStageCustomers, list, &listed),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
}

TEST_F(FrameworkServiceTest, JourneysAreLive) {
  v1::Framework created;
  ASSERT_THAT(Create(Club(), &created), IsGrpcOk());
  Ingest({At(PageView("p1", "ann"), 40), At(PageView("p2", "bob"), 20)});
  v1::CustomerJourney ann = Journey("ann", "club");
  EXPECT_EQ(ann.current_stage(), "left");
  EXPECT_EQ(ann.why(), "left from Guest: 30 days of silence");
  EXPECT_EQ(ann.since().seconds(), clock_.Now() / kMicrosPerSecond - 10 * 86'400);

  // Bob buys; what ann did earlier comes late and restates.
  Ingest({At(Order("o1", "bob", 60), 5), At(Order("o2", "bob", 40), 4),
          At(PageView("p3", "ann"), 15)});
  const v1::CustomerJourney bob = Journey("bob", "club");
  EXPECT_EQ(bob.current_stage(), "member");
  EXPECT_EQ(bob.why(), "forward from Guest: order_placed");
  ASSERT_EQ(bob.visits_size(), 2);
  EXPECT_EQ(bob.visits(1).evidence_event_id(), "o1");
  EXPECT_EQ(bob.visits(1).evidence_count(), 1);  // 40 euros are no evidence.
  EXPECT_EQ(bob.visits(1).revenue().micros(), 100'000'000);
  EXPECT_EQ(Journey("ann", "club").current_stage(), "guest");

  v1::GetCustomerJourneyRequest all;
  all.set_name(Cat(kShop, "/customers/bob"));
  v1::GetCustomerJourneyResponse response;
  ASSERT_THAT(Call(*stub_, &Stub::GetCustomerJourney, all, &response), IsGrpcOk());
  EXPECT_EQ(response.journeys_size(), 6);
  EXPECT_EQ(response.context().sample_size(), 3);
  EXPECT_EQ(response.context().view(), v1::VIEW_LIVE);
}

TEST_F(FrameworkServiceTest, ReportsAreLiveBeforeTheFirstNight) {
  v1::Framework created;
  ASSERT_THAT(Create(Club(), &created), IsGrpcOk());
  Ingest({At(PageView("p1", "ann"), 40), At(PageView("p2", "bob"), 20),
          At(Order("o1", "bob", 60), 5), At(PageView("p3", "cid"), 3)});
  v1::QueryFrameworkRequest query;
  query.set_name("workspaces/shop/frameworks/club");
  v1::FrameworkReport report;
  ASSERT_THAT(Call(*stub_, &Stub::QueryFramework, query, &report), IsGrpcOk());
  EXPECT_EQ(report.context().view(), v1::VIEW_LIVE);
  EXPECT_EQ(report.context().start_date(), "2025-03-02");
  EXPECT_EQ(report.context().sample_size(), 3);
  EXPECT_EQ(report.stages(0).entrant_count(), 3);
  EXPECT_EQ(report.stages(0).went_on_count(), 1);
  EXPECT_EQ(report.stages(0).customer_count(), 1);
  EXPECT_EQ(report.stages(1).customer_count(), 1);
  EXPECT_EQ(report.biggest_leak(), "guest");
  EXPECT_EQ(report.actions(0).owner(), "door");
  query.set_filter("summary.order_count > 0");  // Bob alone.
  ASSERT_THAT(Call(*stub_, &Stub::QueryFramework, query, &report), IsGrpcOk());
  EXPECT_EQ(report.stages(0).entrant_count(), 1);
  EXPECT_EQ(report.stages(0).leak().lost_count(), 0);
}

}  // namespace
}  // namespace rapport::testing
