// SPDX-License-Identifier: Apache-2.0
#include "tools/demo/business.h"

#include <algorithm>
#include <cstdio>

#include "lib/base/log.h"
#include "tools/demo/payload.h"
#include "tools/demo/random.h"
#include "tools/demo/story.h"

namespace rapport::demo {

// Sign-ups grow by half over the window, on top of the season.
Business::Business(const Options& options) : options_(options) {
  RAPPORT_CHECK(options.days >= 1);
  const auto days = static_cast<size_t>(options.days);
  arrivals_.reserve(days);
  double total = 0;
  for (size_t day = 0; day < days; ++day) {
    const double trend = 1 + 0.5 * static_cast<double>(day) / static_cast<double>(days);
    total += trend * SeasonWeight(options.end - options.days + static_cast<CivilDays>(day));
    arrivals_.push_back(total);
  }
  for (double& share : arrivals_) share /= total;
}

void Business::Customer(uint64_t index, std::vector<v1::Event>& out) const {
  Random random(options_.seed, index);
  const CustomerTruth truth = DrawTruth(random, arrivals_, begin_time());
  std::vector<Moment> moments;
  moments.reserve(64);
  TellStory(truth, end_time(), random, moments);
  const size_t first = out.size();
  out.resize(first + moments.size());
  for (size_t i = 0; i < moments.size(); ++i) FillEvent(moments[i], index, i, out[first + i]);
}

std::vector<v1::Event> Business::InTimeOrder() const {
  std::vector<v1::Event> events;
  for (uint64_t index = 0; index < options_.customers; ++index) Customer(index, events);
  const auto before = [](const v1::Event& x, const v1::Event& y) {
    const auto& a = x.event_time();
    const auto& b = y.event_time();
    return a.seconds() != b.seconds() ? a.seconds() < b.seconds() : a.nanos() < b.nanos();
  };
  std::stable_sort(events.begin(), events.end(), before);
  return events;
}

std::string Business::CustomerId(uint64_t index) {
  char text[32];
  const int size =
      std::snprintf(text, sizeof(text), "lo-%06llu", static_cast<unsigned long long>(index));
  return std::string(text, static_cast<size_t>(size));
}

CustomerTruth Business::TruthOf(uint64_t index) const {
  Random random(options_.seed, index);
  return DrawTruth(random, arrivals_, begin_time());
}

const Truth& Business::truth() {
  static constexpr Truth kTruth;
  return kTruth;
}

TimeMicros Business::begin_time() const { return (options_.end - options_.days) * kMicrosPerDay; }

TimeMicros Business::end_time() const { return options_.end * kMicrosPerDay; }

}  // namespace rapport::demo
