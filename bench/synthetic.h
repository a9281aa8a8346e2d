// SPDX-License-Identifier: Apache-2.0
// A plain customer base for speed tests: any size, deterministic, quick to make. For
// believable customers see tools/demo.
//
// Customers begin at any time of two years, buy and look at their own rate, and leave
// after a while; events arrive in order of time, 20 a customer on average.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rapport/v1/event.pb.h"

namespace rapport::bench {

struct SyntheticEvent {
  int64_t time_seconds = 0;
  uint32_t customer = 0;  // From 0.
  uint32_t serial = 0;    // Within the customer.
};

// Events of `customers` customers in order of time.
std::vector<SyntheticEvent> MakeEvents(uint32_t customers, double events_each);

// Fills the API's event; the same event always gets the same id and content. `run` makes
// ids of different runs differ.
void ToApi(const SyntheticEvent& event, uint32_t run, v1::Event& out);

std::string CustomerIdOf(uint32_t customer);

}  // namespace rapport::bench
