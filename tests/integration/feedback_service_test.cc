// SPDX-License-Identifier: Apache-2.0
// Verbatims, follow-ups and movement of scores through real stubs. The worked scenario has
// twelve customers; the clock stands at 2026-03-01T12:00Z.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "rapport/v1/feedback_service.grpc.pb.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::FeedbackService::Stub;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FeedbackServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
    stub_ = v1::FeedbackService::NewStub(Connect());
  }
  void TearDown() override { stub_.reset(); }

  v1::Event At(v1::Event event, double days_ago, const std::string& touchpoint = "") const {
    const auto seconds = static_cast<int64_t>(days_ago * 86'400);
    event.mutable_event_time()->set_seconds(clock_.Now() / kMicrosPerSecond - seconds);
    event.set_touchpoint(touchpoint);
    return event;
  }
  v1::Event Answer(const std::string& customer, int score, double days_ago,
                   const std::string& words = "", const std::string& touchpoint = "") {
    v1::Event event = At(Nps(Cat("e", ++events_), customer, score), days_ago, touchpoint);
    event.mutable_survey_answer()->set_verbatim(words);
    return event;
  }
  v1::Event Other(const std::string& customer, v1::EventType type, double days_ago) {
    v1::Event event = At(PageView(Cat("e", ++events_), customer), days_ago);
    event.set_type(type);
    return event;
  }
  v1::Event Review(const std::string& customer, int rating, double days_ago,
                   const std::string& words) {
    v1::Event event = Other(customer, v1::EVENT_TYPE_REVIEW_WRITTEN, days_ago);
    event.mutable_review()->set_rating(rating);
    event.mutable_review()->set_subject("shoes");
    event.mutable_review()->set_text(words);
    return event;
  }
  v1::Event Complaint(const std::string& customer, double days_ago, const std::string& words) {
    v1::Event event = Other(customer, v1::EVENT_TYPE_COMPLAINT_MADE, days_ago);
    event.mutable_support()->set_topic("parcel");
    event.mutable_support()->set_text(words);
    return event;
  }

  // Twelve customers.
  void IngestScenario() {
    std::vector<v1::Event> events = {
        Answer("c01", 3, 20, "Late delivery, twice", "checkout"),  // Waits 20 days.
        Answer("c02", 6, 30, "Too dear"),                          // Waits 30 days.
        Answer("c03", 0, 10, "Delivery never came"),               // Touched.
        Other("c03", v1::EVENT_TYPE_HUMAN_TOUCH, 9),
        Answer("c04", 5, 40),  // Replied, then bad again 5 days ago.
        Other("c04", v1::EVENT_TYPE_HUMAN_TOUCH, 39),
        Answer("c04", 4, 5, "Still bad"),
        Answer("c05", 2, 60, "Bad"),  // Recovered.
        Answer("c05", 9, 3, "Much better DELIVERY now"),
        Answer("c06", 10, 8, "Love it", "checkout"),  // To nurture.
        Answer("c07", 9, 15),                         // Referred.
        Other("c07", v1::EVENT_TYPE_REFERRAL_SENT, 14),
        Answer("c08", 10, 25),  // Turned detractor.
        Answer("c08", 6, 20),
        Answer("c09", 7, 12, "Fine"),
        Answer("c10", 1, 100, "Too long ago"),  // Beyond 90 days.
        Review("c11", 2, 4, "Wrong size"),
        Complaint("c12", 2, "The delivery was wet"),
    };
    Ingest(events);
  }

  v1::ListVerbatimsResponse Verbatims(v1::ListVerbatimsRequest request) {
    request.set_parent(kShop);
    v1::ListVerbatimsResponse response;
    EXPECT_THAT(Call(*stub_, &Stub::ListVerbatims, request, &response), IsGrpcOk());
    return response;
  }
  static std::vector<std::string> Texts(const v1::ListVerbatimsResponse& response) {
    std::vector<std::string> texts;
    for (const auto& verbatim : response.verbatims()) texts.push_back(verbatim.text());
    return texts;
  }
  std::vector<std::string> TextsOf(const std::string& filter) {
    v1::ListVerbatimsRequest request;
    request.set_filter(filter);
    return Texts(Verbatims(request));
  }
  v1::ListFollowUpsResponse FollowUps(v1::ListFollowUpsRequest request) {
    request.set_parent(kShop);
    v1::ListFollowUpsResponse response;
    EXPECT_THAT(Call(*stub_, &Stub::ListFollowUps, request, &response), IsGrpcOk());
    return response;
  }
  static std::vector<std::string> Names(const v1::ListFollowUpsResponse& response) {
    std::vector<std::string> names;
    for (const auto& one : response.follow_ups()) {
      names.push_back(one.customer().substr(one.customer().rfind('/') + 1));
    }
    return names;
  }
  std::vector<std::string> Queue(v1::FollowUpKind kind, int days = 0) {
    v1::ListFollowUpsRequest request;
    request.set_kind(kind);
    request.set_days(days);
    return Names(FollowUps(request));
  }
  v1::ScoreMovement Movement(v1::GetScoreMovementRequest request) {
    request.set_parent(kShop);
    v1::ScoreMovement response;
    EXPECT_THAT(Call(*stub_, &Stub::GetScoreMovement, request, &response), IsGrpcOk());
    return response;
  }

  std::unique_ptr<Stub> stub_;
  int events_ = 0;
};

