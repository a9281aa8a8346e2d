// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/pain_points.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::journey {
namespace {

// What was known at the event; what customers have become since may follow from going on.
constexpr std::array<std::string_view, 3> kDefaults = {"channel", "touchpoint", "campaign"};
constexpr std::string_view kEveryProperty = "property.*";

}  // namespace

absl::StatusOr<PainDimensions> PainDimensions::Parse(std::span<const std::string> names) {
  std::vector<std::string> wanted(names.begin(), names.end());
  if (wanted.empty()) wanted.assign(kDefaults.begin(), kDefaults.end());
  PainDimensions dimensions;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == kEveryProperty) {
      dimensions.every_property = true;
      continue;
    }
    ASSIGN_OR_RETURN(Dimension dimension, Dimension::Parse(wanted[i], Cat("dimensions[", i, "]")));
    auto& list = dimension.of_customer() ? dimensions.of_customer : dimensions.of_event;
    list.push_back(std::move(dimension));
  }
  return dimensions;
}

bool PainDimensions::reads_payload() const {
  return every_property || std::ranges::any_of(of_event, &Dimension::reads_payload);
}

absl::Status CheckPainFunnel(const CompiledFunnel& funnel) {
  if (funnel.plan().order != Order::kAny) return absl::OkStatus();
  return InvalidField("funnel.order", "UNSUPPORTED_ORDER",
                      "must be ORDERED or STRICT: with order ANY there is no step to leave at");
}

PainWalker::PainWalker(const CompiledFunnel& funnel, const PainDimensions& dimensions)
    : funnel_(&funnel),
      dimensions_(&dimensions),
      reader_(funnel),
      passages_(static_cast<size_t>(funnel.plan().steps)) {
  for (const Dimension& dimension : dimensions.of_event) CandidateOf(dimension);
  for (const Dimension& dimension : dimensions.of_customer) CandidateOf(dimension);
}

size_t PainWalker::CandidateOf(const Dimension& dimension) {
  const auto found = by_name_.find(dimension.name());
  if (found != by_name_.end()) return found->second;
  candidates_.push_back({dimension, std::vector<Values>(passages_.size())});
  by_name_.emplace(dimension.name(), candidates_.size() - 1);
  return candidates_.size() - 1;
}

Passage* PainWalker::Of(Values& values, uint32_t code) {
  if (values.too_many) return nullptr;
  Passage& passage = values.by_code[code];
  if (values.by_code.size() <= kMaxValues) return &passage;
  values.too_many = true;
  values.by_code.clear();
  return nullptr;
}

void PainWalker::Customer(const filter::CustomerEvents& customer, std::span<const uint32_t> codes) {
  if (!reader_.Open(customer)) return;
  const FunnelPlan& plan = funnel_->plan();
  reader_.Find(0, [&](const Attempt& attempt) {
    const bool complete = attempt.furthest == plan.last();
    if (!complete && funnel_->scope().as_of - attempt.start < plan.window) {
      ++open_;
      return;
    }
    for (int step = 0; step < plan.last() && step <= attempt.furthest; ++step) {
      if (plan.Required(step)) Step(customer, codes, step, attempt);
    }
  });
}

void PainWalker::Step(const filter::CustomerEvents& customer, std::span<const uint32_t> codes,
                      int step, const Attempt& attempt) {
  const bool went_on = attempt.furthest > step;
  const auto at = static_cast<size_t>(step);
  const size_t index = attempt.events[at];
  passages_[at].Add(went_on);
  const size_t of_event = dimensions_->of_event.size();
  for (size_t i = 0; i < of_event; ++i) {
    const uint32_t code = candidates_[i].dimension.CodeOf(customer, index, reader_.properties());
    if (Passage* passage = Of(candidates_[i].at[at], code)) passage->Add(went_on);
  }
  for (size_t i = 0; i < dimensions_->of_customer.size() && i < codes.size(); ++i) {
    if (Passage* passage = Of(candidates_[of_event + i].at[at], codes[i])) passage->Add(went_on);
  }
  if (dimensions_->every_property) AddProperties(customer, step, index, went_on);
}

void PainWalker::AddProperties(const filter::CustomerEvents& customer, int step, size_t index,
                               bool went_on) {
  const auto* payload = customer.payloads == nullptr ? nullptr : customer.payloads->At(index);
  if (payload == nullptr) return;
  for (const auto& [key, value] : payload->rest().properties()) {
    const std::string text = metrics::PropertyLabel(value);
    const auto dimension = Dimension::Parse(Cat("property.", key), "dimensions");
    if (text.empty() || !dimension.ok()) continue;
    Values& values = candidates_[CandidateOf(*dimension)].at[static_cast<size_t>(step)];
    if (values.too_many) continue;
    if (Passage* passage = Of(values, reader_.properties().NumberOf(text))) passage->Add(went_on);
  }
}

void PainWalker::Merge(PainWalker&& other) {
  for (size_t step = 0; step < passages_.size(); ++step) {
    passages_[step].reached += other.passages_[step].reached;
    passages_[step].continued += other.passages_[step].continued;
  }
  open_ += other.open_;
  for (Candidate& theirs : other.candidates_) {
    Candidate& mine = candidates_[CandidateOf(theirs.dimension)];
    const bool named = theirs.dimension.reads_payload();
    for (size_t step = 0; step < passages_.size(); ++step) {
      Values& values = mine.at[step];
      values.too_many = values.too_many || theirs.at[step].too_many;
      if (values.too_many) values.by_code.clear();
      for (const auto& [code, passage] : theirs.at[step].by_code) {
        const uint32_t number = named && code != 0
                                    ? reader_.properties().NumberOf(other.properties().Text(code))
                                    : code;
        Passage* sum = Of(values, number);
        if (sum == nullptr) break;
        sum->reached += passage.reached;
        sum->continued += passage.continued;
      }
    }
  }
}

}  // namespace rapport::journey
