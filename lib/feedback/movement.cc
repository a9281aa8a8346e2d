// SPDX-License-Identifier: Apache-2.0
#include "lib/feedback/movement.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "lib/math/significance.h"

namespace rapport::feedback {
namespace {

constexpr double kConfidence = 0.95;
constexpr double kSignificant = 0.05;
constexpr double kHighChurn = 0.5;
constexpr double kPercent = 100;
constexpr double kBillionths = 1e9;
constexpr double kUnitsPerMicro = 1.0 / kMicrosPerUnit;
constexpr std::string_view kStudent = "student t";

double ShareOf(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : kPercent * static_cast<double>(part) / static_cast<double>(whole);
}

void SetInterval(const math::Interval& interval, double factor, std::string_view method,
                 v1::Interval& out) {
  out.set_low(interval.low * factor);
  out.set_high(interval.high * factor);
  out.set_level(kConfidence);
  out.set_method(std::string(method));
}

void SetMeanMoney(const math::Moments& micros, std::string_view currency, v1::Money& out) {
  out.set_micros(std::llround(*micros.Mean()));
  out.set_currency(std::string(currency));
}

math::Difference LessDetractors(const math::Moments& promoters, const math::Moments& detractors,
                                double factor) {
  return math::Scaled(
      math::CompareMeans(math::MeanOf(detractors), math::MeanOf(promoters), kConfidence), factor);
}

void FillDifference(const math::Difference& tested, double first, std::optional<double> adjusted,
                    v1::Difference& out) {
  out.set_method(std::string(tested.method));
  if (!tested.change) return;
  out.set_change(*tested.change);
  if (first != 0) out.set_relative_change(*tested.change / std::abs(first));
  if (tested.interval) {
    SetInterval(*tested.interval, 1, tested.method, *out.mutable_interval());
  }
  if (tested.p_value) out.set_p_value(*tested.p_value);
  if (!adjusted) return;
  out.set_adjusted_p_value(*adjusted);
  out.set_significant(*adjusted < kSignificant);  // Small samples have no p-value.
}

}  // namespace

CustomerWorth WorthOf(const v1::CustomerValue& value) {
  CustomerWorth worth;
  if (value.has_predicted()) worth.predicted = value.predicted().micros();
  if (value.has_historic()) worth.historic = value.historic().micros();
  if (value.has_churn()) worth.churn = value.churn().probability();
  return worth;
}

void MovementSums::Add(std::span<const EventColumns> events, const AnswerScope& scope,
                       const CustomerWorth& worth) {
  size_t last = v1::SCORE_GROUP_KIND_UNSPECIFIED;
  ForEachAnswer(events, scope, [&](const EventColumns* before, const EventColumns& answer) {
    last = GroupOf(answer.value);
    if (before == nullptr) return;
    ++moves_[GroupOf(before->value)][last];
    change_.Add(answer.value - before->value);
  });
  Group& group = groups_[last];
  ++group.customers;
  if (worth.predicted) group.predicted.Add(*worth.predicted);
  if (worth.historic) group.historic.Add(*worth.historic);
  if (!worth.churn) return;
  group.churn.Add(std::llround(*worth.churn * kBillionths));
  if (*worth.churn >= kHighChurn) ++group.high_churn;
}

void MovementSums::Merge(const MovementSums& other) {
  for (size_t i = 0; i < kGroups; ++i) {
    Group& group = groups_[i];
    const Group& added = other.groups_[i];
    group.customers += added.customers;
    group.high_churn += added.high_churn;
    group.predicted.Merge(added.predicted);
    group.historic.Merge(added.historic);
    group.churn.Merge(added.churn);
    for (size_t to = 0; to < kGroups; ++to) moves_[i][to] += other.moves_[i][to];
  }
  change_.Merge(other.change_);
}

void MovementSums::AddTransitions(v1::ScoreMovement& out) const {
  for (size_t from = v1::SCORE_GROUP_KIND_DETRACTOR; from < kGroups; ++from) {
    int64_t left = 0;
    for (const int64_t count : moves_[from]) left += count;
    for (size_t to = v1::SCORE_GROUP_KIND_DETRACTOR; to < kGroups; ++to) {
      v1::ScoreTransition& transition = *out.add_transitions();
      transition.set_from(static_cast<v1::ScoreGroupKind>(from));
      transition.set_to(static_cast<v1::ScoreGroupKind>(to));
      transition.set_count(moves_[from][to]);
      transition.set_share(ShareOf(moves_[from][to], left));
    }
  }
}

void MovementSums::FillGroup(const Group& group, std::string_view base_currency,
                             v1::ScoreGroup& out) {
  out.set_customer_count(group.customers);
  out.set_valued_count(group.predicted.count());
  if (group.predicted.count() > 0) {
    SetMeanMoney(group.predicted, base_currency, *out.mutable_mean_predicted_value());
  }
  if (const auto interval = group.predicted.MeanInterval(kConfidence)) {
    SetInterval(*interval, kUnitsPerMicro, kStudent, *out.mutable_value_interval());
  }
  if (group.historic.count() > 0) {
    SetMeanMoney(group.historic, base_currency, *out.mutable_mean_historic_value());
  }
  if (group.churn.count() > 0) {
    out.set_mean_churn_probability(*group.churn.Mean() / kBillionths);
    out.set_high_churn_share(ShareOf(group.high_churn, group.churn.count()));
  }
}

void MovementSums::AddDifferences(v1::ScoreMovement& out) const {
  const Group& promoters = groups_[v1::SCORE_GROUP_KIND_PROMOTER];
  const Group& detractors = groups_[v1::SCORE_GROUP_KIND_DETRACTOR];
  const math::Difference value =
      LessDetractors(promoters.predicted, detractors.predicted, kUnitsPerMicro);
  const math::Difference churn = LessDetractors(promoters.churn, detractors.churn, 1 / kBillionths);
  const std::optional<double> p_values[] = {value.p_value, churn.p_value};
  const auto adjusted = math::AdjustBenjaminiHochberg(p_values);
  FillDifference(value, detractors.predicted.Mean().value_or(0) * kUnitsPerMicro, adjusted[0],
                 *out.mutable_value_difference());
  FillDifference(churn, detractors.churn.Mean().value_or(0) / kBillionths, adjusted[1],
                 *out.mutable_churn_difference());
}

v1::ScoreMovement MovementSums::Answer(std::string_view base_currency) const {
  v1::ScoreMovement answer;
  AddTransitions(answer);
  if (const auto mean = change_.Mean()) answer.set_mean_change(*mean);
  if (const auto interval = change_.MeanInterval(kConfidence)) {
    SetInterval(*interval, 1, kStudent, *answer.mutable_interval());
  }
  for (size_t i = 0; i < kGroups; ++i) {
    v1::ScoreGroup& group = *answer.add_groups();
    group.set_group(static_cast<v1::ScoreGroupKind>(i));
    FillGroup(groups_[i], base_currency, group);
  }
  AddDifferences(answer);
  answer.mutable_context()->set_sample_size(change_.count());
  return answer;
}

}  // namespace rapport::feedback