TEST_F(FeedbackServiceTest, VerbatimsNewestFirstWithFilters) {
  IngestScenario();
  EXPECT_THAT(TextsOf(""),
              ElementsAre("The delivery was wet", "Much better DELIVERY now", "Wrong size",
                          "Still bad", "Love it", "Delivery never came", "Fine",
                          "Late delivery, twice", "Too dear", "Bad", "Too long ago"));
  EXPECT_THAT(TextsOf("type = nps_answered AND score <= 6 AND text : \"delivery\""),
              ElementsAre("Delivery never came", "Late delivery, twice"));
  EXPECT_THAT(TextsOf("text:delivery"),
              ElementsAre("The delivery was wet", "Much better DELIVERY now", "Delivery never came",
                          "Late delivery, twice"));
  EXPECT_THAT(TextsOf("type = review_written"), ElementsAre("Wrong size"));
  EXPECT_THAT(TextsOf("touchpoint = checkout"), ElementsAre("Love it", "Late delivery, twice"));
  EXPECT_THAT(TextsOf("type = order_placed"), IsEmpty());
  // Customer fields: c05 answered twice, c04 twice of which one has words.
  EXPECT_THAT(TextsOf("customer.last_nps = 9"), ElementsAre("Much better DELIVERY now", "Bad"));
  EXPECT_THAT(TextsOf("customer.summary.event_count >= 3 AND score < 5"), ElementsAre("Still bad"));

  v1::ListVerbatimsRequest request;
  request.set_start_date("2026-02-19");  // 10 days ago.
  request.set_end_date("2026-02-26");
  EXPECT_THAT(Texts(Verbatims(request)),
              ElementsAre("Wrong size", "Still bad", "Love it", "Delivery never came"));
  request.set_include_empty(true);
  request.set_start_date("2026-02-09");
  request.set_end_date("2026-02-10");
  const v1::ListVerbatimsResponse empty = Verbatims(request);
  ASSERT_EQ(empty.verbatims_size(), 2);  // c01 and c08, both 20 days ago: by name.
  EXPECT_EQ(empty.verbatims(0).customer(), "workspaces/shop/customers/c01");
  EXPECT_EQ(empty.verbatims(1).customer(), "workspaces/shop/customers/c08");
  EXPECT_EQ(empty.verbatims(0).touchpoint(), "checkout");
  EXPECT_EQ(empty.verbatims(0).score(), 3);
  EXPECT_EQ(empty.verbatims(0).scale(), 10);
  EXPECT_EQ(empty.verbatims(0).stage(), "none");
  EXPECT_EQ(empty.context().start_date(), "2026-02-09");
  EXPECT_EQ(empty.context().sample_size(), 2);
  EXPECT_EQ(empty.context().view(), v1::VIEW_LIVE);
  EXPECT_EQ(empty.context().as_of().seconds(), kNow / kMicrosPerSecond);
}

