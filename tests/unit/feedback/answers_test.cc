// SPDX-License-Identifier: Apache-2.0
// Last answers, follow-ups and words, by hand-made histories.
#include "lib/feedback/answers.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/feedback/verbatim.h"
#include "rapport/v1/event.pb.h"

namespace rapport::feedback {
namespace {

EventColumns Event(TimeMicros time, int type, int64_t value = 0, uint32_t touchpoint_no = 0) {
  EventColumns event;
  event.time = time;
  event.type = static_cast<uint16_t>(type);
  event.value = value;
  event.touchpoint_no = touchpoint_no;
  return event;
}
EventColumns Nps(TimeMicros time, int64_t score, uint32_t touchpoint_no = 0) {
  return Event(time, v1::EVENT_TYPE_NPS_ANSWERED, score, touchpoint_no);
}

TEST(AnswersTest, GroupsOfAllScores) {
  for (int64_t score = 0; score <= 10; ++score) {
    const auto expected = score <= 6   ? v1::SCORE_GROUP_KIND_DETRACTOR
                          : score <= 8 ? v1::SCORE_GROUP_KIND_PASSIVE
                                       : v1::SCORE_GROUP_KIND_PROMOTER;
    EXPECT_EQ(GroupOf(score), expected) << score;
  }
}

struct WaitCase {
  const char* name;
  std::vector<EventColumns> events;
  int detractor = -1;  // Index of the waiting answer; -1: none.
  int promoter = -1;
};

TEST(AnswersTest, WhoWaits) {
  const WaitCase kCases[] = {
      {"no events", {}},
      {"no answer", {Event(1, v1::EVENT_TYPE_HUMAN_TOUCH)}},
      {"detractor", {Nps(1, 6)}, 0},
      {"passive", {Nps(1, 7)}},
      {"promoter", {Nps(1, 9)}, -1, 0},
      {"touched before", {Event(1, v1::EVENT_TYPE_HUMAN_TOUCH), Nps(2, 0)}, 1},
      {"touched after", {Nps(1, 0), Event(2, v1::EVENT_TYPE_HUMAN_TOUCH)}},
      {"touched at the same moment", {Nps(1, 0), Event(1, v1::EVENT_TYPE_HUMAN_TOUCH)}},
      {"replied", {Nps(1, 0), Event(2, v1::EVENT_TYPE_TICKET_FIRST_REPLIED)}},
      {"resolved by nobody", {Nps(1, 0), Event(2, v1::EVENT_TYPE_TICKET_RESOLVED)}, 0},
      {"called support itself", {Nps(1, 0), Event(2, v1::EVENT_TYPE_SUPPORT_CONTACTED)}, 0},
      {"an e-mail is no talk", {Nps(1, 0), Event(2, v1::EVENT_TYPE_EMAIL_SENT)}, 0},
      {"talked to, then bad again",
       {Nps(1, 0), Event(2, v1::EVENT_TYPE_HUMAN_TOUCH), Nps(3, 2)},
       2},
      {"recovered", {Nps(1, 0), Nps(2, 8)}},
      {"turned promoter", {Nps(1, 0), Nps(2, 10)}, -1, 1},
      {"turned detractor", {Nps(1, 10), Nps(2, 5)}, 1},
      {"referred", {Nps(1, 9), Event(2, v1::EVENT_TYPE_REFERRAL_SENT)}},
      {"reviewed", {Nps(1, 9), Event(2, v1::EVENT_TYPE_REVIEW_WRITTEN, 5)}},
      {"shared", {Nps(1, 9), Event(2, v1::EVENT_TYPE_SOCIAL_SHARED)}},
      {"liked only", {Nps(1, 9), Event(2, v1::EVENT_TYPE_SOCIAL_LIKED)}, -1, 0},
      {"called, still to nurture", {Nps(1, 9), Event(2, v1::EVENT_TYPE_HUMAN_TOUCH)}, -1, 0},
      {"reviewed, still waits", {Nps(1, 3), Event(2, v1::EVENT_TYPE_REVIEW_WRITTEN, 1)}, 0},
  };
  const auto index = [](v1::FollowUpKind kind, const WaitCase& one) {
    const auto found = WaitingAnswer(kind, one.events);
    return found ? static_cast<int>(*found) : -1;
  };
  for (const WaitCase& one : kCases) {
    EXPECT_EQ(index(v1::FOLLOW_UP_KIND_DETRACTOR, one), one.detractor) << one.name;
    EXPECT_EQ(index(v1::FOLLOW_UP_KIND_PROMOTER, one), one.promoter) << one.name;
  }
}

// A pass shows only the types that are named: the answer must be the same with them alone.
TEST(AnswersTest, TypesAreAllThatMatters) {
  for (const auto kind : {v1::FOLLOW_UP_KIND_DETRACTOR, v1::FOLLOW_UP_KIND_PROMOTER}) {
    const auto types = FollowUpTypes(kind);
    EXPECT_TRUE(std::ranges::is_sorted(types));
    for (int type = 0; type < 256; ++type) {
      if (type == v1::EVENT_TYPE_NPS_ANSWERED) continue;
      const int64_t score = kind == v1::FOLLOW_UP_KIND_DETRACTOR ? 2 : 10;
      const std::vector<EventColumns> events = {Nps(1, score), Event(2, type)};
      const bool named = std::ranges::count(types, type) > 0;
      EXPECT_EQ(WaitingAnswer(kind, events).has_value(), !named) << type;
    }
  }
}

std::string Pairs(const std::vector<EventColumns>& events, const AnswerScope& scope) {
  std::string text;
  ForEachAnswer(events, scope, [&](const EventColumns* before, const EventColumns& answer) {
    text += before == nullptr ? std::string("-") : std::to_string(before->value);
    text += ">" + std::to_string(answer.value) + " ";
  });
  return text;
}

TEST(AnswersTest, PairsAreDatedByTheLaterAnswer) {
  const std::vector<EventColumns> events = {Nps(10, 3, 1),
                                            Event(11, v1::EVENT_TYPE_CSAT_ANSWERED, 4, 1),
                                            Nps(20, 8, 2), Nps(30, 9, 1), Nps(40, 7, 1)};
  EXPECT_EQ(Pairs(events, {}), "->3 3>8 8>9 9>7 ");
  EXPECT_EQ(Pairs(events, {.begin = 20, .end = 40, .touchpoint_no = {}}), "3>8 8>9 ");
  EXPECT_EQ(Pairs(events, {.begin = 41, .end = 99, .touchpoint_no = {}}), "");
  AnswerScope first;
  first.touchpoint_no = 1;
  EXPECT_EQ(Pairs(events, first), "->3 3>9 9>7 ");
  first.begin = 30;
  EXPECT_EQ(Pairs(events, first), "3>9 9>7 ");
  first.touchpoint_no = 3;
  EXPECT_EQ(Pairs(events, first), "");
}

TEST(VerbatimTest, WordsOfEachPayload) {
  v1::Event survey;
  survey.mutable_survey_answer()->set_survey_id("spring");
  survey.mutable_survey_answer()->set_verbatim("late");
  v1::Verbatim verbatim;
  EventColumns columns = Event(5, v1::EVENT_TYPE_CSAT_ANSWERED, 4);
  columns.aux = 5;
  columns.channel = v1::CHANNEL_EMAIL;
  FillVerbatim(columns, survey, verbatim);
  EXPECT_EQ(verbatim.text(), "late");
  EXPECT_EQ(verbatim.subject(), "spring");
  EXPECT_EQ(verbatim.score(), 4);
  EXPECT_EQ(verbatim.scale(), 5);
  EXPECT_EQ(verbatim.type(), v1::EVENT_TYPE_CSAT_ANSWERED);
  EXPECT_EQ(verbatim.channel(), v1::CHANNEL_EMAIL);

  v1::Event review;
  review.mutable_review()->set_text("fine");
  review.mutable_review()->set_subject("shoes");
  EXPECT_EQ(WordsOf(review), "fine");
  v1::Event complaint;
  complaint.mutable_support()->set_text("broken");
  complaint.mutable_support()->set_topic("parcel");
  v1::Verbatim complained;
  FillVerbatim(Event(5, v1::EVENT_TYPE_COMPLAINT_MADE, 77), complaint, complained);
  EXPECT_EQ(complained.text(), "broken");
  EXPECT_EQ(complained.subject(), "parcel");
  EXPECT_FALSE(complained.has_score());
  EXPECT_EQ(complained.scale(), 0);
  EXPECT_EQ(WordsOf(v1::Event()), "");
  EXPECT_TRUE(std::ranges::is_sorted(VerbatimTypes()));
}

}  // namespace
}  // namespace rapport::feedback
