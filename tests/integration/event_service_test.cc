// SPDX-License-Identifier: Apache-2.0
// Ingest, unary and streaming, and the timeline.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "lib/base/text.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::EventService::Stub;
using grpc::StatusCode;

class EventServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
  }
  grpc::Status IngestRequest(const v1::IngestEventsRequest& request,
                             v1::IngestEventsResponse* response) {
    return Call(*stubs_->events, &Stub::IngestEvents, request, response);
  }
  grpc::Status List(const v1::ListEventsRequest& request, v1::ListEventsResponse* response) {
    return Call(*stubs_->events, &Stub::ListEvents, request, response);
  }
};

TEST_F(EventServiceTest, JudgesEachEventAlone) {
  v1::IngestEventsRequest request;
  request.set_parent(kShop);
  *request.add_events() = Order("e1", "c1", 10);
  *request.add_events() = PageView("", "c1");
  *request.add_events() = Order("e1", "c1", 10);
  *request.add_events() = Nps("e2", "c1", 11);
  v1::IngestEventsResponse response;
  ASSERT_THAT(IngestRequest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.accepted_count(), 1);
  EXPECT_EQ(response.duplicate_count(), 1);
  EXPECT_THAT(response.duplicate_indexes(), ::testing::ElementsAre(2));
  ASSERT_EQ(response.rejected_size(), 2);
  EXPECT_EQ(response.rejected(0).index(), 1);
  EXPECT_EQ(response.rejected(0).field(), "event_id");
  EXPECT_EQ(response.rejected(1).index(), 3);
  EXPECT_EQ(response.rejected(1).field(), "survey_answer.score");
  EXPECT_EQ(response.rejected(1).event_id(), "e2");
}