TEST_F(FeedbackServiceTest, PagesOfVerbatimsAreTheList) {
  IngestScenario();
  // Several at one moment, of one customer and of others.
  Ingest({Answer("c01", 5, 1, "one"), Answer("c01", 6, 1, "two"), Answer("c02", 1, 1, "three")});
  for (int size : {1, 2, 5}) {
    std::vector<std::string> all;
    v1::ListVerbatimsRequest request;
    request.set_page_size(size);
    do {
      const v1::ListVerbatimsResponse page = Verbatims(request);
      EXPECT_LE(page.verbatims_size(), size);
      for (const std::string& text : Texts(page)) all.push_back(text);
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(all, TextsOf("")) << size;
    EXPECT_EQ(all.size(), 14u);
  }
  v1::ListVerbatimsRequest request;
  request.set_page_size(1);
  request.set_page_token(Verbatims(request).next_page_token());
  // What is said meanwhile comes before the page, which stays.
  Ingest({Answer("c09", 8, 0.5, "new")});
  const std::vector<std::string> second = Texts(Verbatims(request));
  EXPECT_THAT(second, ElementsAre("two"));
  request.set_filter("score = 3");
  request.set_parent(kShop);
  v1::ListVerbatimsResponse response;
  EXPECT_THAT(Call(*stub_, &Stub::ListVerbatims, request, &response),
              RefusesField("page_token", "BAD_PAGE_TOKEN"));
}

TEST_F(FeedbackServiceTest, LongTextsCutThePage) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 300; ++i) {
    events.push_back(Answer(Cat("c", i), 5, 1 + i * 0.01, std::string(16'000, 'x')));
  }
  Ingest(events);
  v1::ListVerbatimsRequest request;
  request.set_page_size(1000);
  int shown = 0, pages = 0;
  do {
    const v1::ListVerbatimsResponse page = Verbatims(request);
    shown += page.verbatims_size();
    ++pages;
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(shown, 300);
  EXPECT_EQ(pages, 3);  // 130 texts of 16 kB fit 2 MiB.
}

TEST_F(FeedbackServiceTest, QueueOfDetractors) {
  IngestScenario();
  // c02 waits 30 days, c01 and c08 20 each, c04 5.
  const v1::ListFollowUpsResponse queue = FollowUps({});
  EXPECT_THAT(Names(queue), ElementsAre("c02", "c01", "c08", "c04"));
  EXPECT_EQ(queue.total_size(), 4);
  EXPECT_EQ(queue.context().sample_size(), 4);
  const v1::FollowUp& first = queue.follow_ups(0);
  EXPECT_DOUBLE_EQ(first.waiting_days(), 30);
  EXPECT_EQ(first.answer().text(), "Too dear");
  EXPECT_EQ(first.answer().score(), 6);
  EXPECT_EQ(first.answer().customer(), first.customer());
  EXPECT_EQ(first.reason(), "gave 6 of 10 30 days ago; nobody has talked to the customer since");
  EXPECT_FALSE(first.has_predicted_value());
  EXPECT_THAT(Queue(v1::FOLLOW_UP_KIND_DETRACTOR, 20), ElementsAre("c01", "c08", "c04"));
  EXPECT_THAT(Queue(v1::FOLLOW_UP_KIND_DETRACTOR, 3650),
              ElementsAre("c10", "c02", "c01", "c08", "c04"));

  // Somebody calls c01; c02 answers better; c09 answers worse.
  Ingest({Other("c01", v1::EVENT_TYPE_HUMAN_TOUCH, 0), Answer("c02", 8, 0), Answer("c09", 2, 1)});
  EXPECT_THAT(Queue(v1::FOLLOW_UP_KIND_DETRACTOR), ElementsAre("c08", "c04", "c09"));

  v1::ListFollowUpsRequest request;
  request.set_filter("last_nps < 5");
  EXPECT_THAT(Names(FollowUps(request)), ElementsAre("c04", "c09"));
  request.set_page_size(1);
  const v1::ListFollowUpsResponse page = FollowUps(request);
  EXPECT_THAT(Names(page), ElementsAre("c04"));
  EXPECT_EQ(page.total_size(), 2);
  request.set_page_token(page.next_page_token());
  const v1::ListFollowUpsResponse last = FollowUps(request);
  EXPECT_THAT(Names(last), ElementsAre("c09"));
  EXPECT_EQ(last.next_page_token(), "");
}

TEST_F(FeedbackServiceTest, QueueOfPromoters) {
  IngestScenario();
  v1::ListFollowUpsRequest request;
  request.set_kind(v1::FOLLOW_UP_KIND_PROMOTER);
  const v1::ListFollowUpsResponse queue = FollowUps(request);
  EXPECT_THAT(Names(queue), ElementsAre("c05", "c06"));  // 3 and 8 days ago.
  EXPECT_EQ(queue.follow_ups(1).reason(),
            "gave 10 of 10 8 days ago; no referral, review or share since");
  Ingest({Other("c05", v1::EVENT_TYPE_SOCIAL_SHARED, 0)});
  EXPECT_THAT(Queue(v1::FOLLOW_UP_KIND_PROMOTER), ElementsAre("c06"));
}

// A customer that is merged into another answers as that one.
TEST_F(FeedbackServiceTest, MergedCustomersAreOne) {
  IngestScenario();
  v1::MergeCustomersRequest merge;
  merge.set_name(Cat(kShop, "/customers/c03"));
  merge.set_duplicate(Cat(kShop, "/customers/c02"));
  v1::Customer merged;
  ASSERT_THAT(Call(*stubs_->customers, &v1::CustomerService::Stub::MergeCustomers, merge, &merged),
              IsGrpcOk());
  EXPECT_THAT(Queue(v1::FOLLOW_UP_KIND_DETRACTOR), ElementsAre("c01", "c08", "c04"));
}

using Moves = std::map<std::pair<int, int>, int64_t>;
Moves MovesOf(const v1::ScoreMovement& answer) {
  Moves moves;
  for (const auto& cell : answer.transitions()) {
    if (cell.count() > 0) moves[{cell.from(), cell.to()}] = cell.count();
  }
  return moves;
}

TEST_F(FeedbackServiceTest, MovementOfScores) {
  IngestScenario();
  constexpr int kDetractor = v1::SCORE_GROUP_KIND_DETRACTOR;
  constexpr int kPromoter = v1::SCORE_GROUP_KIND_PROMOTER;
  // c04 5>4, c05 2>9, c08 10>6: changes -1, 7, -4.
  const v1::ScoreMovement all = Movement({});
  EXPECT_EQ(MovesOf(all), (Moves{{{kDetractor, kDetractor}, 1},
                                 {{kDetractor, kPromoter}, 1},
                                 {{kPromoter, kDetractor}, 1}}));
  EXPECT_DOUBLE_EQ(all.mean_change(), 2.0 / 3);
  EXPECT_EQ(all.context().sample_size(), 3);
  EXPECT_THAT(all.context().notes(), ElementsAre(HasSubstr("No nightly run")));
  // Last answers: c01-c04, c08, c10 detractors, c09 passive, c05-c07 promoters, c11 and c12 none.
  ASSERT_EQ(all.groups_size(), 4);
  EXPECT_EQ(all.groups(0).customer_count(), 2);
  EXPECT_EQ(all.groups(1).customer_count(), 6);
  EXPECT_EQ(all.groups(2).customer_count(), 1);
  EXPECT_EQ(all.groups(3).customer_count(), 3);
  EXPECT_EQ(all.groups(1).valued_count(), 0);
  v1::GetScoreMovementRequest request;
  request.set_start_date("2026-02-24");  // c04 5 days ago, c05 3 days ago.
  EXPECT_EQ(MovesOf(Movement(request)),
            (Moves{{{kDetractor, kDetractor}, 1}, {{kDetractor, kPromoter}, 1}}));
  request.set_end_date("2026-02-25");
  EXPECT_EQ(MovesOf(Movement(request)), (Moves{{{kDetractor, kDetractor}, 1}}));
  v1::GetScoreMovementRequest checkout;
  checkout.set_touchpoint("checkout");
  const v1::ScoreMovement there = Movement(checkout);
  EXPECT_EQ(MovesOf(there), Moves());
  EXPECT_EQ(there.groups(1).customer_count(), 1);
  EXPECT_EQ(there.groups(3).customer_count(), 1);
  checkout.set_touchpoint("nowhere");
  EXPECT_EQ(Movement(checkout).groups(0).customer_count(), 12);
}

// Who was asked, and what became of detractors, in the report of the score.
TEST_F(FeedbackServiceTest, NpsReportTellsFollowUp) {
  IngestScenario();
  std::vector<v1::Event> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back(Other(Cat("s", i), v1::EVENT_TYPE_SURVEY_SENT, 11));
  }
  Ingest(sent);
  v1::GetNpsReportRequest request;
  request.set_parent(kShop);
  request.set_start_date("2025-12-01");
  request.set_end_date("2026-03-02");
  v1::NpsReport report;
  ASSERT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::GetNpsReport, request, &report),
              IsGrpcOk());
  // 12 answers since December: all but that of c10.
  EXPECT_EQ(report.detractors() + report.passives() + report.promoters(), 12);
  EXPECT_EQ(report.sent(), 20);
  EXPECT_DOUBLE_EQ(report.response_rate(), 60);
  // 7 detractor answers; c03's and c04's first were followed by a touch within 7 days.
  EXPECT_EQ(report.follow_up().sample_size(), 7);
  EXPECT_DOUBLE_EQ(report.follow_up().value(), 100 * 2.0 / 7);
  EXPECT_DOUBLE_EQ(report.recovery().value(), 100 * 1.0 / 7);  // c05.
}

