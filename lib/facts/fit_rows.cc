// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/fit_rows.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/base/text.h"
#include "lib/facts/covariates.h"
#include "lib/facts/model_parameters.h"

namespace rapport::facts {
namespace {

// A holdout shorter than this says little.
constexpr int kMinHoldoutDays = 30;

std::vector<uint32_t> Pick(const std::vector<uint32_t>& from, const std::vector<uint32_t>& rows) {
  std::vector<uint32_t> picked;
  if (from.empty()) return picked;
  picked.reserve(rows.size());
  for (const uint32_t row : rows) picked.push_back(from[row]);
  return picked;
}

// Numbers the distinct covariate vectors of all rows.
class Patterns {
 public:
  Patterns(const FitInput& input, const std::vector<v1::Covariate>& columns) : input_(input) {
    for (const v1::Covariate& column : columns) columns_.emplace_back(column);
  }
  // False when there are more than `most`.
  bool NumberAll(size_t most) {
    for (size_t row = 0; row < input_.histories.size(); ++row) {
      of_row.push_back(Of(row));
      if (vectors.size() > most) return false;
    }
    Sort();
    return true;
  }

  std::vector<std::vector<double>> vectors;
  std::vector<uint32_t> of_row;

 private:
  // By their numbers, so that the order of customers does not show.
  void Sort() {
    std::vector<uint32_t> place(vectors.size());
    vectors.clear();
    for (const auto& [covariates, number] : numbers_) {
      place[number] = static_cast<uint32_t>(vectors.size());
      vectors.push_back(covariates);
    }
    for (uint32_t& pattern : of_row) pattern = place[pattern];
  }
  uint32_t Of(size_t row) {
    identity_ = {static_cast<uint64_t>(input_.channels[row])};
    input_.attributes.AddIdentity(row, identity_);
    const auto [seen, is_new] = seen_.try_emplace(identity_, 0);
    if (is_new) seen->second = Number(input_.channels[row], input_.attributes.At(row));
    return seen->second;
  }
  uint32_t Number(int channel, const Attributes& attributes) {
    std::vector<double> covariates;
    for (const CovariateColumn& column : columns_) {
      covariates.push_back(column.Of(channel, attributes));
    }
    const auto next = static_cast<uint32_t>(vectors.size());
    const auto [found, is_new] = numbers_.try_emplace(covariates, next);
    if (is_new) vectors.push_back(std::move(covariates));
    return found->second;
  }

  const FitInput& input_;
  std::vector<CovariateColumn> columns_;
  std::vector<uint64_t> identity_;
  absl::flat_hash_map<std::vector<uint64_t>, uint32_t> seen_;
  std::map<std::vector<double>, uint32_t> numbers_;
};

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
  SetCovariates(settings, input);
  SetGroups(settings, input);
  SetHoldout(input);
}

// Attributes in the order of the settings, as long as customers share few enough vectors.
void FitRows::SetCovariates(const Settings& settings, const FitInput& input) {
  const CustomerTraits traits{input.channels, input.attributes};
  if (settings.channel_covariate) AddCovariates(input, ChannelCovariates(traits));
  for (const std::string& key : settings.covariate_attributes) {
    if (AddCovariates(input, AttributeCovariates(traits, key, notes))) continue;
    notes.push_back(Cat("No covariate ", key, ": with it customers would have more than ",
                        kMostCovariatePatterns, " distinct covariate vectors."));
  }
  for (const v1::Covariate& column : covariates) options.covariate_names.push_back(column.name());
  calibration_patterns_ = Pick(patterns_, input.calibration_rows);
  rows.pattern_of_row = patterns_;
}

bool FitRows::AddCovariates(const FitInput& input, std::vector<v1::Covariate> columns) {
  if (columns.empty()) return true;
  std::vector<v1::Covariate> with = covariates;
  with.insert(with.end(), columns.begin(), columns.end());
  Patterns patterns(input, with);
  if (!patterns.NumberAll(kMostCovariatePatterns)) return false;
  covariates = std::move(with);
  options.patterns = std::move(patterns.vectors);
  patterns_ = std::move(patterns.of_row);
  return true;
}

void FitRows::SetGroups(const Settings& settings, const FitInput& input) {
  const CustomerTraits traits{input.channels, input.attributes};
  const bool by_attribute = !settings.model_by_attribute.empty();
  if (!by_attribute && !settings.model_by_channel) return;
  grouping = by_attribute ? AttributeGroups(traits, settings.model_by_attribute, notes)
                          : ChannelGroups(traits);
  if (grouping.names.empty()) return;
  grouped_by = by_attribute ? settings.model_by_attribute : kChannelGroups;
  calibration_groups_of_ = Pick(grouping.group_of_row, input.calibration_rows);
  rows.group_of_row = grouping.group_of_row;
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
