// SPDX-License-Identifier: Apache-2.0
#include "server/services/cohort_questions.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "google/protobuf/duration.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/cohorts/growth_count.h"
#include "lib/cohorts/retention_report.h"
#include "lib/cohorts/stage_times.h"
#include "lib/cohorts/stickiness.h"
#include "server/cohort_window.h"
#include "server/customer_scan.h"
#include "server/generation_metrics.h"
#include "server/metric_reader.h"

namespace rapport::server {
namespace {

constexpr int32_t kDefaultIntervals = 30;
constexpr int32_t kMaxIntervals = 1000;
constexpr int32_t kDefaultReactivationDays = 90;
constexpr int32_t kMaxReactivationDays = 3650;

// A question's workspace and the point it reads at. Does not move: `at` names the others.
class CohortPoint {
 public:
  absl::Status Open(const CallContext& call, std::string_view parent, v1::View view) {
    ASSIGN_OR_RETURN(workspace_, call.env().workspaces.FromName(parent, "parent"));
    generation_ = call.env().serving.Current();
    ASSIGN_OR_RETURN(const v1::View resolved, MetricView(view, generation_));
    at_.emplace(ReadPoint{call.env(), *workspace_, generation_, resolved, call.now()});
    ASSIGN_OR_RETURN(metrics_, call.env().metric_store.Of(call, *workspace_, generation_));
    FillScope(call);
    return absl::OkStatus();
  }
  const ReadPoint& at() const { return *at_; }
  const WorkspaceScope& workspace() const { return *workspace_; }
  const metrics::Scope& scope() const { return scope_; }
  GenerationMetrics& generation() { return *metrics_; }

 private:
  void FillScope(const CallContext& call) {
    scope_.calendar = workspace_->settings.calendar;
    scope_.base_currency = workspace_->settings.base_currency;
    scope_.rules = workspace_->settings.rules;
    scope_.rates = &workspace_->book->rates;
    scope_.names = workspace_->names.get();
    scope_.as_of = at_->as_of();
    scope_.event_end = scope_.as_of + 1;
    scope_.customer_label = [this, &call](std::string_view dimension, uint32_t code) {
      const auto column = metrics_->Column(call, *workspace_, dimension);
      return column.ok() ? (*column)->Label(code) : std::string();
    };
  }

  ScopeHandle workspace_;
  store::GenerationHandle generation_;
  std::optional<ReadPoint> at_;
  std::shared_ptr<GenerationMetrics> metrics_;
  metrics::Scope scope_;
};

// A walk of lib/cohorts as the scan drives it.
template <typename Walk>
class Walker final : public CustomerWalker {
 public:
  template <typename... Arguments>
  explicit Walker(const Arguments&... arguments) : walk(arguments...) {}

