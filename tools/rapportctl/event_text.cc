// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/event_text.h"

#include <ostream>

#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "rapport/v1/event_service.pb.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

std::string ScoreText(int score, int scale) {
  return scale == 0 ? Cat("score ", score) : Cat("score ", score, " of ", scale);
}

std::string PayloadText(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kOrder: {
      const int items = event.order().items_size();
      return Cat(event.order().order_id(), " ", FormatMoneyShort(event.order().amount()),
                 items == 0 ? "" : Cat(", ", items, items == 1 ? " item" : " items"));
    }
    case v1::Event::kRefund:
      return Cat(event.refund().order_id(), " ", FormatMoneyShort(event.refund().amount()));
    case v1::Event::kSurveyAnswer: {
      const auto& answer = event.survey_answer();
      const std::string words =
          answer.verbatim().empty() ? "" : Cat(" \"", answer.verbatim(), "\"");
      return Cat(ScoreText(answer.score(), answer.scale()), words);
    }
    case v1::Event::kReview:
      return ScoreText(event.review().rating(), event.review().scale());
    case v1::Event::kSession:
      return Cat(FormatNumber(event.session().duration_seconds() / 60, 1), " min, ",
                 event.session().page_count(), " pages");
    case v1::Event::kContent:
      return event.content().query().empty() ? event.content().content_id()
                                             : event.content().query();
    case v1::Event::kProductInterest:
      return event.product_interest().product_id();
    case v1::Event::kCampaignTouch:
      return event.campaign_touch().creative();
    case v1::Event::kSupport:
      return Cat(event.support().ticket_id(), " ", event.support().topic());
    case v1::Event::kSocial:
      return event.social().network();
    case v1::Event::kSubscription:
      return Cat(event.subscription().plan(), " ", FormatMoneyShort(event.subscription().mrr()));
    case v1::Event::kHumanTouch:
      return Cat(event.human_touch().kind(), " ", FormatNumber(event.human_touch().minutes(), 0),
                 " min");
    case v1::Event::kExperimentExposure:
      return Cat(event.experiment_exposure().experiment(), " ",
                 event.experiment_exposure().variant());
    case v1::Event::kConsent:
      return event.consent().purpose();
    case v1::Event::kUsage:
      return event.usage().item();
    case v1::Event::kReferral:
      return event.referral().referred_customer_id();
    case v1::Event::PAYLOAD_NOT_SET:
      return "";
  }
  return "";
}

absl::StatusOr<v1::ListEventsRequest> ReadRequest(const Invocation& invocation) {
  v1::ListEventsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Customer(invocation.Argument(0)));
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  request.set_ascending(invocation.On("ascending"));
  if (invocation.Has("from")) {
    RETURN_IF_ERROR(ReadTimeFlag(invocation, "from", request.mutable_start_time()));
  }
  if (invocation.Has("to")) {
    RETURN_IF_ERROR(ReadTimeFlag(invocation, "to", request.mutable_end_time()));
  }
  for (const std::string& text : invocation.Texts("type")) {
    v1::EventType type;
    if (!v1::EventType_Parse(text, &type) &&
        !v1::EventType_Parse(Cat("EVENT_TYPE_", text), &type)) {
      return absl::InvalidArgumentError(Cat("--type=", text, " is no event type"));
    }
    request.add_types(type);
  }
  return request;
}

}  // namespace

std::string EventSummary(const v1::Event& event) {
  std::string text = PayloadText(event);
  if (!event.campaign().empty()) text = Cat(text, text.empty() ? "" : "  ", "@", event.campaign());
  return text;
}

std::vector<Flag> TimelineFlags() {
  return {
      {.name = "limit", .placeholder = "N", .help = "At most this many events.", .fallback = "50"},
      {.name = "type",
       .placeholder = "TYPE",
       .help = "Only this type, e.g. ORDER_PLACED; may be repeated."},
      {.name = "from", .placeholder = "TIME", .help = "Only at or after this date or time."},
      {.name = "to", .placeholder = "TIME", .help = "Only before this date or time."},
      {.name = "ascending", .placeholder = "", .help = "Oldest first."},
      {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."},
  };
}

absl::Status ReadTimeFlag(const Invocation& invocation, std::string_view flag,
                          google::protobuf::Timestamp* time) {
  const std::string text = invocation.Text(flag);
  TimeMicros micros = 0;
  if (const auto day = ParseDate(text); day.ok()) {
    micros = *day * kMicrosPerDay;
  } else if (const auto parsed = ParseTime(text); parsed.ok()) {
    micros = *parsed;
  } else {
    return absl::InvalidArgumentError(
        Cat("--", flag, "=", text, ": must be a date (2026-11-21) or an RFC 3339 time"));
  }
  time->set_seconds(micros / kMicrosPerSecond);
  time->set_nanos(static_cast<int32_t>(micros % kMicrosPerSecond) * 1000);
  return absl::OkStatus();
}

absl::Status PrintTimeline(Invocation& invocation) {
  ASSIGN_OR_RETURN(const v1::ListEventsRequest request, ReadRequest(invocation));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::ListEventsResponse>("EventService/ListEvents", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"time (UTC)"}, {"event"}, {"channel"}, {"touchpoint"}, {"what"}});
  for (const v1::Event& event : answer.events()) {
    const std::string type = event.type() == v1::EVENT_TYPE_CUSTOM
                                 ? event.custom_type()
                                 : FormatEnum(v1::EventType_Name(event.type()), "EVENT_TYPE_");
    table.Add({FormatStamp(event.event_time()), type,
               FormatEnum(v1::Channel_Name(event.channel()), "CHANNEL_"), event.touchpoint(),
               EventSummary(event)});
  }
  invocation.out() << table.Text(invocation.terminal());
  if (!answer.next_page_token().empty()) {
    invocation.out() << Cat("more: --page-token=", answer.next_page_token(), "\n");
  }
  return absl::OkStatus();
}

}  // namespace rapport::ctl
