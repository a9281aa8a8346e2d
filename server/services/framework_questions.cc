// SPDX-License-Identifier: Apache-2.0
#include "server/services/framework_questions.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "google/protobuf/duration.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/customer_walk.h"
#include "lib/filter/sources.h"
#include "lib/frameworks/journey_text.h"
#include "lib/frameworks/report.h"
#include "lib/frameworks/walk.h"
#include "lib/store/keys.h"
#include "rapport/store/v1/framework.pb.h"
#include "server/cohort_window.h"
#include "server/customer_scan.h"
#include "server/framework_point.h"
#include "server/page_token.h"
#include "server/reports.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

using frameworks::CompiledFramework;
using frameworks::ReportSums;
using frameworks::ReportWindow;

constexpr std::string_view kFrameworks = "frameworks";
constexpr int64_t kSmallSample = 30;
constexpr int64_t kRowsBetweenLooks = 256;

// --- Flow of all customers.

struct Days {
  CivilDays begin = 0;
  CivilDays end = 0;
};

absl::StatusOr<Days> DaysOf(const v1::QueryFrameworkRequest& request, const metrics::Scope& scope) {
  ASSIGN_OR_RETURN(const DayWindow window, ParseWindow(request.start_date(), request.end_date()));
  Days days;
  days.end = window.end.value_or(scope.as_of_day() + 1);
  days.begin = window.begin.value_or(frameworks::DefaultFirstDay(days.end));
  if (days.begin >= days.end) {
    return InvalidField("start_date", "INVERTED_RANGE", "must be before end_date");
  }
  return days;
}

// The entry of a framework in what the night stored; nullopt when it has not walked the
// framework as it is now.
absl::StatusOr<std::optional<store::v1::StoredFramework>> ReadStored(
    const FrameworkPoint& point, const v1::Framework& framework) {
  store::v1::StoredFrameworks all;
  const absl::Status read =
      ReadReport(point.at().env, *point.generation(), point.workspace().workspace_no,
                 std::string(kFrameworks), &all);
  if (absl::IsFailedPrecondition(read)) return std::nullopt;  // An older generation.
  RETURN_IF_ERROR(read);
  const uint64_t fingerprint = frameworks::FingerprintOf(framework, point.scope());
  for (store::v1::StoredFramework& entry : *all.mutable_frameworks()) {
    if (entry.framework() == framework.framework() && entry.fingerprint() == fingerprint) {
      return std::move(entry);
    }
  }
  return std::nullopt;
}

// Journeys of the customers that a filter lets through, summed up.
class ReportWalker final : public CustomerWalker {
 public:
  ReportWalker(const CompiledFramework& framework, const ReportWindow& window,
               const filter::Expression& filter)
      : walk_(framework),
        filter_(filter),
        base_currency_(UnpackCurrency(framework.scope().base_currency)),
        sums(framework, window) {}

  absl::Status Customer(const filter::CustomerEvents& customer,
                        std::span<const uint32_t>) override {
    if (!filter_.empty() &&
        !filter_.Evaluate(filter::CustomerSource(*customer.customer, base_currency_))) {
      return absl::OkStatus();
    }
    sums.Add(walk_.Walk(customer));
    return absl::OkStatus();
  }

 private:
  frameworks::JourneyWalk walk_;
  const filter::Expression& filter_;
  const std::string base_currency_;

 public:
  ReportSums sums;
};

absl::Status SetBudget(const v1::QueryFrameworkRequest& request, ScanNeeds& needs) {
  if (!request.has_time_budget()) return absl::OkStatus();
  const auto& budget = request.time_budget();
  const int64_t micros = budget.seconds() * kMicrosPerSecond + budget.nanos() / 1000;
  if (budget.seconds() < 0 || budget.seconds() > 3600 || micros <= 0) {
    return InvalidField("time_budget", "OUT_OF_RANGE", "must be more than 0 and at most an hour");
  }
  needs.give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(micros);
  return absl::OkStatus();
}

