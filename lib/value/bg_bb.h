// SPDX-License-Identifier: Apache-2.0
// BG/BB: buying that happens, or not, at regular opportunities (donations, yearly
// conferences, weekly orders), by customers who silently leave.
//
// While alive, a customer uses each opportunity with a personal chance p ~ Beta(alpha,
// beta); before each one the customer leaves for good with a personal chance theta ~
// Beta(gamma, delta). Source: Fader, Hardie, Shang 2010, Marketing Science 29(6).
//
// Days and opportunities. The first purchase starts the clock; opportunity k = 1, 2, ...
// closes at day k x time_unit_days and covers the unit of time before it. So of a
// history,
//   n    = age / unit rounded down: opportunities that have closed (0 is allowed);
//   t_x  = recency / unit rounded up, at most n: the last one used. A purchase in the
//          opportunity that is still open counts for the last closed one;
//   x    = frequency, at most t_x: more purchases than opportunities are merged.
// A time within 1e-9 of a whole number of units is that number. A horizon holds the
// opportunities that close in (T, T + horizon]: with T in mid-unit, the first one is less
// than a unit away; a horizon that reaches no close holds none and expects 0. A purchase
// is discounted from the close of its opportunity.
//
// PAlive is "after the n-th opportunity": a customer who used the last one has 1. The
// paper prints the chance at n + 1, smaller by the factor AliveAhead(one unit) =
// (delta + n) / (gamma + delta + n). With n = 0 it is 1 by construction.
//
// All answers are sums of positive terms over the opportunities (closed forms and panels
// beyond the first 1,024), so nothing cancels or has a pole. Answers as functions of age
// are steps, not smooth curves: keep them by (x, n), of which there are few. Counts look
// at the next 1,000,000 opportunities at most. Pure; thread-safe. Cost: PAlive 13 ns per
// silent opportunity, at most 80 us; counts 10 ns x counts x opportunities ahead.
#pragma once

#include "lib/value/purchase_model.h"

namespace rapport::value {

// A history in opportunities; whole numbers, 0 <= used <= last <= closed.
struct Opportunities {
  double used = 0;    // x.
  double last = 0;    // t_x.
  double closed = 0;  // n.
};

// `history` is valid. Times at most 1e15 units count.
Opportunities OpportunitiesOf(const PurchaseHistory& history, double time_unit_days);
// Whole units in `units` >= 0 (rounded down), a hair below a whole number being that number.
double WholeUnits(double units);

}  // namespace rapport::value
