// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/funnel_walker.h"

#include <utility>

namespace rapport::journey {

FunnelWalker::FunnelWalker(const CompiledFunnel& funnel) : funnel_(&funnel), reader_(funnel) {
  for (size_t i = 0; i < funnel.ranges().size(); ++i) {
    ranges_.push_back({FunnelSums(funnel.plan(), /*keep_times=*/true), {}});
  }
}

FunnelSums* FunnelWalker::GroupOf(size_t range, uint32_t code) {
  Groups& groups = ranges_[range].groups;
  const auto found = groups.find(code);
  if (found != groups.end()) return &found->second;
  if (groups.size() == kMaxGroupsCounted) {
    too_many_groups_ = true;
    return nullptr;
  }
  return &groups.try_emplace(code, funnel_->plan(), /*keep_times=*/false).first->second;
}

void FunnelWalker::Customer(const filter::CustomerEvents& customer,
                            std::span<const uint32_t> codes) {
  if (!reader_.Open(customer)) return;
  const TimeMicros as_of = funnel_->scope().as_of;
  const bool grouped = funnel_->dimension().has_value();
  const bool by_value = grouped && !funnel_->dimension()->of_customer() &&
                        funnel_->attribution() == v1::FUNNEL_ATTRIBUTION_ALL_STEPS;
  for (size_t range = 0; range < ranges_.size(); ++range) {
    reader_.Find(range, [&](const Attempt& attempt) {
      ranges_[range].total.Add(attempt, customer.events, as_of);
      if (!grouped || by_value) return;
      FunnelSums* group = GroupOf(range, reader_.GroupOf(attempt, codes));
      if (group != nullptr) group->Add(attempt, customer.events, as_of);
    });
    if (!by_value) continue;
    reader_.FindByValue(range, [&](uint32_t code, const Attempt& attempt) {
      FunnelSums* group = GroupOf(range, code);
      if (group != nullptr) group->Add(attempt, customer.events, as_of);
    });
  }
}

void FunnelWalker::Merge(FunnelWalker&& other) {
  const bool named = funnel_->dimension() && funnel_->dimension()->reads_payload();
  for (size_t range = 0; range < ranges_.size(); ++range) {
    ranges_[range].total.Merge(other.ranges_[range].total);
    for (const auto& [code, sums] : other.ranges_[range].groups) {
      const uint32_t mine =
          named && code != 0 ? reader_.properties().NumberOf(other.properties().Text(code)) : code;
      FunnelSums* group = GroupOf(range, mine);
      if (group != nullptr) group->Merge(sums);
    }
  }
  too_many_groups_ = too_many_groups_ || other.too_many_groups_;
  overlapping_ = overlapping_ || other.overlapping();
}

}  // namespace rapport::journey