absl::Status ScanReport(const CallContext& call, FrameworkPoint& point,
                        const v1::QueryFrameworkRequest& request,
                        const CompiledFramework& framework, const Days& days,
                        v1::FrameworkReport* response) {
  filter::Context context;
  context.base_currency = UnpackCurrency(point.scope().base_currency);
  context.calendar = point.scope().calendar;
  context.names = point.scope().names;
  ASSIGN_OR_RETURN(const filter::Expression filter,
                   filter::Parse(request.filter(), filter::CustomerCatalogue(), context));
  const Calendar& calendar = point.scope().calendar;
  const ReportWindow window{calendar.StartOf(days.begin), calendar.StartOf(days.end)};
  ScanNeeds needs;
  needs.places = filter.places();
  RETURN_IF_ERROR(SetBudget(request, needs));
  ASSIGN_OR_RETURN(GenerationMetrics* const metrics, point.Metrics(call));
  ReportSums sums(framework, window);
  ASSIGN_OR_RETURN(const ScanDone done,
                   ScanWalkers(
                       call, point.at(), *metrics, needs,
                       [&] { return std::make_unique<ReportWalker>(framework, window, filter); },
                       [&](CustomerWalker& walker) {
                         sums.Merge(static_cast<ReportWalker&>(walker).sums);
                         return absl::OkStatus();
                       }));
  *response = sums.Answer();
  response->set_partial(!done.complete);
  if (!done.complete) {
    response->mutable_context()->add_notes(Cat("partial: the time budget was over after ",
                                               done.customers_done, " of ", done.customers_total,
                                               " customers"));
  }
  return absl::OkStatus();
}

void FillReportContext(const FrameworkPoint& point, const v1::Framework& framework,
                       const Days& days, v1::AnswerContext* context) {
  context->set_definition(Cat(kFrameworks, "/", framework.framework()));
  context->set_start_date(FormatDate(days.begin));
  context->set_end_date(FormatDate(days.end));
  FillContext(point.at(), context);
  if (context->sample_size() < kSmallSample) {
    context->add_notes(Cat("small sample: fewer than ", kSmallSample, " customers"));
  }
  if (days.end > point.scope().as_of_day() + 1) {
    context->add_notes("the window reaches past as_of");
  }
}

// --- Customers of a stage.

struct StagePage {
  const CompiledFramework& framework;
  uint16_t framework_no = 0;
  frameworks::StageNo stage = frameworks::kOutside;
  uint32_t after = 0;  // Customers up to this one were shown.
  int32_t size = 0;
};

absl::StatusOr<frameworks::StageNo> StageOf(const CompiledFramework& framework,
                                            const std::string& stage) {
  if (stage == frameworks::kLeft) return frameworks::kOutside;
  if (stage.empty()) return InvalidField("stage", "REQUIRED", "names no stage");
  const auto found = framework.Find(stage);
  if (found) return *found;
  std::string known;
  for (const v1::FrameworkStage& each : framework.definition().stages()) {
    known += each.stage() + ", ";
  }
  return InvalidField("stage", "UNKNOWN_STAGE",
                      Cat("no stage '", stage, "'; there are: ", known, frameworks::kLeft));
}

absl::Status ShowStageCustomer(const FrameworkPoint& point, const StagePage& page,
                               CustomerNo customer_no, v1::StageCustomer& out) {
  const store::StandingKey key{.workspace_no = point.workspace().workspace_no,
                               .customer_no = customer_no};
  ASSIGN_OR_RETURN(const std::string bytes, point.at().env.store.dataset().Get(
                                                store::DatasetId::kStandings,
                                                point.generation()->generation(), key.Encode()));
  store::v1::CustomerStandings standings;
  if (!standings.ParseFromString(bytes)) return DataLoss(key.DebugString(), "does not decode");
  out.set_customer(
      CustomerResource(point.workspace(), point.workspace().directory->Resolve(customer_no)));
  for (const store::v1::FrameworkStanding& standing : standings.standings()) {
    if (standing.framework_no() != page.framework_no) continue;
    SetTime(standing.since_micros(), out.mutable_since());
    out.set_kind(standing.kind());
    out.set_why(frameworks::Why(page.framework,
                                {.kind = standing.kind(),
                                 .from = static_cast<uint8_t>(standing.from_stage()),
                                 .type = static_cast<uint16_t>(standing.evidence_type()),
                                 .silence_days = static_cast<int32_t>(standing.silence_days())}));
    out.set_visit_count(standing.visit_count());
  }
  return absl::OkStatus();
}

