// SPDX-License-Identifier: Apache-2.0
// Funnels, lists, pain points, paths and effects through real stubs, live. Forty customers
// view; thirty put into the cart; of these the ten that came by e-mail all buy, of the twenty
// from the web five. The clock stands at 2026-03-01T12:00Z.
#include <memory>
#include <string>
#include <vector>

#include "lib/base/text.h"
#include "rapport/v1/journey_service.grpc.pb.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::JourneyService::Stub;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kHour = 3600;

class JourneyServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
    stub_ = v1::JourneyService::NewStub(Connect());
    for (int i = 0; i < 40; ++i) IngestCustomer(i);
  }
  void TearDown() override { stub_.reset(); }

  v1::Event At(int customer, v1::EventType type, double hours_ago, v1::Channel channel) {
    v1::Event event = PageView(Cat("e", ++events_), Cat(customer < 10 ? "c0" : "c", customer));
    event.set_type(type);
    event.set_channel(channel);
    event.mutable_event_time()->set_seconds(clock_.Now() / kMicrosPerSecond -
                                            static_cast<int64_t>(hours_ago * kHour));
    return event;
  }
  void IngestCustomer(int i) {
    const bool email = i < 10;
    const v1::Channel channel = email ? v1::CHANNEL_EMAIL : v1::CHANNEL_WEB;
    std::vector<v1::Event> events = {At(i, v1::EVENT_TYPE_SEARCHED, 48 + i, channel)};
    if (i < 30)
      events.push_back(At(i, v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED, 47.9 + i, channel));
    if (email || (i < 30 && i % 4 == 0)) {
      events.push_back(At(i, v1::EVENT_TYPE_SUPPORT_CONTACTED, 47.8 + i, channel));
    }
    Ingest(events);
  }

  static v1::Funnel ThreeSteps() {
    v1::Funnel funnel;
    funnel.add_steps()->set_filter("type = searched");
    funnel.add_steps()->set_filter("type = onboarding_step_completed");
    funnel.add_steps()->set_filter("type = support_contacted");
    funnel.mutable_window()->set_seconds(24 * kHour);
    return funnel;
  }
  template <typename Request>
  Request Question() {
    Request request;
    request.set_parent(kShop);
    *request.mutable_funnel() = ThreeSteps();
    return request;
  }

  std::unique_ptr<Stub> stub_;
  int events_ = 0;
};

TEST_F(JourneyServiceTest, Funnel) {
  auto request = Question<v1::QueryFunnelRequest>();
  request.set_group_by("channel");
  v1::QueryFunnelResponse answer;
  ASSERT_THAT(Call(*stub_, &Stub::QueryFunnel, request, &answer), IsGrpcOk());
  EXPECT_EQ(answer.total().steps(0).count(), 40);
  EXPECT_EQ(answer.total().steps(1).count(), 30);
  EXPECT_EQ(answer.total().steps(2).count(), 15);
  EXPECT_NEAR(answer.total().steps(1).time_from_previous().median_seconds(), 360, 1);
  ASSERT_EQ(answer.groups_size(), 2);
  EXPECT_EQ(answer.groups(0).group(), "web");
  EXPECT_EQ(answer.groups(0).completed(), 5);
  EXPECT_EQ(answer.groups(1).group(), "email");
  EXPECT_EQ(answer.groups(1).completed(), 10);
  EXPECT_EQ(answer.context().view(), v1::VIEW_LIVE);
  EXPECT_EQ(answer.context().sample_size(), 40);
  EXPECT_FALSE(answer.partial());
  EXPECT_EQ(answer.funnel().order(), v1::FUNNEL_ORDER_ORDERED);
}

TEST_F(JourneyServiceTest, FunnelErrors) {
  v1::QueryFunnelResponse answer;
  auto request = Question<v1::QueryFunnelRequest>();
  request.mutable_funnel()->mutable_steps(1)->set_filter("type = nothing");
  EXPECT_THAT(Call(*stub_, &Stub::QueryFunnel, request, &answer),
              RefusesField("funnel.steps[1].filter", "BAD_FILTER"));
  request = Question<v1::QueryFunnelRequest>();
  request.mutable_time_budget()->set_seconds(-1);
  EXPECT_THAT(Call(*stub_, &Stub::QueryFunnel, request, &answer),
              RefusesField("time_budget", "OUT_OF_RANGE"));
  request = Question<v1::QueryFunnelRequest>();
  request.set_view(v1::VIEW_NIGHTLY);
  EXPECT_FALSE(Call(*stub_, &Stub::QueryFunnel, request, &answer).ok());  // No generation yet.
}