struct BadVerbatims {
  const char *start_date, *end_date, *filter;
  int page_size;
  const char *page_token, *field, *reason;
};

TEST_F(FeedbackServiceTest, BadVerbatimRequests) {
  const BadVerbatims kCases[] = {
      {"", "", "nonsense = 1", 0, "", "filter", "UNKNOWN_FIELD"},
      {"", "", "score <", 0, "", "filter", "BAD_FILTER"},
      {"", "", "type = no_such_type", 0, "", "filter", "BAD_FILTER"},
      {"2026-02-30", "", "", 0, "", "start_date", "BAD_DATE"},
      {"", "soon", "", 0, "", "end_date", "BAD_DATE"},
      {"2026-03-01", "2026-03-01", "", 0, "", "end_date", "INVERTED_RANGE"},
      {"", "", "", -1, "", "page_size", "NEGATIVE"},
      {"", "", "", 0, "x", "page_token", "BAD_PAGE_TOKEN"},
  };
  v1::ListVerbatimsResponse response;
  for (const BadVerbatims& bad : kCases) {
    v1::ListVerbatimsRequest request;
    request.set_parent(kShop);
    request.set_start_date(bad.start_date);
    request.set_end_date(bad.end_date);
    request.set_filter(bad.filter);
    request.set_page_size(bad.page_size);
    request.set_page_token(bad.page_token);
    EXPECT_THAT(Call(*stub_, &Stub::ListVerbatims, request, &response),
                RefusesField(bad.field, bad.reason));
  }
  EXPECT_THAT(Call(*stub_, &Stub::ListVerbatims, v1::ListVerbatimsRequest(), &response),
              RefusesField("parent", "REQUIRED"));
}