TEST_F(EventServiceTest, RefusesBadRequestsAsAWhole) {
  v1::IngestEventsRequest request;
  v1::IngestEventsResponse response;
  EXPECT_THAT(IngestRequest(request, &response), RefusesField("parent", "REQUIRED"));
  request.set_parent("shop");
  EXPECT_THAT(IngestRequest(request, &response), RefusesField("parent", "BAD_NAME"));
  request.set_parent("workspaces/nowhere");
  *request.add_events() = PageView("e1", "c1");
  EXPECT_THAT(IngestRequest(request, &response),
              FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  request.set_parent(kShop);
  for (int i = 0; i < 10'001; ++i) request.add_events();
  EXPECT_THAT(IngestRequest(request, &response), RefusesField("events", "TOO_MANY"));
}

TEST_F(EventServiceTest, StreamAcknowledgesInOrderOfBatches) {
  constexpr int kBatches = 40;
  constexpr int kEvents = 50;
  grpc::ClientContext context;
  auto stream = stubs_->events->StreamEvents(&context);
  for (int b = 0; b < kBatches; ++b) {
    v1::StreamEventsRequest request;
    if (b == 0) request.set_parent(kShop);
    request.set_batch_id(1000 - b);
    for (int i = 0; i < kEvents; ++i) {
      *request.add_events() = PageView(Cat("e", b, "-", i), Cat("c", i));
    }
    *request.add_events() = PageView("e0-0", "c0");  // A duplicate in all but the first.
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  v1::StreamEventsResponse ack;
  for (int b = 0; b < kBatches; ++b) {
    ASSERT_TRUE(stream->Read(&ack)) << b;
    EXPECT_EQ(ack.batch_id(), 1000 - b);
    EXPECT_EQ(ack.accepted_count(), kEvents);
    EXPECT_EQ(ack.duplicate_count(), 1);
  }
  EXPECT_FALSE(stream->Read(&ack));
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  EXPECT_EQ(GetCustomer(Cat(kShop, "/customers/c7")).summary().event_count(), kBatches);
}

TEST_F(EventServiceTest, BrokenBatchDoesNotEndTheStream) {
  grpc::ClientContext context;
  auto stream = stubs_->events->StreamEvents(&context);
  v1::StreamEventsRequest request;
  request.set_parent(kShop);
  request.set_batch_id(1);
  for (int i = 0; i < 10'001; ++i) request.add_events();
  ASSERT_TRUE(stream->Write(request));
  request.clear_events();
  request.set_batch_id(2);
  *request.add_events() = PageView("e1", "c1");
  request.add_events();
  ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  v1::StreamEventsResponse ack;
  ASSERT_TRUE(stream->Read(&ack));
  ASSERT_EQ(ack.rejected_size(), 1);
  EXPECT_EQ(ack.rejected(0).index(), -1);
  EXPECT_EQ(ack.rejected(0).reason(), "TOO_MANY");
  ASSERT_TRUE(stream->Read(&ack));
  EXPECT_EQ(ack.batch_id(), 2);
  EXPECT_EQ(ack.accepted_count(), 1);
  EXPECT_EQ(ack.rejected_size(), 1);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

TEST_F(EventServiceTest, StreamWithoutAWorkspaceEnds) {
  for (const std::string parent : {"", "workspaces/nowhere"}) {
    grpc::ClientContext context;
    auto stream = stubs_->events->StreamEvents(&context);
    v1::StreamEventsRequest request;
    request.set_parent(parent);
    stream->Write(request);
    stream->WritesDone();
    v1::StreamEventsResponse ack;
    EXPECT_FALSE(stream->Read(&ack));
    const grpc::Status status = stream->Finish();
    if (parent.empty()) {
      EXPECT_THAT(status, RefusesField("parent", "REQUIRED"));
    } else {
      EXPECT_THAT(status, FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
    }
  }
}

TEST_F(EventServiceTest, CancelledStreamKeepsWhatWasAcknowledged) {
  {
    grpc::ClientContext context;
    auto stream = stubs_->events->StreamEvents(&context);
    v1::StreamEventsRequest request;
    request.set_parent(kShop);
    *request.add_events() = PageView("e1", "c1");
    ASSERT_TRUE(stream->Write(request));
    v1::StreamEventsResponse ack;
    ASSERT_TRUE(stream->Read(&ack));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  }
  Start();  // And over a restart.
  EXPECT_EQ(GetCustomer(Cat(kShop, "/customers/c1")).summary().event_count(), 1);
}

TEST_F(EventServiceTest, TimelinePagesShowEachEventOnce) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 23; ++i) {
    v1::Event event = i % 3 == 0 ? Order(Cat("e", i), "c1", i) : PageView(Cat("e", i), "c1");
    // Groups of five share a time, so that pages end between equal times.
    event.mutable_event_time()->set_seconds(1'700'000'000 + i / 5);
    events.push_back(event);
  }
  Ingest(events);
  for (const bool ascending : {false, true}) {
    v1::ListEventsRequest request;
    request.set_parent(Cat(kShop, "/customers/c1"));
    request.set_page_size(2);
    request.set_ascending(ascending);
    std::vector<int64_t> times;
    std::set<std::string> ids;
    v1::ListEventsResponse response;
    do {
      ASSERT_THAT(List(request, &response), IsGrpcOk());
      for (const v1::Event& event : response.events()) {
        times.push_back(event.event_time().seconds());
        EXPECT_TRUE(ids.insert(event.event_id()).second) << event.event_id();
        EXPECT_EQ(event.name(), Cat(kShop, "/events/", event.event_id()));
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(ids.size(), 23u);
    EXPECT_TRUE(ascending ? std::is_sorted(times.begin(), times.end())
                          : std::is_sorted(times.rbegin(), times.rend()));
  }
}

TEST_F(EventServiceTest, TimelineFiltersAndRefuses) {
  Ingest({Order("e1", "c1", 5), PageView("e2", "c1"), Nps("e3", "c1", 9)});
  v1::ListEventsRequest request;
  request.set_parent(Cat(kShop, "/customers/c1"));
  request.add_types(v1::EVENT_TYPE_ORDER_PLACED);
  request.add_types(v1::EVENT_TYPE_NPS_ANSWERED);
  request.set_page_size(1);
  v1::ListEventsResponse response;
  ASSERT_THAT(List(request, &response), IsGrpcOk());
  EXPECT_EQ(response.events_size(), 1);
  request.set_page_token(response.next_page_token());
  request.clear_types();
  EXPECT_THAT(List(request, &response), RefusesField("page_token", "BAD_PAGE_TOKEN"));
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(List(request, &response), RefusesField("page_size", "NEGATIVE"));
  request.set_page_size(0);
  request.mutable_start_time()->set_seconds(2);
  request.mutable_end_time()->set_seconds(1);
  EXPECT_THAT(List(request, &response), RefusesField("end_time", "INVERTED_RANGE"));
  request.set_parent(Cat(kShop, "/customers/nobody"));
  EXPECT_THAT(List(request, &response), FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
}

}  // namespace
}  // namespace rapport::testing