TEST_F(JourneyServiceTest, CustomersPageByPage) {
  auto request = Question<v1::ListFunnelCustomersRequest>();
  request.set_step(3);
  request.set_side(v1::FUNNEL_SIDE_DROPPED);
  request.set_page_size(8);
  std::vector<std::string> names;
  do {
    v1::ListFunnelCustomersResponse page;
    ASSERT_THAT(Call(*stub_, &Stub::ListFunnelCustomers, request, &page), IsGrpcOk());
    EXPECT_EQ(page.total_size(), 15);
    for (const auto& customer : page.customers()) {
      EXPECT_EQ(customer.furthest_step(), 2);
      names.push_back(customer.customer().substr(customer.customer().rfind('/') + 1));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  // Who began first stands first: the highest numbers.
  EXPECT_THAT(names, ElementsAre("c29", "c27", "c26", "c25", "c23", "c22", "c21", "c19", "c18",
                                 "c17", "c15", "c14", "c13", "c11", "c10"));
  request.clear_page_token();
  request.set_side(v1::FUNNEL_SIDE_CONVERTED);
  request.set_group_by("channel");
  request.set_group("email");
  v1::ListFunnelCustomersResponse page;
  ASSERT_THAT(Call(*stub_, &Stub::ListFunnelCustomers, request, &page), IsGrpcOk());
  EXPECT_EQ(page.total_size(), 10);
  request.set_step(4);
  EXPECT_THAT(Call(*stub_, &Stub::ListFunnelCustomers, request, &page),
              RefusesField("step", "OUT_OF_RANGE"));
}

TEST_F(JourneyServiceTest, PainPoints) {
  auto request = Question<v1::FindPainPointsRequest>();
  request.add_dimensions("channel");
  request.add_dimensions("stage");
  v1::FindPainPointsResponse answer;
  ASSERT_THAT(Call(*stub_, &Stub::FindPainPoints, request, &answer), IsGrpcOk());
  ASSERT_EQ(answer.pain_points_size(), 2);
  const v1::PainPoint& worst = answer.pain_points(0);
  EXPECT_EQ(worst.from_step(), 2);
  EXPECT_EQ(worst.lost(), 15);
  ASSERT_EQ(worst.values_size(), 2);
  for (const auto& value : worst.values()) {
    EXPECT_EQ(value.dimension(), "channel");
    EXPECT_DOUBLE_EQ(value.conversion(), value.value() == "email" ? 1.0 : 0.25);
  }
}

TEST_F(JourneyServiceTest, Paths) {
  v1::QueryPathsRequest request;
  request.set_parent(kShop);
  v1::QueryPathsResponse answer;
  ASSERT_THAT(Call(*stub_, &Stub::QueryPaths, request, &answer), IsGrpcOk());
  EXPECT_EQ(answer.path_count(), 40);
  EXPECT_EQ(answer.distinct_count(), 3);
  EXPECT_EQ(answer.paths(0).count(), 15);
  EXPECT_EQ(answer.edges(0).from(), "searched");
  EXPECT_EQ(answer.edges(0).count(), 30);
  request.mutable_question()->set_depth(21);
  EXPECT_THAT(Call(*stub_, &Stub::QueryPaths, request, &answer),
              RefusesField("question.depth", "OUT_OF_RANGE"));
}

// Known before 2026-02-28 are those of more than 36 hours ago: all. The step is made by 30 of
// them before that day, so here the step is support, the day the last.
TEST_F(JourneyServiceTest, StepEffect) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 40; ++i) {
    if (i % 2 == 0) events.push_back(At(i, v1::EVENT_TYPE_WEBINAR_ATTENDED, 30, v1::CHANNEL_WEB));
    if (i % 4 != 3) events.push_back(At(i, v1::EVENT_TYPE_REVIEW_WRITTEN, 6, v1::CHANNEL_WEB));
  }
  for (v1::Event& event : events) {
    if (event.type() == v1::EVENT_TYPE_REVIEW_WRITTEN) event.mutable_review()->set_rating(4);
  }
  Ingest(events);
  v1::QueryStepEffectRequest request;
  request.set_parent(kShop);
  v1::StepEffectQuestion& question = *request.mutable_question();
  question.set_step("type = webinar_attended");
  question.set_outcome("type = review_written");
  question.set_start_date("2026-02-28");
  question.set_end_date("2026-03-01");
  question.mutable_outcome_window()->set_seconds(11 * kHour);
  question.add_match_on("orders");
  v1::QueryStepEffectResponse answer;
  ASSERT_THAT(Call(*stub_, &Stub::QueryStepEffect, request, &answer), IsGrpcOk());
  EXPECT_EQ(answer.step().matched(), 20);
  EXPECT_DOUBLE_EQ(answer.step().rate(), 1.0);
  EXPECT_EQ(answer.control().matched(), 20);
  EXPECT_DOUBLE_EQ(answer.control().rate(), 0.5);
  EXPECT_NEAR(answer.matched().change(), 0.5, 1e-12);
  EXPECT_THAT(answer.reading(), HasSubstr("not proof"));
  question.mutable_outcome_window()->set_seconds(13 * kHour);
  EXPECT_THAT(Call(*stub_, &Stub::QueryStepEffect, request, &answer),
              RefusesField("question.outcome_window", "WINDOW_OPEN"));
}

}  // namespace
}  // namespace rapport::testing
