// SPDX-License-Identifier: Apache-2.0
#include "server/services/journey_questions.h"

#include <memory>
#include <span>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/journey/effect_walker.h"
#include "lib/journey/funnel_answer.h"
#include "lib/journey/pain_points.h"
#include "lib/journey/path_walker.h"
#include "server/journey_point.h"

namespace rapport::server {
namespace {

using Codes = std::span<const uint32_t>;

// What questions about funnels have in common.
template <typename Request>
journey::FunnelQuestion QuestionOf(const Request& request) {
  journey::FunnelQuestion question;
  question.funnel = request.funnel();
  question.start_date = request.start_date();
  question.end_date = request.end_date();
  question.filter = request.filter();
  return question;
}

template <typename Request>
absl::Status SetBudget(const Request& request, ScanNeeds& needs) {
  ASSIGN_OR_RETURN(needs.give_up, GiveUpAfter(request.has_time_budget(), request.time_budget()));
  return absl::OkStatus();
}

}  // namespace

ScanNeeds NeedsOf(const journey::CompiledFunnel& funnel) {
  ScanNeeds needs;
  needs.places = funnel.customer_places();
  needs.types = funnel.Types();
  if (funnel.dimension() && funnel.dimension()->of_customer()) {
    needs.dimensions.push_back(funnel.dimension()->name());
  }
  return needs;
}

absl::Status HandleQueryFunnel(CallContext& call, const v1::QueryFunnelRequest& request,
                               v1::QueryFunnelResponse* response) {
  JourneyPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  journey::FunnelQuestion question = QuestionOf(request);
  question.group_by = request.group_by();
  question.attribution = request.attribution();
  question.attribution_step = request.attribution_step();
  question.top = request.top();
  question.compare = request.compare();
  question.compare_start_date = request.compare_start_date();
  question.compare_end_date = request.compare_end_date();
  question.histogram_bins = request.histogram_bins();
  ASSIGN_OR_RETURN(const journey::CompiledFunnel funnel,
                   journey::CompiledFunnel::Create(question, point.scope()));
  ScanNeeds needs = NeedsOf(funnel);
  RETURN_IF_ERROR(SetBudget(request, needs));
  ASSIGN_OR_RETURN(const auto scanned,
                   point.Scan<journey::FunnelWalker>(
                       call, needs, [&] { return std::make_unique<journey::FunnelWalker>(funnel); },
                       [](auto& walker, const auto& customer, Codes codes) {
                         walker.Customer(customer, codes);
                         return absl::OkStatus();
                       }));
  ASSIGN_OR_RETURN(*response, journey::AnswerFunnel(*scanned.first));
  response->set_partial(!scanned.second.complete);
  point.Finish(scanned.second, response->mutable_context());
  return absl::OkStatus();
}

absl::Status HandleFindPainPoints(CallContext& call, const v1::FindPainPointsRequest& request,
                                  v1::FindPainPointsResponse* response) {
  if (request.top() < 0 || request.top() > journey::kMaxValuesShown) {
    return InvalidField("top", "OUT_OF_RANGE", Cat("must be 0 to ", journey::kMaxValuesShown));
  }
  const int top = request.top() == 0 ? journey::kDefaultValuesShown : request.top();
  JourneyPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  ASSIGN_OR_RETURN(const journey::CompiledFunnel funnel,
                   journey::CompiledFunnel::Create(QuestionOf(request), point.scope()));
  RETURN_IF_ERROR(journey::CheckPainFunnel(funnel));
  const std::vector<std::string> names(request.dimensions().begin(), request.dimensions().end());
  ASSIGN_OR_RETURN(const journey::PainDimensions dimensions, journey::PainDimensions::Parse(names));
  ScanNeeds needs = NeedsOf(funnel);
  for (const journey::Dimension& dimension : dimensions.of_customer) {
    needs.dimensions.push_back(dimension.name());
  }
  RETURN_IF_ERROR(SetBudget(request, needs));
  ASSIGN_OR_RETURN(
      const auto scanned,
      point.Scan<journey::PainWalker>(
          call, needs, [&] { return std::make_unique<journey::PainWalker>(funnel, dimensions); },
          [](auto& walker, const auto& customer, Codes codes) {
            walker.Customer(customer, codes);
            return absl::OkStatus();
          }));
  *response = journey::AnswerPainPoints(*scanned.first, top);
  response->set_partial(!scanned.second.complete);
  point.Finish(scanned.second, response->mutable_context());
  return absl::OkStatus();
}

absl::Status HandleQueryPaths(CallContext& call, const v1::QueryPathsRequest& request,
                              v1::QueryPathsResponse* response) {
  JourneyPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  ASSIGN_OR_RETURN(const journey::PathPlan plan,
                   journey::PathPlan::Create(request.question(), request.start_date(),
                                             request.end_date(), point.scope()));
  ScanNeeds needs;
  needs.places = plan.customer_places();
  needs.types = plan.Types();
  RETURN_IF_ERROR(SetBudget(request, needs));
  ASSIGN_OR_RETURN(const auto scanned,
                   point.Scan<journey::PathWalker>(
                       call, needs, [&] { return std::make_unique<journey::PathWalker>(plan); },
                       [](auto& walker, const auto& customer, Codes) {
                         walker.Customer(customer);
                         return absl::OkStatus();
                       }));
  ASSIGN_OR_RETURN(*response, journey::AnswerPaths(*scanned.first));
  response->set_partial(!scanned.second.complete);
  point.Finish(scanned.second, response->mutable_context());
  return absl::OkStatus();
}

absl::Status HandleQueryStepEffect(CallContext& call, const v1::QueryStepEffectRequest& request,
                                   v1::QueryStepEffectResponse* response) {
  JourneyPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  ASSIGN_OR_RETURN(const journey::EffectPlan plan,
                   journey::EffectPlan::Create(request.question(), point.scope()));
  ScanNeeds needs;
  needs.places = plan.customer_places();
  needs.dimensions = plan.dimensions();
  RETURN_IF_ERROR(SetBudget(request, needs));
  ASSIGN_OR_RETURN(const auto scanned,
                   point.Scan<journey::EffectWalker>(
                       call, needs, [&] { return std::make_unique<journey::EffectWalker>(plan); },
                       [](auto& walker, const auto& customer, Codes codes) {
                         walker.Customer(customer, codes);
                         return absl::OkStatus();
                       }));
  *response = journey::AnswerEffect(*scanned.first);
  response->set_partial(!scanned.second.complete);
  point.Finish(scanned.second, response->mutable_context());
  return absl::OkStatus();
}

}  // namespace rapport::server