  absl::Status Customer(const filter::CustomerEvents& customer,
                        std::span<const uint32_t> codes) override {
    if constexpr (requires { walk.Customer(customer, codes); }) {
      return walk.Customer(customer, codes);
    } else {
      walk.Customer(customer);
      return absl::OkStatus();
    }
  }
  Walk walk;
};

absl::Status MergeInto(cohorts::RetentionWalk& all, const cohorts::RetentionWalk& more) {
  return all.Merge(more);
}
template <typename Walk>
absl::Status MergeInto(Walk& all, const Walk& more) {
  all.Merge(more);
  return absl::OkStatus();
}

absl::StatusOr<ScanNeeds> NeedsOf(const cohorts::CustomerNeeds& needs,
                                  const google::protobuf::Duration* budget) {
  ScanNeeds scan{needs.places, needs.types, needs.dimensions};
  if (budget == nullptr) return scan;
  const auto micros = budget->seconds() * kMicrosPerSecond + budget->nanos() / 1000;
  if (budget->seconds() < 0 || budget->seconds() > 3600 || micros <= 0) {
    return InvalidField("time_budget", "OUT_OF_RANGE", "must be more than 0 and at most an hour");
  }
  scan.give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(micros);
  return scan;
}

// Walks all customers with a walk per thread, made from `arguments`, and merges into `all`.
template <typename Walk, typename... Arguments>
absl::StatusOr<ScanDone> Scan(const CallContext& call, CohortPoint& point, const ScanNeeds& needs,
                              Walk& all, const Arguments&... arguments) {
  return ScanWalkers(
      call, point.at(), point.generation(), needs,
      [&] { return std::make_unique<Walker<Walk>>(arguments...); },
      [&](CustomerWalker& walker) {
        return MergeInto(all, static_cast<Walker<Walk>&>(walker).walk);
      });
}

// What is left of the answer's context, and whether the scan was cut short.
template <typename Response>
void Finish(const CohortPoint& point, const ScanDone& done, Response* response) {
  FillContext(point.at(), response->mutable_context());
  response->set_partial(!done.complete);
  if (done.complete) return;
  response->mutable_context()->add_notes(Cat("partial: the time budget was over after ",
                                             done.customers_done, " of ", done.customers_total,
                                             " customers"));
}

absl::Status CheckDimension(const std::string& dimension) {
  constexpr std::string_view kKnown[] = {"stage", "value_tier", "rfm_segment", "cohort",
                                         "acquisition_channel"};
  const bool attribute = dimension.starts_with("attribute.") && dimension.size() > 10;
  const bool segment = dimension.starts_with("segment.") && dimension.size() > 8;
  if (dimension.empty() || attribute || segment ||
      std::ranges::find(kKnown, dimension) != std::end(kKnown)) {
    return absl::OkStatus();
  }
  return InvalidField("question.cohort.dimension", "UNKNOWN_DIMENSION",
                      "must be stage, value_tier, rfm_segment, cohort, acquisition_channel, "
                      "attribute.KEY or segment.ID");
}

template <typename Request>
cohorts::ActivityQuestion QuestionOf(const Request& request) {
  cohorts::ActivityQuestion question;
  question.filter = request.filter();
  question.granularity = request.granularity();
  question.start_date = request.start_date();
  question.end_date = request.end_date();
  return question;
}

template <typename Request>
const google::protobuf::Duration* BudgetOf(const Request& request) {
  return request.has_time_budget() ? &request.time_budget() : nullptr;
}

absl::StatusOr<cohorts::StageTimesPlan> StagePlan(const v1::QueryStageTimesRequest& request,
                                                  const CohortPoint& point) {
  cohorts::StageTimesPlan plan;
  plan.scope = &point.scope();
  ASSIGN_OR_RETURN(plan.customers,
                   cohorts::ParseCustomers(request.filter(), "filter", point.scope()));
  ASSIGN_OR_RETURN(const DayWindow window, ParseWindow(request.start_date(), request.end_date()));
  const Calendar& calendar = point.scope().calendar;
  if (window.begin) plan.begin = calendar.StartOf(*window.begin);
  if (window.end) plan.end = calendar.StartOf(*window.end);
  if (request.reactivation_days() < 0 || request.reactivation_days() > kMaxReactivationDays) {
    return InvalidField("reactivation_days", "OUT_OF_RANGE",
                        Cat("must be 1 to ", kMaxReactivationDays));
  }
  plan.reactivation_days =
      request.reactivation_days() == 0 ? kDefaultReactivationDays : request.reactivation_days();
  return plan;
}

}  // namespace

absl::Status HandleAnalyzeRetention(CallContext& call, const v1::AnalyzeRetentionRequest& request,
                                    v1::AnalyzeRetentionResponse* response) {
  RETURN_IF_ERROR(CheckDimension(request.question().cohort().dimension()));
  CohortPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  const v1::ValueSettings& value = point.workspace().workspace.value_settings();
  ASSIGN_OR_RETURN(
      const cohorts::RetentionPlan plan,
      cohorts::RetentionPlan::Create(request.question(), point.scope(),
                                     {.margin = value.margin(), .has_margin = value.has_margin()}));
  ASSIGN_OR_RETURN(const ScanNeeds needs, NeedsOf(plan.Needs(), BudgetOf(request)));
  cohorts::RetentionWalk all(plan);
  ASSIGN_OR_RETURN(const ScanDone done, Scan(call, point, needs, all, plan));
  RETURN_IF_ERROR(cohorts::FillRetention(all, response));
  Finish(point, done, response);
  return absl::OkStatus();
}

absl::Status HandleQueryGrowth(CallContext& call, const v1::QueryGrowthRequest& request,
                               v1::QueryGrowthResponse* response) {
  CohortPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  ASSIGN_OR_RETURN(const cohorts::ActivityPlan plan,
                   cohorts::ActivityPlan::Create(QuestionOf(request), point.scope()));
  ASSIGN_OR_RETURN(const ScanNeeds needs, NeedsOf(plan.Needs(), BudgetOf(request)));
  cohorts::GrowthCount all(plan);
  ASSIGN_OR_RETURN(const ScanDone done, Scan(call, point, needs, all, plan));
  RETURN_IF_ERROR(all.Fill(response));
  Finish(point, done, response);
  return absl::OkStatus();
}

absl::Status HandleQueryStickiness(CallContext& call, const v1::QueryStickinessRequest& request,
                                   v1::QueryStickinessResponse* response) {
  if (request.minimum_events() < 0 || request.minimum_events() > kMaxIntervals) {
    return InvalidField("minimum_events", "OUT_OF_RANGE", Cat("must be 1 to ", kMaxIntervals));
  }
  const int32_t minimum = std::max(request.minimum_events(), 1);
  CohortPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  cohorts::ActivityQuestion question = QuestionOf(request);
  question.default_granularity = v1::GRANULARITY_DAY;
  question.default_buckets = kDefaultIntervals;
  ASSIGN_OR_RETURN(const cohorts::ActivityPlan plan,
                   cohorts::ActivityPlan::Create(question, point.scope()));
  ASSIGN_OR_RETURN(const ScanNeeds needs, NeedsOf(plan.Needs(), BudgetOf(request)));
  cohorts::StickinessCount all(plan, minimum);
  ASSIGN_OR_RETURN(const ScanDone done, Scan(call, point, needs, all, plan, minimum));
  all.Fill(response);
  Finish(point, done, response);
  return absl::OkStatus();
}

absl::Status HandleQueryStageTimes(CallContext& call, const v1::QueryStageTimesRequest& request,
                                   v1::QueryStageTimesResponse* response) {
  CohortPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  ASSIGN_OR_RETURN(const cohorts::StageTimesPlan plan, StagePlan(request, point));
  cohorts::CustomerNeeds of_customers;
  of_customers.places = plan.customers.places();
  ASSIGN_OR_RETURN(const ScanNeeds needs, NeedsOf(of_customers, BudgetOf(request)));
  cohorts::StageTimes all(plan);
  ASSIGN_OR_RETURN(const ScanDone done, Scan(call, point, needs, all, plan));
  all.Fill(response);
  response->mutable_context()->set_start_date(request.start_date());
  response->mutable_context()->set_end_date(request.end_date());
  Finish(point, done, response);
  return absl::OkStatus();
}

}  // namespace rapport::server
