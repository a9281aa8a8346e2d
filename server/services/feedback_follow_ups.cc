// SPDX-License-Identifier: Apache-2.0
// ListFollowUps: detractors who wait, longest first; promoters to nurture, newest first.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/sources.h"
#include "server/customer_rows.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/services/feedback_lists.h"
#include "server/services/feedback_point.h"
#include "server/times.h"
#include "server/top_page.h"

namespace rapport::server {
namespace {

constexpr int32_t kStandardDays = 90;
constexpr int32_t kMostDays = 3650;
constexpr double kLikely = 0.5;  // A chance to leave worth a word.

struct Entry {
  CustomerNo customer_no = 0;
  v1::Verbatim answer;
};
using FollowUpPage = TopPage<Entry>;

struct Question {
  const ReadPoint& at;
  v1::FollowUpKind kind = v1::FOLLOW_UP_KIND_DETRACTOR;
  filter::Expression condition;
  TimeMicros since = 0;
  size_t limit = 0;
  std::optional<PagePlace> after;
};

class FollowUpStep final : public events::PassStep {
 public:
  explicit FollowUpStep(const Question& question)
      : page(question.limit, question.after),
        question_(question),
        rows_(question.at, question.condition.places()) {}

  absl::Status Customer(events::CustomerWalk& walk) override {
    const auto index = feedback::WaitingAnswer(question_.kind, walk.events());
    if (!index) return absl::OkStatus();
    const EventColumns& answer = walk.events()[*index];
    if (answer.time < question_.since) return absl::OkStatus();
    ASSIGN_OR_RETURN(const bool matches, Matches(walk.customer_no()));
    if (!matches) return absl::OkStatus();
    ++count;
    const bool newest_first = question_.kind == v1::FOLLOW_UP_KIND_PROMOTER;
    const int64_t rank = newest_first ? -answer.time : answer.time;
    if (!page.Wants(rank)) return absl::OkStatus();
    ASSIGN_OR_RETURN(const store::v1::EventPayload payload, walk.Payload(*index));
    const WorkspaceScope& scope = question_.at.scope;
    page.Offer({rank, scope.directory->PrimaryName(walk.customer_no()), 0},
               {walk.customer_no(), VerbatimOf(scope, answer, payload.rest())});
    return absl::OkStatus();
  }

  FollowUpPage page;
  int64_t count = 0;

 private:
  absl::StatusOr<bool> Matches(CustomerNo customer_no) {
    const filter::Expression& condition = question_.condition;
    if (condition.empty()) return true;
    ASSIGN_OR_RETURN(const v1::Customer* customer, rows_.Load(customer_no));
    return condition.Evaluate(filter::CustomerSource(*customer, condition.base_currency()));
  }

