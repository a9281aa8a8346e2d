// SPDX-License-Identifier: Apache-2.0
#include "server/services/feedback_service.h"

#include <utility>

#include "lib/base/money.h"
#include "lib/base/status_macros.h"
#include "lib/feedback/movement.h"
#include "lib/filter/names.h"
#include "rapport/v1/feedback_service.grpc.pb.h"
#include "server/call.h"
#include "server/customer_rows.h"
#include "server/services/feedback_lists.h"
#include "server/services/feedback_point.h"

namespace rapport::server {
namespace {

class MovementStep final : public events::PassStep {
 public:
  MovementStep(const ReadPoint& at, const feedback::AnswerScope& scope)
      : scope_(scope), rows_(at, {filter::Place::kCustomerFacts}) {}

  absl::Status Customer(events::CustomerWalk& walk) override {
    ASSIGN_OR_RETURN(const v1::Customer* customer, rows_.Load(walk.customer_no()));
    sums.Add(walk.events(), scope_, feedback::WorthOf(customer->facts().value()));
    return absl::OkStatus();
  }

  feedback::MovementSums sums;

 private:
  const feedback::AnswerScope& scope_;
  CustomerRows rows_;
};

absl::Status HandleGetScoreMovement(CallContext& call, const v1::GetScoreMovementRequest& request,
                                    v1::ScoreMovement* response) {
  FeedbackPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent()));
  ASSIGN_OR_RETURN(feedback::AnswerScope scope,
                   ParseDays(*point.scope, request.start_date(), request.end_date()));
  if (!request.touchpoint().empty()) {
    // Of a touchpoint that is not known nothing was answered: no event has number 0 and a name.
    const uint32_t number =
        point.scope->names->Find(filter::NameKind::kTouchpoint, request.touchpoint());
    scope.touchpoint_no = number == 0 ? UINT32_MAX : number;
  }
  feedback::MovementSums sums;
  RETURN_IF_ERROR(events::ScanCustomersByThread(
                      point.Ground(), point.Options(call),
                      [&] { return std::make_unique<MovementStep>(*point.at, scope); },
                      [&sums](events::PassStep& step) {
                        sums.Merge(static_cast<MovementStep&>(step).sums);
                        return absl::OkStatus();
                      })
                      .status());
  *response = sums.Answer(UnpackCurrency(point.scope->settings.base_currency));
  v1::AnswerContext& context = *response->mutable_context();
  context.set_start_date(request.start_date());
  context.set_end_date(request.end_date());
  FillContext(*point.at, &context);
  if (point.generation == nullptr) {
    context.add_notes("No nightly run yet: no values and no chances to leave.");
  }
  return absl::OkStatus();
}

class FeedbackService final : public v1::FeedbackService::CallbackService {
 public:
  explicit FeedbackService(Env& env) : env_(env) {}
  RAPPORT_UNARY(FeedbackService, ListVerbatims, v1::ListVerbatimsResponse)
  RAPPORT_UNARY(FeedbackService, ListFollowUps, v1::ListFollowUpsResponse)
  RAPPORT_UNARY(FeedbackService, GetScoreMovement, v1::ScoreMovement)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewFeedbackService(Env& env) {
  return std::make_unique<FeedbackService>(env);
}

}  // namespace rapport::server