// The last customer shown when there are more.
absl::StatusOr<std::optional<CustomerNo>> ShowStage(const CallContext& call,
                                                    const FrameworkPoint& point,
                                                    const StagePage& page,
                                                    v1::ListStageCustomersResponse* response) {
  store::StandingKey key{point.workspace().workspace_no, page.framework_no, page.stage,
                         page.after + 1};
  const std::string begin = key.Encode();
  key.customer_no = UINT32_MAX;
  const auto cursor = point.at().env.store.dataset().Scan(store::DatasetId::kStandings,
                                                          point.generation()->generation(),
                                                          {.begin = begin, .end = key.Encode()});
  CustomerNo last = 0;
  for (; cursor->Valid(); cursor->Next()) {
    if (response->customers_size() == page.size) return last;
    if (response->customers_size() % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    const auto found = store::StandingKey::Decode(cursor->Key());
    if (!found) return DataLoss("standings", "foreign key");
    last = found->customer_no;
    RETURN_IF_ERROR(ShowStageCustomer(point, page, last, *response->add_customers()));
  }
  RETURN_IF_ERROR(cursor->status());
  return std::nullopt;
}

// --- One customer.

// Walks the customer through the frameworks; the number of its events.
absl::StatusOr<int64_t> WalkCustomer(const FrameworkPoint& point, events::ScanGround ground,
                                     CustomerNo customer_no,
                                     std::span<const CompiledFramework> compiled,
                                     v1::GetCustomerJourneyResponse* response) {
  const CustomerNo survivor = events::Survivor(ground, customer_no);
  const CustomerNo only[] = {survivor};
  const CustomerNo block = survivor / store::kCustomersPerBlock * store::kCustomersPerBlock;
  events::CustomerWalk walk(ground, {block, block + store::kCustomersPerBlock},
                            {.only = only, .some = true});
  filter::CustomerEvents customer;
  if (walk.Next()) customer = {walk.customer_no(), walk.events(), nullptr, &walk};
  for (const CompiledFramework& framework : compiled) {
    frameworks::JourneyWalk journey(framework);
    *response->add_journeys() =
        frameworks::ShowJourney(framework, journey.Walk(customer), [&walk](size_t index) {
          const store::v1::EventPayload* payload = walk.At(index);
          return payload == nullptr ? std::string() : payload->event_id();
        });
  }
  RETURN_IF_ERROR(walk.status());
  const TimeMicros as_of = point.scope().as_of;
  return std::ranges::count_if(customer.events,
                               [as_of](const EventColumns& event) { return event.time <= as_of; });
}

}  // namespace

absl::Status HandleGetCustomerJourney(CallContext& call,
                                      const v1::GetCustomerJourneyRequest& request,
                                      v1::GetCustomerJourneyResponse* response) {
  ASSIGN_OR_RETURN(const CustomerName name, ParseCustomerName(request.name(), "name"));
  FrameworkPoint point;
  RETURN_IF_ERROR(point.Open(call, name.workspace, request.view(), v1::VIEW_LIVE));
  ASSIGN_OR_RETURN(const CustomerNo customer_no, FindCustomer(point.workspace(), name.customer));
  std::vector<CompiledFramework> compiled;
  if (!request.framework().empty()) {
    ASSIGN_OR_RETURN(const v1::Framework* framework, point.registry().Find(request.framework()));
    ASSIGN_OR_RETURN(CompiledFramework one, point.Compile(*framework));
    compiled.push_back(std::move(one));
  } else {
    for (const v1::Framework& framework : point.registry().frameworks()) {
      auto one = point.Compile(framework);
      if (one.ok()) compiled.push_back(*std::move(one));
    }
  }
  ASSIGN_OR_RETURN(GenerationMetrics* const metrics, point.Metrics(call));
  ASSIGN_OR_RETURN(const int64_t events, WalkCustomer(point, GroundOfView(point.at(), *metrics),
                                                      customer_no, compiled, response));
  response->set_customer(
      CustomerResource(point.workspace(), point.workspace().directory->Resolve(customer_no)));
  v1::AnswerContext* context = response->mutable_context();
  context->set_definition(std::string(kFrameworks));
  context->set_sample_size(events);
  FillContext(point.at(), context);
  return absl::OkStatus();
}

