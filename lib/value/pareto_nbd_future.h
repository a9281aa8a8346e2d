// SPDX-License-Identifier: Apache-2.0
// The future of a living customer under Pareto/NBD.
//
// Given the history and being alive at T, the rates of buying and of leaving are
// independent: lambda ~ Gamma(shape, scale) = Gamma(r + x, alpha + T), mu ~ Gamma(s,
// leave_scale) = Gamma(s, beta + T) (Fader and Hardie 2005, brucehardie.com/notes/009). A
// customer just acquired is the same with x = T = 0. Every answer below is a closed form
// without a pole or an integral of a positive function; nothing is subtracted.
//
// Times and rates are in the model's unit, all arguments >= 0; an infinite time counts as
// 1e100 units. Answers are finite and >= 0. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace rapport::value {

struct ParetoNbdFuture {
  double shape, scale;    // Of the rate of buying.
  double s, leave_scale;  // Of the rate of leaving.

  // P(still alive after `time`).
  double Alive(double time) const;
  // E[purchases within `time`]; (shape / scale) (leave_scale / (s - 1)) (1 - Alive^..),
  // in a form that passes through s = 1.
  double Purchases(double time) const;
  // E[sum of e^(-rate t_i)] over purchases within `time`, at t_i; DERT when it is infinite
  // (Fader, Hardie and Lee 2005, "RFM and CLV", eq. 2). Cost: 1 to 10 us.
  double Discounted(double time, double rate) const;
  // P(no purchase within `time`).
  double NoPurchase(double time) const;
  // P(n purchases within `time`), n = 0 .. most. Cost: 30 us and up, with the root of
  // `most`. Relative error below 1e-9 for probabilities above 1e-200.
  std::vector<double> Counts(double time, uint32_t most) const;
};

}  // namespace rapport::value
