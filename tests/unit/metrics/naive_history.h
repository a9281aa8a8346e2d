// SPDX-License-Identifier: Apache-2.0
// Random histories as a company tells them: late, twice, under two names that turn out to be
// one customer. Deterministic by seed.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/metrics/naive.h"

namespace rapport::naive {

struct Told {
  int id = 0;  // The same event when told again.
  std::string customer;
  EventColumns event;
};

struct RawHistory {
  std::vector<Told> told;                                   // In the order told.
  std::vector<std::pair<std::string, std::string>> merges;  // Survivor, duplicate; in order.
  // What the night knew: so much of both, and no event after it.
  size_t told_at_night = 0, merged_at_night = 0;
  Micros night = 0, now = 0;

  // Each event once, under the name that survived. Quadratic.
  std::map<std::string, Events> People(size_t told_so_far, size_t merged_so_far,
                                       Micros until) const;
  std::map<std::string, Events> Now() const { return People(told.size(), merges.size(), now); }
  std::map<std::string, Events> AtNight() const {
    return People(told_at_night, merged_at_night, night);
  }
};

struct Plot {
  unsigned seed = 0;
  uint16_t custom_type = 0;  // The number of a custom event type.
  // What rules of the workspace count in: events come exactly when they are due, and at
  // midnight.
  Zone zone = Zone::kUtc;
  int64_t churned_days = 365;
};
RawHistory RandomHistory(const Plot& plot);

}  // namespace rapport::naive
