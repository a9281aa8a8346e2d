// SPDX-License-Identifier: Apache-2.0
// A workspace's models by hand, as a night would store them: CDNOW's published fits.
#pragma once

#include <utility>
#include <vector>

#include "lib/facts/facts.h"

namespace rapport::facts {

using Numbers = std::vector<std::pair<const char*, double>>;

inline void SetParameters(const Numbers& numbers,
                          google::protobuf::RepeatedPtrField<v1::Parameter>& out) {
  out.Clear();
  for (const auto& [name, number] : numbers) {
    v1::Parameter& parameter = *out.Add();
    parameter.set_name(name);
    parameter.set_value(number);
  }
}

// Maxima of CDNOW's 39 weeks: Fader, Hardie, Lee 2005; Fader, Hardie 2013 (note 025).
inline WorkspaceModel CdnowModel() {
  WorkspaceModel model;
  v1::ValueModel& stored = *model.mutable_value_model();
  stored.set_purchase_model("bg_nbd");
  stored.set_regularity(1);
  stored.set_time_unit_days(7);
  SetParameters({{"r", .2425945}, {"alpha", 4.413602}, {"a", .792922}, {"b", 2.425907}},
                *stored.mutable_purchase_parameters());
  stored.set_spend_model("gamma_gamma");
  SetParameters({{"p", 6.249572}, {"q", 3.744225}, {"gamma", 15.443521}},
                *stored.mutable_spend_parameters());
  // Errors of the logarithms, taken as independent.
  for (size_t i = 0; i < 16; ++i) {
    constexpr double kVariance[] = {.00268, .00734, .0549, .0846};
    stored.add_purchase_covariance(i % 5 == 0 ? kVariance[i / 5] : 0);
  }
  for (size_t i = 0; i < 9; ++i) {
    constexpr double kVariance[] = {.0363, .0060, .0725};
    stored.add_spend_covariance(i % 4 == 0 ? kVariance[i / 4] : 0);
  }
  model.set_mean_order_micros(35'070'000);
  return model;
}

// Pareto/NBD of the same data (Schmittlein, Morrison, Colombo 1987).
inline Numbers CdnowParetoNbd() {
  return {{"r", .553277}, {"alpha", 10.577684}, {"s", .606240}, {"beta", 11.668735}};
}

}  // namespace rapport::facts