  const Question& question_;
  CustomerRows rows_;
};

struct Queue {
  FollowUpPage page;
  int64_t count = 0;
};

absl::StatusOr<Queue> Scan(const CallContext& call, const FeedbackPoint& point,
                           const Question& question) {
  Queue queue{FollowUpPage(question.limit, question.after)};
  events::PassOptions options = point.Options(call);
  const auto types = feedback::FollowUpTypes(question.kind);
  options.types.assign(types.begin(), types.end());
  RETURN_IF_ERROR(events::ScanCustomersByThread(
                      point.Ground(), options,
                      [&question] { return std::make_unique<FollowUpStep>(question); },
                      [&queue](events::PassStep& pass_step) {
                        auto& step = static_cast<FollowUpStep&>(pass_step);
                        queue.count += step.count;
                        queue.page.Merge(std::move(step.page));
                        return absl::OkStatus();
                      })
                      .status());
  return queue;
}

std::string ReasonOf(v1::FollowUpKind kind, const v1::FollowUp& follow_up) {
  const std::string gave = absl::StrFormat("gave %d of 10 %.0f days ago; ",
                                           follow_up.answer().score(), follow_up.waiting_days());
  std::string reason =
      Cat(gave, kind == v1::FOLLOW_UP_KIND_PROMOTER ? "no referral, review or share since"
                                                    : "nobody has talked to the customer since");
  if (follow_up.churn_probability() >= kLikely) {
    reason += absl::StrFormat("; %.0f %% chance to leave", 100 * follow_up.churn_probability());
  }
  return reason;
}

absl::Status Show(const Question& question, Entry entry, v1::FollowUp& out) {
  const ReadPoint& at = question.at;
  v1::CustomerFacts facts;
  RETURN_IF_ERROR(ReadFacts(at, entry.customer_no, &facts).status());
  *out.mutable_answer() = std::move(entry.answer);
  out.mutable_answer()->set_customer(out.customer());
  out.mutable_answer()->set_stage(StageOf(facts));
  const TimeMicros waited = at.now - MicrosOf(out.answer().event_time());
  out.set_waiting_days(static_cast<double>(std::max<TimeMicros>(0, waited)) /
                       static_cast<double>(kMicrosPerDay));
  if (facts.value().has_predicted()) *out.mutable_predicted_value() = facts.value().predicted();
  if (facts.value().has_churn()) out.set_churn_probability(facts.value().churn().probability());
  out.set_reason(ReasonOf(question.kind, out));
  return absl::OkStatus();
}

absl::Status ReadRequest(const v1::ListFollowUpsRequest& request, const WorkspaceScope& scope,
                         Question& question) {
  if (!v1::FollowUpKind_IsValid(request.kind())) {
    return InvalidField("kind", "UNKNOWN_FOLLOW_UP_KIND", "must be detractor or promoter");
  }
  if (request.kind() != v1::FOLLOW_UP_KIND_UNSPECIFIED) question.kind = request.kind();
  if (request.days() < 0 || request.days() > kMostDays) {
    return InvalidField("days", "OUT_OF_RANGE", Cat("must be 1 to ", kMostDays));
  }
  const int32_t days = request.days() == 0 ? kStandardDays : request.days();
  question.since = question.at.now - days * kMicrosPerDay;
  filter::Context context;
  context.base_currency = scope.workspace.base_currency();
  ASSIGN_OR_RETURN(question.condition,
                   filter::Parse(request.filter(), filter::CustomerCatalogue(), context));
  return absl::OkStatus();
}

// Everything but the page.
std::string BoundOf(v1::ListFollowUpsRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return request.SerializeAsString();
}

}  // namespace

absl::Status HandleListFollowUps(CallContext& call, const v1::ListFollowUpsRequest& request,
                                 v1::ListFollowUpsResponse* response) {
  constexpr std::string_view kMethod = "ListFollowUps";
  FeedbackPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent()));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  const std::string bound = BoundOf(request);
  ASSIGN_OR_RETURN(const std::string position,
                   DecodePageToken(request.page_token(), kMethod, bound));
  Question question{.at = *point.at, .condition = {}, .after = std::nullopt};
  question.limit = static_cast<size_t>(page_size) + 1;
  RETURN_IF_ERROR(ReadRequest(request, *point.scope, question));
  ASSIGN_OR_RETURN(question.after, DecodePlace(position));
  ASSIGN_OR_RETURN(Queue queue, Scan(call, point, question));
  std::vector<FollowUpPage::Placed> entries = queue.page.Take();
  if (entries.size() == question.limit) {
    entries.pop_back();
    response->set_next_page_token(
        EncodePageToken(kMethod, bound, EncodePlace(entries.back().first)));
  }
  for (auto& [place, entry] : entries) {
    v1::FollowUp& follow_up = *response->add_follow_ups();
    follow_up.set_customer(FormatCustomerName(point.scope->id, place.name));
    RETURN_IF_ERROR(Show(question, std::move(entry), follow_up));
  }
  response->set_total_size(queue.count);
  response->mutable_context()->set_sample_size(queue.count);
  FillContext(*point.at, response->mutable_context());
  return absl::OkStatus();
}

}  // namespace rapport::server
