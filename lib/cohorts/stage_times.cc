// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/stage_times.h"

#include <algorithm>
#include <optional>

#include "lib/base/text.h"
#include "lib/cohorts/shares.h"
#include "lib/filter/sources.h"

namespace rapport::cohorts {
namespace {

bool IsAway(v1::LifecycleStage stage) {
  return stage == v1::LIFECYCLE_STAGE_AT_RISK || stage == v1::LIFECYCLE_STAGE_DORMANT ||
         stage == v1::LIFECYCLE_STAGE_CHURNED;
}

int64_t SecondsBetween(TimeMicros begin, TimeMicros end) {
  return (end - begin) / kMicrosPerSecond;
}

double Days(double seconds) { return seconds / 86'400; }

std::optional<double> DaysAt(const math::QuantileSketch& seconds, double p) {
  const auto quantile = seconds.Quantile(p);
  if (!quantile) return std::nullopt;
  return Days(quantile->value);
}

}  // namespace

StageTimes::StageTimes(const StageTimesPlan& plan)
    : plan_(plan), base_currency_(UnpackCurrency(plan.scope->base_currency)) {}

void StageTimes::Customer(const filter::CustomerEvents& customer) {
  if (!plan_.customers.empty()) {
    static const v1::Customer& nobody = v1::Customer::default_instance();
    const v1::Customer& who = customer.customer == nullptr ? nobody : *customer.customer;
    if (!plan_.customers.Evaluate(filter::CustomerSource(who, base_currency_))) return;
  }
  lifecycle::Trajectory trajectory(plan_.scope->rules);
  for (const EventColumns& event : customer.events) {
    if (event.time > plan_.scope->as_of) break;
    trajectory.Add(
        {.time = event.time, .value = event.value, .aux = event.aux, .type = event.type});
  }
  trajectory.Finish();
  const auto steps = trajectory.steps();
  const auto later =
      std::ranges::upper_bound(steps, plan_.scope->as_of, {}, &lifecycle::Step::time);
  AddSteps(steps.first(static_cast<size_t>(later - steps.begin())));
}

void StageTimes::AddSteps(std::span<const lifecycle::Step> steps) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const TimeMicros begin = steps[i].time;
    if (begin < plan_.begin || begin >= plan_.end) continue;
    Stage& stage = stages_[static_cast<size_t>(steps[i].stage)];
    ++stays_;
    if (i + 1 < steps.size()) {
      stage.seconds.Add(SecondsBetween(begin, steps[i + 1].time));
      ++stage.to[static_cast<size_t>(steps[i + 1].stage)];
    } else {
      ++running_;
      stage.running.Add(SecondsBetween(begin, plan_.scope->as_of));
    }
    if (IsAway(steps[i].stage)) AddReturn(steps, i);
  }
}

void StageTimes::AddReturn(std::span<const lifecycle::Step> steps, size_t step) {
  Stage& stage = stages_[static_cast<size_t>(steps[step].stage)];
  const TimeMicros begin = steps[step].time;
  const TimeMicros in_time = begin + plan_.reactivation_days * kMicrosPerDay;
  const auto back = std::ranges::find_if(
      steps.subspan(step), [](const lifecycle::Step& later) { return !IsAway(later.stage); });
  const bool is_back = back != steps.subspan(step).end();
  if (is_back) stage.back.Add(SecondsBetween(begin, back->time));
  if (in_time > plan_.scope->as_of) return;
  ++stage.entered;
  if (is_back && back->time <= in_time) ++stage.reactivated;
}

void StageTimes::Merge(const StageTimes& other) {
  stays_ += other.stays_;
  running_ += other.running_;
  for (size_t i = 0; i < kStages; ++i) {
    Stage& stage = stages_[i];
    const Stage& more = other.stages_[i];
    stage.seconds.Merge(more.seconds);
    stage.running.Merge(more.running);
    stage.back.Merge(more.back);
    stage.entered += more.entered;
    stage.reactivated += more.reactivated;
    for (size_t to = 0; to < kStages; ++to) stage.to[to] += more.to[to];
  }
}

void StageTimes::Fill(v1::QueryStageTimesResponse* response) const {
  for (size_t number = 0; number < kStages; ++number) FillStage(number, response);
  for (size_t number = 0; number < kStages; ++number) {
    if (IsAway(static_cast<v1::LifecycleStage>(number))) FillReactivation(number, response);
  }
  response->set_reactivation_days(plan_.reactivation_days);
  v1::AnswerContext& context = *response->mutable_context();
  context.set_definition("stage_times");
  context.set_sample_size(stays_);
  if (running_ > 0) {
    context.add_notes(Cat(running_, " of ", stays_,
                          " stays still run: times are of completed stays only and too short "
                          "where many run"));
  }
}

void StageTimes::FillStage(size_t number, v1::QueryStageTimesResponse* response) const {
  const Stage& stage = stages_[number];
  const math::Moments& completed = stage.seconds.moments();
  if (completed.count() + stage.running.count() == 0) return;
  v1::StageTime& line = *response->add_stages();
  line.set_stage(static_cast<v1::LifecycleStage>(number));
  line.set_completed(completed.count());
  line.set_running(stage.running.count());
  if (const auto mean = completed.Mean()) line.set_mean_days(Days(*mean));
  if (const auto interval = completed.MeanInterval(kConfidence)) {
    v1::Interval& out = *line.mutable_mean_interval();
    out.set_low(std::max(0.0, Days(interval->low)));
    out.set_high(Days(interval->high));
    out.set_level(kConfidence);
    out.set_method("student t");
  }
  if (const auto median = DaysAt(stage.seconds, 0.5)) line.set_median_days(*median);
  if (const auto p90 = DaysAt(stage.seconds, 0.9)) line.set_p90_days(*p90);
  if (const auto mean = stage.running.Mean()) line.set_running_mean_days(Days(*mean));
  for (size_t to = 0; to < kStages; ++to) {
    if (stage.to[to] == 0) continue;
    v1::StageFlow& flow = *response->add_flows();
    flow.set_from_stage(static_cast<v1::LifecycleStage>(number));
    flow.set_to_stage(static_cast<v1::LifecycleStage>(to));
    flow.set_transition_count(stage.to[to]);
  }
}

void StageTimes::FillReactivation(size_t number, v1::QueryStageTimesResponse* response) const {
  const Stage& stage = stages_[number];
  if (stage.entered == 0 && stage.back.empty()) return;
  v1::StageReactivation& line = *response->add_reactivations();
  line.set_stage(static_cast<v1::LifecycleStage>(number));
  line.set_entered(stage.entered);
  line.set_reactivated(stage.reactivated);
  if (stage.entered > 0) {
    line.set_rate(FillShare(stage.reactivated, stage.entered, line.mutable_interval()));
  }
  if (const auto median = DaysAt(stage.back, 0.5)) line.set_median_days(*median);
}

}  // namespace rapport::cohorts
