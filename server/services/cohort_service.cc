// SPDX-License-Identifier: Apache-2.0
#include "server/services/cohort_service.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/facts/reports.h"
#include "lib/store/keys.h"
#include "rapport/v1/cohort_service.grpc.pb.h"
#include "server/call.h"
#include "server/cohort_window.h"
#include "server/customer_view.h"
#include "server/page_token.h"
#include "server/reports.h"
#include "server/resource_name.h"
#include "server/services/cohort_questions.h"
#include "server/transition_stream.h"

namespace rapport::server {
namespace {

constexpr int64_t kRowsBetweenLooks = 1024;

// Times a request is after, end exclusive.
struct TimeRange {
  TimeMicros begin = std::numeric_limits<TimeMicros>::min() + 1;
  TimeMicros end = std::numeric_limits<TimeMicros>::max();
};

// A cursor over the workspace's transitions in the range, newest first, beginning after
// the row `after` if there is one.
std::unique_ptr<store::Cursor> ScanTransitions(const ReadPoint& at, const TimeRange& range,
                                               const std::string& after) {
  const uint32_t workspace_no = at.scope.workspace_no;
  const store::TransitionKey newest{workspace_no, range.end - 1, 0};
  const store::TransitionKey beyond{workspace_no, range.begin - 1, 0};
  // A zero byte behind a key makes the next possible one.
  const std::string begin = after.empty() ? newest.Encode() : after + std::string(1, '\0');
  return at.env.store.dataset().Scan(store::DatasetId::kTransitions, at.generation->generation(),
                                     {.begin = begin, .end = beyond.Encode()});
}

absl::Status ParseTransition(const store::Cursor& cursor, v1::Transition* out) {
  const std::string_view row = cursor.Value();
  if (out->ParseFromArray(row.data(), static_cast<int>(row.size()))) return absl::OkStatus();
  return DataLoss("transitions", "a row does not decode");
}

void SetWindow(const DayWindow& window, v1::AnswerContext* context) {
  if (window.begin) context->set_start_date(FormatDate(*window.begin));
  if (window.end) context->set_end_date(FormatDate(*window.end));
}

absl::Status CheckEnums(const v1::QueryRetentionRequest& request) {
  if (!v1::CohortBirth_IsValid(request.birth())) {
    return InvalidField("birth", "UNKNOWN_VALUE", "is not known");
  }
  if (!v1::CohortReturn_IsValid(request.return_event())) {
    return InvalidField("return_event", "UNKNOWN_VALUE", "is not known");
  }
  if (!v1::RetentionMode_IsValid(request.mode())) {
    return InvalidField("mode", "UNKNOWN_VALUE", "is not known");
  }
  return absl::OkStatus();
}

absl::Status HandleQueryRetention(CallContext& call, const v1::QueryRetentionRequest& request,
                                  v1::RetentionReport* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  RETURN_IF_ERROR(CheckEnums(request));
  ASSIGN_OR_RETURN(const DayWindow window, ParseWindow(request.start_date(), request.end_date()));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  const v1::CohortBirth birth = std::max(request.birth(), v1::COHORT_BIRTH_FIRST_ORDER);
  const v1::CohortReturn back = std::max(request.return_event(), v1::COHORT_RETURN_ORDER);
  const v1::RetentionMode mode = std::max(request.mode(), v1::RETENTION_MODE_ON);
  RETURN_IF_ERROR(ReadReport(call.env(), *generation, scope->workspace_no,
                             facts::RetentionReportName(birth, back, mode), response));
  response->set_birth(birth);
  response->set_return_event(back);
  response->set_mode(mode);
  KeepCohorts(window, response);
  int64_t customers = 0;
  for (const v1::Cohort& cohort : response->cohorts()) customers += cohort.size();
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  v1::AnswerContext* context = response->mutable_context();
  FillContext(at, context);
  SetWindow(window, context);
  context->set_definition("retention");
  context->set_sample_size(customers);
  return absl::OkStatus();
}

// The window asked for; by default from the month a year before as_of to as_of's day.
absl::StatusOr<DayWindow> LifecycleWindow(const v1::QueryLifecycleRequest& request,
                                          CivilDays as_of_day) {
  ASSIGN_OR_RETURN(DayWindow window, ParseWindow(request.start_date(), request.end_date()));
  if (!window.end) window.end = as_of_day + 1;
  if (!window.begin) {
    const CivilDays last = std::min(*window.end - 1, as_of_day);
    window.begin = FirstDayOfMonth(MonthIndex(last) - 12);
  }
  if (*window.begin >= *window.end) {
    return InvalidField("start_date", "INVERTED_RANGE", "lies after the published answers");
  }
  return window;
}

// Flows between two days that do not begin months, counted from the transitions.
absl::StatusOr<FlowCounts> CountFlows(const CallContext& call, const ReadPoint& at,
                                      const DayWindow& window) {
  const Calendar& calendar = at.scope.settings.calendar;
  const TimeRange range{calendar.StartOf(*window.begin), calendar.StartOf(*window.end)};
  FlowCounts counts;
  v1::Transition transition;
  const auto cursor = ScanTransitions(at, range, "");
  for (int64_t row = 0; cursor->Valid(); cursor->Next(), ++row) {
    if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    RETURN_IF_ERROR(ParseTransition(*cursor, &transition));
    ++counts[{transition.from_stage(), transition.to_stage()}];
  }
  RETURN_IF_ERROR(cursor->status());
  return counts;
}

bool BeginsMonth(CivilDays day) { return FirstDayOfMonth(MonthIndex(day)) == day; }

absl::Status HandleQueryLifecycle(CallContext& call, const v1::QueryLifecycleRequest& request,
                                  v1::LifecycleReport* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  const ReadPoint at{call.env(), *scope, generation, v1::VIEW_NIGHTLY, call.now()};
  const CivilDays as_of_day = scope->settings.calendar.DayOf(at.as_of());
  ASSIGN_OR_RETURN(const DayWindow window, LifecycleWindow(request, as_of_day));
  RETURN_IF_ERROR(ReadReport(call.env(), *generation, scope->workspace_no,
                             std::string(facts::kLifecycleReport), response));
  FlowCounts flows = KeepMonths(window, response);
  const bool whole_months =
      BeginsMonth(*window.begin) && (BeginsMonth(*window.end) || *window.end > as_of_day);
  if (!whole_months) {
    ASSIGN_OR_RETURN(flows, CountFlows(call, at, window));
  }
  SetFlows(flows, response);
  v1::AnswerContext* context = response->mutable_context();
  FillContext(at, context);
  SetWindow(window, context);
  context->set_definition("lifecycle");
  int64_t customers = 0;
  for (const v1::StageCount& stage : response->stages()) customers += stage.customer_count();
  context->set_sample_size(customers);
  return absl::OkStatus();
}

// A page of transitions, and where the next one goes on ("" after the last).
struct TransitionPage {
  const v1::ListTransitionsRequest& request;
  TimeRange range;
  std::string position;
  int32_t page_size = 0;

