// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/fit_rows.h"

#include <algorithm>
#include <map>
#include <utility>

#include "lib/base/text.h"
#include "lib/facts/model_parameters.h"

namespace rapport::facts {
namespace {

// A holdout shorter than this says little.
constexpr int kMinHoldoutDays = 30;

std::map<int, int64_t> CountChannels(const std::vector<int>& channels) {
  std::map<int, int64_t> counts;
  for (const int channel : channels) ++counts[channel];
  return counts;
}

// Index of each customer's channel in `known`; a channel that is not there takes `other`.
std::vector<uint32_t> IndexOf(const std::vector<int>& channels, const std::vector<int>& known,
                              uint32_t other) {
  std::vector<uint32_t> indexes;
  indexes.reserve(channels.size());
  for (const int channel : channels) {
    const auto found = std::lower_bound(known.begin(), known.end(), channel);
    const bool is_known = found != known.end() && *found == channel;
    indexes.push_back(is_known ? static_cast<uint32_t>(found - known.begin()) : other);
  }
  return indexes;
}

}  // namespace

FitRows::FitRows(const Settings& settings, const FitInput& input) {
  rows.histories = input.histories;
  repeaters = std::count_if(input.histories.begin(), input.histories.end(),
                            [](const value::PurchaseHistory& row) { return row.frequency > 0; });
  options.time_unit_days = settings.time_unit_days;
  options.parallel = input.parallel;
  const auto kind = value::ModelKindByName(settings.purchase_model);
  if (kind) options.kinds = {*kind};
  if (kind == value::ModelKind::kBgBb) {
    options.kinds.clear();
    options.bg_bb_period_days = settings.time_unit_days;
  }
  if (settings.channel_covariate) SetCovariates(input);
  if (settings.model_by_channel) SetGroups(input);
  SetHoldout(input);
}

// The commonest channel is the one the others are compared with: it has no covariate.
void FitRows::SetCovariates(const FitInput& input) {
  const auto counts = CountChannels(input.channels);
  if (counts.size() < 2) return;
  const auto commonest =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<int> known;
  for (const auto& [channel, count] : counts) {
    if (channel != commonest->first) known.push_back(channel);
  }
  const size_t n = known.size();
  for (size_t i = 0; i <= n; ++i) {
    std::vector<double> pattern(n, 0.0);
    if (i < n) pattern[i] = 1;
    options.patterns.push_back(std::move(pattern));
  }
  for (const int channel : known) {
    options.covariate_names.push_back(Cat(kChannelPrefix, ChannelName(channel)));
  }
  patterns_ = IndexOf(input.channels, known, static_cast<uint32_t>(n));
  calibration_patterns_ = IndexOf(input.calibration_channels, known, static_cast<uint32_t>(n));
  rows.pattern_of_row = patterns_;
  covariate_channels_ = std::move(known);
}

size_t FitRows::PatternOf(int channel) const {
  if (options.patterns.empty()) return 0;
  const std::vector<int>& known = covariate_channels_;
  const auto found = std::lower_bound(known.begin(), known.end(), channel);
  const bool is_known = found != known.end() && *found == channel;
  return is_known ? static_cast<size_t>(found - known.begin()) : known.size();
}

void FitRows::SetGroups(const FitInput& input) {
  for (const auto& [channel, count] : CountChannels(input.channels)) {
    groups.push_back(channel);
    group_customers.push_back(count);
  }
  groups_of_ = IndexOf(input.channels, groups, 0);
  calibration_groups_of_ = IndexOf(input.calibration_channels, groups, 0);
  rows.group_of_row = groups_of_;
}

void FitRows::SetHoldout(const FitInput& input) {
  const int days = input.as_of_day - input.holdout_start;
  if (days < kMinHoldoutDays || input.calibration.empty() ||
      input.calibration.size() != input.holdout_purchases.size()) {
    return;
  }
  actual_.assign(input.holdout_purchases.begin(), input.holdout_purchases.end());
  value::ChoiceHoldout holdout;
  holdout.calibration.histories = input.calibration;
  holdout.calibration.pattern_of_row = calibration_patterns_;
  holdout.calibration.group_of_row = calibration_groups_of_;
  holdout.actual = actual_;
  holdout.horizon_days = days;
  options.holdout = holdout;
  holdout_days = days;
}

value::PurchaseFitOptions FitRows::calibration_options() const {
  value::PurchaseFitOptions fit;
  fit.time_unit_days = options.time_unit_days;
  fit.want_errors = false;
  fit.parallel = options.parallel;
  if (!options.patterns.empty()) {
    fit.covariates.patterns = options.patterns;
    fit.covariates.pattern_of_row = calibration_patterns_;
    fit.covariates.names = options.covariate_names;
  }
  return fit;
}

}  // namespace rapport::facts