absl::Status HandleQueryFramework(CallContext& call, const v1::QueryFrameworkRequest& request,
                                  v1::FrameworkReport* response) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kFrameworks, "name"));
  FrameworkPoint point;
  RETURN_IF_ERROR(point.Open(call, name.workspace, request.view(), v1::VIEW_NIGHTLY));
  ASSIGN_OR_RETURN(const v1::Framework* framework,
                   FindFramework(point.registry(), name.workspace, name.id));
  ASSIGN_OR_RETURN(const CompiledFramework compiled, point.Compile(*framework));
  ASSIGN_OR_RETURN(const Days days, DaysOf(request, point.scope()));
  const CivilDays end = point.scope().as_of_day() + 1;
  const bool standard = days.end == end && days.begin == frameworks::DefaultFirstDay(end);
  std::optional<store::v1::StoredFramework> stored;
  if (!point.at().live() && standard && request.filter().empty()) {
    ASSIGN_OR_RETURN(stored, ReadStored(point, *framework));
  }
  if (stored) {
    *response = std::move(*stored->mutable_report());
  } else {
    RETURN_IF_ERROR(ScanReport(call, point, request, compiled, days, response));
  }
  FillReportContext(point, *framework, days, response->mutable_context());
  return absl::OkStatus();
}

absl::Status HandleListStageCustomers(CallContext& call,
                                      const v1::ListStageCustomersRequest& request,
                                      v1::ListStageCustomersResponse* response) {
  constexpr std::string_view kMethod = "ListStageCustomers";
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kFrameworks, "name"));
  FrameworkPoint point;
  RETURN_IF_ERROR(point.Open(call, name.workspace, v1::VIEW_NIGHTLY, v1::VIEW_NIGHTLY));
  ASSIGN_OR_RETURN(const v1::Framework* framework,
                   FindFramework(point.registry(), name.workspace, name.id));
  ASSIGN_OR_RETURN(const CompiledFramework compiled, point.Compile(*framework));
  ASSIGN_OR_RETURN(const frameworks::StageNo stage, StageOf(compiled, request.stage()));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  const std::string bound =
      Cat(request.name(), "\n", request.stage(), "\n", point.generation()->generation());
  ASSIGN_OR_RETURN(const std::string position,
                   DecodePageToken(request.page_token(), kMethod, bound));
  ASSIGN_OR_RETURN(const auto stored, ReadStored(point, *framework));
  if (!stored) {
    return FailedPrecondition("NOT_WALKED", Cat("the last night has not walked framework ", name.id,
                                                " as it is now: run rapport-nightly"));
  }
  StagePage page{compiled, static_cast<uint16_t>(stored->number()), stage, 0, page_size};
  std::from_chars(position.data(), position.data() + position.size(), page.after);
  ASSIGN_OR_RETURN(const auto last, ShowStage(call, point, page, response));
  if (last) response->set_next_page_token(EncodePageToken(kMethod, bound, Cat(*last)));
  v1::AnswerContext* context = response->mutable_context();
  context->set_definition(Cat(kFrameworks, "/", name.id));
  context->set_sample_size(response->customers_size());
  FillContext(point.at(), context);
  return absl::OkStatus();
}

}  // namespace rapport::server