  bool Wants(const v1::Transition& transition) const {
    return request.to_stage() == v1::LIFECYCLE_STAGE_UNSPECIFIED ||
           transition.to_stage() == request.to_stage();
  }
};

absl::StatusOr<std::string> ListOfWorkspace(const CallContext& call, const ReadPoint& at,
                                            const TransitionPage& page,
                                            v1::ListTransitionsResponse* response) {
  std::string last;
  v1::Transition transition;
  const auto cursor = ScanTransitions(at, page.range, page.position);
  for (int64_t row = 0; cursor->Valid(); cursor->Next(), ++row) {
    if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    RETURN_IF_ERROR(ParseTransition(*cursor, &transition));
    if (!page.Wants(transition)) continue;
    if (response->transitions_size() == page.page_size) return last;
    const auto key = store::TransitionKey::Decode(cursor->Key());
    if (!key.has_value()) return DataLoss("transitions", "foreign key");
    last = cursor->Key();
    v1::Transition* copy = response->add_transitions();
    *copy = transition;
    const CustomerNo survivor = at.scope.directory->Resolve(key->customer_no);
    copy->set_customer(CustomerResource(at.scope, survivor));
  }
  RETURN_IF_ERROR(cursor->status());
  return std::string();
}

// A customer has few transitions: the position is how many were shown.
absl::StatusOr<std::string> ListOfCustomer(const ReadPoint& at, CustomerNo customer_no,
                                           const TransitionPage& page,
                                           v1::ListTransitionsResponse* response) {
  std::string_view position = page.position;
  uint64_t shown = 0;
  if (!position.empty() && !GetVarint(position, shown)) return Internal("page position");
  ASSIGN_OR_RETURN(std::vector<v1::Transition> all, ReadTransitions(at, customer_no));
  uint64_t seen = 0;
  for (auto transition = all.rbegin(); transition != all.rend(); ++transition) {
    const TimeMicros time = MicrosOf(transition->transition_time());
    const bool fits = page.Wants(*transition) && time >= page.range.begin && time < page.range.end;
    if (!fits || seen++ < shown) continue;
    if (response->transitions_size() == page.page_size) {
      std::string next;
      PutVarint(next, shown + static_cast<uint64_t>(page.page_size));
      return next;
    }
    transition->set_customer(CustomerResource(at.scope, customer_no));
    *response->add_transitions() = std::move(*transition);
  }
  return std::string();
}

struct TransitionParent {
  ScopeHandle scope;
  CustomerNo customer_no = 0;  // 0: the whole workspace.
};

absl::StatusOr<TransitionParent> ParentOf(CallContext& call, std::string_view name) {
  TransitionParent parent;
  if (name.find("/customers/") == std::string_view::npos) {
    ASSIGN_OR_RETURN(parent.scope, call.env().workspaces.FromName(name, "parent"));
    return parent;
  }
  ASSIGN_OR_RETURN(const CustomerName parsed, ParseCustomerName(name, "parent"));
  ASSIGN_OR_RETURN(parent.scope, call.env().workspaces.Find(parsed.workspace));
  ASSIGN_OR_RETURN(parent.customer_no, FindCustomer(*parent.scope, parsed.customer));
  return parent;
}

std::string BoundRequest(const v1::ListTransitionsRequest& request) {
  v1::ListTransitionsRequest bound = request;
  bound.clear_page_size();
  bound.clear_page_token();
  return bound.SerializeAsString();
}

absl::Status HandleListTransitions(CallContext& call, const v1::ListTransitionsRequest& request,
                                   v1::ListTransitionsResponse* response) {
  constexpr std::string_view kMethod = "ListTransitions";
  ASSIGN_OR_RETURN(const TransitionParent parent, ParentOf(call, request.parent()));
  TransitionPage page{request, {}, "", 0};
  ASSIGN_OR_RETURN(page.page_size, PageSize(request.page_size(), {}));
  if (request.has_start_time()) page.range.begin = MicrosOf(request.start_time());
  if (request.has_end_time()) page.range.end = MicrosOf(request.end_time());
  if (page.range.begin > page.range.end) {
    return InvalidField("end_time", "INVERTED_RANGE", "must not be before start_time");
  }
  const std::string bound = BoundRequest(request);
  ASSIGN_OR_RETURN(page.position, DecodePageToken(request.page_token(), kMethod, bound));
  ASSIGN_OR_RETURN(const store::GenerationHandle generation, call.env().serving.Published());
  const ReadPoint at{call.env(), *parent.scope, generation, v1::VIEW_NIGHTLY, call.now()};
  std::string next;
  if (parent.customer_no == 0) {
    ASSIGN_OR_RETURN(next, ListOfWorkspace(call, at, page, response));
  } else {
    ASSIGN_OR_RETURN(next, ListOfCustomer(at, parent.customer_no, page, response));
  }
  if (!next.empty()) response->set_next_page_token(EncodePageToken(kMethod, bound, next));
  FillContext(at, response->mutable_context());
  response->mutable_context()->set_definition("transitions");
  response->mutable_context()->set_sample_size(response->transitions_size());
  return absl::OkStatus();
}

class CohortService final : public v1::CohortService::CallbackService {
 public:
  explicit CohortService(Env& env) : env_(env) {}
  RAPPORT_UNARY(CohortService, QueryRetention, v1::RetentionReport)
  RAPPORT_UNARY(CohortService, QueryLifecycle, v1::LifecycleReport)
  RAPPORT_UNARY(CohortService, ListTransitions, v1::ListTransitionsResponse)
  RAPPORT_UNARY(CohortService, AnalyzeRetention, v1::AnalyzeRetentionResponse)
  RAPPORT_UNARY(CohortService, QueryGrowth, v1::QueryGrowthResponse)
  RAPPORT_UNARY(CohortService, QueryStickiness, v1::QueryStickinessResponse)
  RAPPORT_UNARY(CohortService, QueryStageTimes, v1::QueryStageTimesResponse)

  grpc::ServerWriteReactor<v1::WatchTransitionsResponse>* WatchTransitions(
      grpc::CallbackServerContext* context, const v1::WatchTransitionsRequest* request) override {
    return TransitionStream::Start(
        CallContext(env_, MethodNo("CohortService.WatchTransitions"), context), *request);
  }

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewCohortService(Env& env) {
  return std::make_unique<CohortService>(env);
}

}  // namespace rapport::server
