// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/effect_walker.h"

#include <algorithm>

#include "lib/lifecycle/stage.h"

namespace rapport::journey {
namespace {

template <size_t N>
uint32_t BandOf(const std::array<int64_t, N>& edges, int64_t value) {
  return static_cast<uint32_t>(std::ranges::upper_bound(edges, value) - edges.begin());
}

void Add(EffectWalker::Side& side, const Background& background, bool outcome) {
  ++side.customers;
  side.with_outcome += outcome ? 1 : 0;
  side.measures[0].Add(background.tenure_days);
  side.measures[1].Add(background.orders);
  side.measures[2].Add(background.recency_days);
}

void MergeSide(EffectWalker::Side& side, const EffectWalker::Side& other) {
  side.customers += other.customers;
  side.with_outcome += other.with_outcome;
  for (size_t i = 0; i < side.measures.size(); ++i) side.measures[i].Merge(other.measures[i]);
}

}  // namespace

uint32_t TenureBand(int64_t days) {
  return BandOf(std::array<int64_t, 5>{30, 90, 180, 365, 730}, days);
}
uint32_t OrderBand(int64_t orders) {
  return BandOf(std::array<int64_t, 5>{1, 2, 3, 5, 10}, orders);
}
uint32_t RecencyBand(int64_t days) { return BandOf(std::array<int64_t, 4>{7, 30, 90, 180}, days); }

EffectWalker::EffectWalker(const EffectPlan& plan)
    : plan_(&plan),
      step_(plan.step().predicate.get()),
      outcome_(plan.outcome().predicate.get()),
      population_(plan.population().predicate.get()) {}

bool EffectWalker::ReadBackground(const filter::CustomerEvents& customer,
                                  Background* background) const {
  const TimeMicros begin = plan_->range().begin;
  if (customer.events.empty() || customer.events.front().time >= begin) return false;
  background->tenure_days = (begin - customer.events.front().time) / kMicrosPerDay;
  background->first_channel = customer.events.front().channel;
  TimeMicros last = 0;
  for (const EventColumns& event : customer.events) {
    if (event.time >= begin) break;
    last = event.time;
    background->orders += lifecycle::IsOrder(event.type) ? 1 : 0;
  }
  background->recency_days = (begin - last) / kMicrosPerDay;
  return true;
}

EffectWalker::Key EffectWalker::KeyOf(const Background& background,
                                      std::span<const uint32_t> codes) const {
  Key key{};
  size_t next_code = 0;
  for (size_t i = 0; i < plan_->traits().size(); ++i) {
    switch (plan_->traits()[i]) {
      case Trait::kTenure:
        key[i] = TenureBand(background.tenure_days);
        break;
      case Trait::kOrders:
        key[i] = OrderBand(background.orders);
        break;
      case Trait::kRecency:
        key[i] = RecencyBand(background.recency_days);
        break;
      case Trait::kFirstChannel:
        key[i] = background.first_channel;
        break;
      case Trait::kDimension:
        key[i] = next_code < codes.size() ? codes[next_code] : 0;
        ++next_code;
        break;
    }
  }
  return key;
}

bool EffectWalker::Happened(filter::EventTest& test, const filter::CustomerEvents& customer,
                            TimeMicros begin, TimeMicros end) {
  if (!test.Begin(customer)) return false;
  const auto first = std::ranges::lower_bound(customer.events, begin, {}, &EventColumns::time);
  for (size_t i = static_cast<size_t>(first - customer.events.begin());
       i < customer.events.size() && customer.events[i].time < end; ++i) {
    if (test.Matches(customer, i)) return true;
  }
  return false;
}

void EffectWalker::Customer(const filter::CustomerEvents& customer,
                            std::span<const uint32_t> codes) {
  Background background;
  if (!population_.Begin(customer) || !ReadBackground(customer, &background)) return;
  const metrics::TimeWindow& range = plan_->range();
  const bool stepped = Happened(step_, customer, range.begin, range.end);
  const bool outcome = Happened(outcome_, customer, range.end, plan_->outcome_end());
  Cell& cell = strata_[KeyOf(background, codes)];
  Add(stepped ? cell.step : cell.control, background, outcome);
}

void EffectWalker::Merge(const EffectWalker& other) {
  for (const auto& [key, cell] : other.strata_) {
    Cell& mine = strata_[key];
    MergeSide(mine.step, cell.step);
    MergeSide(mine.control, cell.control);
  }
}

}  // namespace rapport::journey
