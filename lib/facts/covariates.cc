// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/covariates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/text.h"

namespace rapport::facts {
namespace {

constexpr double kMostDeviations = 3;
constexpr double kStepsPerDeviation = 2;  // Few distinct numbers: customers share scorers.

// The column's channel; -1 names none.
int ChannelOf(const v1::Covariate& column) {
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  return v1::Channel_Parse(Cat("CHANNEL_", column.value()), &channel) ? static_cast<int>(channel)
                                                                      : -1;
}

}  // namespace

CovariateColumn::CovariateColumn(v1::Covariate column)
    : column_(std::move(column)), channel_(ChannelOf(column_)) {}

double CovariateColumn::OfValue(const AttributeValue& value) const {
  if (column_.kind() == v1::COVARIATE_KIND_NUMBER) {
    const auto* number = std::get_if<double>(&value);
    if (number == nullptr || !(column_.standard_deviation() > 0)) return 0;
    const double deviations = (*number - column_.mean()) / column_.standard_deviation();
    const double steps =
        std::round(std::clamp(deviations, -kMostDeviations, kMostDeviations) * kStepsPerDeviation);
    return steps == 0 ? 0 : steps / kStepsPerDeviation;  // Never -0.
  }
  const std::string text = TextOf(value);
  switch (column_.kind()) {
    case v1::COVARIATE_KIND_MISSING:
      return text.empty() ? 1 : 0;
    case v1::COVARIATE_KIND_OTHER:
      return !text.empty() &&
                     std::ranges::find(column_.known_values(), text) == column_.known_values().end()
                 ? 1
                 : 0;
    default:
      return text == column_.value() ? 1 : 0;
  }
}

double CovariateColumn::Of(int channel, const Attributes& attributes) const {
  if (column_.attribute().empty()) return channel == channel_ ? 1 : 0;
  return OfValue(Find(attributes, column_.attribute()));
}

}  // namespace rapport::facts
