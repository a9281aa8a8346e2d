// SPDX-License-Identifier: Apache-2.0
#include "lib/frameworks/journey_text.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/filter/type_set.h"
#include "lib/filter/words.h"
#include "lib/frameworks/registry.h"

namespace rapport::frameworks {
namespace {

void SetTime(TimeMicros time, google::protobuf::Timestamp* out) {
  TimeMicros seconds = time / kMicrosPerSecond;
  if (time % kMicrosPerSecond < 0) --seconds;
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>((time - seconds * kMicrosPerSecond) * 1000));
}

std::string MoveText(const CompiledFramework& framework, const Arrival& arrival) {
  const std::string from =
      arrival.from == kOutside ? "outside" : framework.text(arrival.from).display_name();
  switch (arrival.kind) {
    case v1::MOVE_KIND_ENTRY:
      return "came in";
    case v1::MOVE_KIND_FORWARD:
      return Cat("forward from ", from);
    case v1::MOVE_KIND_SKIP:
      return Cat("skipped ahead from ", from);
    case v1::MOVE_KIND_REVERSAL:
      return Cat("back from ", from);
    case v1::MOVE_KIND_LOOP:
      return Cat("looped back from ", from);
    case v1::MOVE_KIND_REENTRY:
      return "came back";
    case v1::MOVE_KIND_EXIT:
    case v1::MOVE_KIND_EXPIRY:
      return Cat("left from ", from);
    default:
      return "moved";
  }
}

Arrival ArrivalOf(v1::MoveKind kind, StageNo from, const Cause& cause) {
  return {kind, from, cause.type, cause.silence_days};
}

int64_t DwellSeconds(const CompiledFramework& framework, const Visit& visit) {
  const TimeMicros end = visit.left == kNever ? framework.scope().as_of : visit.left;
  return (end - visit.entered) / kMicrosPerSecond;
}

void ShowVisit(const CompiledFramework& framework, const Visit& visit, v1::FrameworkVisit& out) {
  out.set_stage(framework.IdOf(visit.stage));
  out.set_kind(visit.kind);
  out.set_from_stage(framework.IdOf(visit.from));
  SetTime(visit.entered, out.mutable_enter_time());
  if (visit.left != kNever) SetTime(visit.left, out.mutable_leave_time());
  out.set_left_by(visit.left_by);
  if (visit.cause.event != kNoEvent) {
    out.set_evidence_type(TypeWord(visit.cause.type, *framework.scope().names));
  }
  out.set_evidence_count(visit.evidence_count);
  out.set_why(Why(framework, ArrivalOf(visit.kind, visit.from, visit.cause)));
  out.set_dwell_seconds(DwellSeconds(framework, visit));
}

// What came in while each visit lasted; the event that began a visit is its own, the one
// that ended it is not.
void AddRevenue(const CompiledFramework& framework, const Journey& journey,
                v1::CustomerJourney& out) {
  std::vector<metrics::Int128> sums(journey.visits.size());
  for (const Earning& earning : journey.earnings) {
    if (earning.stage != kOutside) sums[earning.visit] += earning.amount;
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    v1::Money& revenue = *out.mutable_visits(static_cast<int>(i))->mutable_revenue();
    revenue.set_micros(static_cast<int64_t>(metrics::MicrosOf(sums[i])));
    revenue.set_currency(UnpackCurrency(framework.scope().base_currency));
  }
}

void AddStages(const CompiledFramework& framework, const Journey& journey,
               v1::CustomerJourney& out) {
  for (StageNo stage = 1; stage <= framework.stage_count(); ++stage) {
    const StageEvidenceSeen& seen = journey.evidence[stage - 1U];
    v1::StageStanding& standing = *out.add_stages();
    standing.set_stage(framework.IdOf(stage));
    standing.set_evidence_count(seen.count);
    if (seen.count > 0) SetTime(seen.last, standing.mutable_last_evidence_time());
    for (const Visit& visit : journey.visits) {
      if (visit.stage != stage) continue;
      standing.set_visit_count(standing.visit_count() + 1);
      standing.set_dwell_seconds(standing.dwell_seconds() + DwellSeconds(framework, visit));
    }
  }
}

int64_t CountKind(const Journey& journey, v1::MoveKind kind) {
  return std::ranges::count_if(journey.visits,
                               [kind](const Visit& visit) { return visit.kind == kind; });
}

// Stage now, since when and why.
void AddStanding(const CompiledFramework& framework, const Journey& journey,
                 v1::CustomerJourney& out) {
  if (journey.visits.empty()) return;
  const Visit& last = journey.visits.back();
  if (journey.stage != kOutside) {
    out.set_current_stage(framework.IdOf(last.stage));
    SetTime(last.entered, out.mutable_since());
    out.set_why(Why(framework, ArrivalOf(last.kind, last.from, last.cause)));
    if (journey.expires != kNever) SetTime(journey.expires, out.mutable_expire_time());
    return;
  }
  out.set_current_stage(std::string(kLeft));
  SetTime(last.left, out.mutable_since());
  out.set_why(Why(framework, ArrivalOf(last.left_by, last.stage, last.left_cause)));
}

}  // namespace

std::string TypeWord(uint16_t type, const filter::Names& names) {
  if (type >= filter::kFirstCustomType) {
    return names.Text(filter::NameKind::kCustomType, type - filter::kFirstCustomType);
  }
  return std::string(filter::WordOf(filter::TypeWords(), type));
}

std::string Why(const CompiledFramework& framework, const Arrival& arrival) {
  const std::string cause = arrival.type != 0 ? TypeWord(arrival.type, *framework.scope().names)
                                              : Cat(arrival.silence_days, " days of silence");
  return Cat(MoveText(framework, arrival), ": ", cause);
}

v1::CustomerJourney ShowJourney(const CompiledFramework& framework, const Journey& journey,
                                const std::function<std::string(size_t)>& event_id) {
  v1::CustomerJourney out;
  out.set_framework(framework.definition().framework());
  out.set_display_name(framework.definition().display_name());
  for (const Visit& visit : journey.visits) {
    v1::FrameworkVisit& shown = *out.add_visits();
    ShowVisit(framework, visit, shown);
    if (visit.cause.event != kNoEvent) shown.set_evidence_event_id(event_id(visit.cause.event));
  }
  AddRevenue(framework, journey, out);
  AddStages(framework, journey, out);
  AddStanding(framework, journey, out);
  out.set_reversal_count(CountKind(journey, v1::MOVE_KIND_REVERSAL));
  out.set_loop_count(CountKind(journey, v1::MOVE_KIND_LOOP));
  out.set_skip_count(CountKind(journey, v1::MOVE_KIND_SKIP));
  out.set_reentry_count(CountKind(journey, v1::MOVE_KIND_REENTRY));
  return out;
}

}  // namespace rapport::frameworks