struct BadFollowUps {
  int kind, days;
  const char* filter;
  int page_size;
  const char *page_token, *field, *reason;
};

TEST_F(FeedbackServiceTest, BadFollowUpRequests) {
  const BadFollowUps kCases[] = {
      {9, 0, "", 0, "", "kind", "UNKNOWN_FOLLOW_UP_KIND"},
      {1, -1, "", 0, "", "days", "OUT_OF_RANGE"},
      {1, 3651, "", 0, "", "days", "OUT_OF_RANGE"},
      {1, 0, "score = 3", 0, "", "filter", "UNKNOWN_FIELD"},
      {1, 0, "stage = (", 0, "", "filter", "BAD_FILTER"},
      {1, 0, "", -1, "", "page_size", "NEGATIVE"},
      {1, 0, "", 0, "x", "page_token", "BAD_PAGE_TOKEN"},
  };
  v1::ListFollowUpsResponse response;
  for (const BadFollowUps& bad : kCases) {
    v1::ListFollowUpsRequest request;
    request.set_parent(kShop);
    request.set_kind(static_cast<v1::FollowUpKind>(bad.kind));
    request.set_days(bad.days);
    request.set_filter(bad.filter);
    request.set_page_size(bad.page_size);
    request.set_page_token(bad.page_token);
    EXPECT_THAT(Call(*stub_, &Stub::ListFollowUps, request, &response),
                RefusesField(bad.field, bad.reason));
  }
  v1::ListFollowUpsRequest unnamed;
  unnamed.set_parent("shop");
  EXPECT_THAT(Call(*stub_, &Stub::ListFollowUps, unnamed, &response),
              RefusesField("parent", "BAD_NAME"));
}

TEST_F(FeedbackServiceTest, BadMovementRequests) {
  v1::GetScoreMovementRequest request;
  v1::ScoreMovement response;
  const auto ask = [&] { return Call(*stub_, &Stub::GetScoreMovement, request, &response); };
  EXPECT_THAT(ask(), RefusesField("parent", "REQUIRED"));
  request.set_parent("workspaces/other");
  EXPECT_THAT(ask(), FailsWithCode(grpc::StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  request.set_parent(kShop);
  request.set_start_date("x");
  EXPECT_THAT(ask(), RefusesField("start_date", "BAD_DATE"));
  request.set_start_date("2026-03-02");
  request.set_end_date("2026-03-01");
  EXPECT_THAT(ask(), RefusesField("end_date", "INVERTED_RANGE"));
}

}  // namespace
}  // namespace rapport::testing
