// SPDX-License-Identifier: Apache-2.0
// Every built-in metric once more, as simply as its definition can be read: straight walks
// over raw events, nothing kept from one question to the next. Shares no code with
// lib/metrics, lib/filter or lib/lifecycle; days, rates and rounding are its own too.
//
// The formulas are those of docs/metrics.md, metric by metric, in naive_table.cc. Slow on
// purpose. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/base/event_columns.h"

namespace rapport::naive {

using Micros = int64_t;
using Types = std::set<int>;
using Events = std::vector<EventColumns>;
inline constexpr Micros kSecond = 1'000'000, kDay = 86'400 * kSecond;

// UTC, or the civil time of Berlin in 2024: one hour ahead, two from 31 March 01:00 UTC.
enum class Zone { kUtc, kBerlin };
int64_t DayOf(Zone zone, Micros time);   // Days since 1970, civil.
Micros StartOf(Zone zone, int64_t day);  // First instant of a civil day.

// What a question is about: [begin, end), civil days [first_day, end_day).
struct Window {
  int64_t first_day = 0, end_day = 0;
  Micros begin = 0, end = 0;
  std::optional<int> channel;  // Only what came by it, or began by it.
};

// One figure. `tolerance` is relative and 0 where whole numbers are divided once.
struct Figure {
  std::optional<double> value;
  int64_t sample = 0;
  double tolerance = 0;
};

// What is asked about.
struct World {
  std::map<std::string, Events> people;  // In timeline order.
  std::map<std::string, double> facts;
  // Currency, civil day, price in nanos; ascending by day.
  std::vector<std::tuple<uint16_t, int64_t, int64_t>> rates;
  std::map<std::string, std::map<int64_t, double>> references;  // By civil day.
  uint16_t base_currency = 0;
  Zone zone = Zone::kUtc;
  Micros as_of = 0;
  int64_t churned_days = 365;
  double years = 1;
};

class Naive {
 public:
  Naive(const World& world, const Window& window) : world_(world), window_(window) {}

  using Wanted = std::function<bool(const EventColumns&)>;
  static Wanted Of(Types types);
  bool Inside(const EventColumns& event) const;  // The window, and its channel.

  // --- Events (naive_events.cc).
  int64_t Count(const Types& types) const;
  Figure Number(const Types& types) const;
  Figure Percent(const Types& numerator, const Types& denominator) const;
  // Sum of money of `plus` less that of `less`.
  Figure Money(const Types& plus, const Types& less) const;
  Figure MoneyPerEvent(const Types& types) const;
  // Scores of a type, mapped to 1..scale: how many satisfy, and all.
  Figure NetPromoters() const;
  Figure ShareOfScores(int type, int scale, int from) const;
  Figure MeanScore(int type, int scale) const;
  Figure Reference(const Types& types, const std::string& series, bool flow) const;
  Figure Values(int type, double quantile) const;  // -1: the mean.
  Figure MeanFact() const;

  // --- Pairs and sessions (naive_pairs.cc).
  enum class Starts { kEvery, kFirstOpen, kFirstEver };
  enum class Thing { kCustomer, kTicket };
  struct Rule {
    Wanted start, goal;
    Thing thing = Thing::kCustomer;
    Micros within = 0;  // 0: any.
    Starts starts = Starts::kEvery;
  };
  Figure Converted(const Rule& rule, bool complement = false) const;
  Figure Took(const Rule& rule, bool business) const;
  struct Session {
    EventColumns first;
    Micros last = 0;
    int events = 0, views = 0;
    bool bought = false;
  };
  std::vector<Session> Sessions() const;
  Figure SessionCount() const;
  Figure SessionShare(const std::function<bool(const Session&)>& holds) const;
  Figure SessionLength() const;

  // --- Customers (naive_customers.cc).
  static bool IsActivity(const EventColumns& event);
  int64_t Customers(const Wanted& wanted, int64_t at_least = 1) const;
  Figure CustomerCount(const Wanted& wanted) const;
  Figure CustomerPercent(const Wanted& numerator, int64_t at_least,
                         const Wanted& denominator) const;
  Figure Frequency(const Types& types) const;
  Figure Stickiness() const;
  Figure SimpleValue(const Types& types) const;
  // Joined, came back and left within the window, and members at its start.
  struct Books {
    int64_t start = 0, joined = 0, returned = 0, left = 0;
    int64_t end() const { return start + joined + returned - left; }
  };
  Books Members() const;
  struct Revenue {
    __int128 start = 0, end = 0, gained = 0, reactivated = 0, expansion = 0, contraction = 0,
             churned = 0;
    std::map<std::string, int64_t> customers;  // By part.
  };
  Revenue Recurring() const;
  Figure RevenuePart(const std::string& part, double factor = 1) const;
  Figure RevenueRatio(const std::string& kind) const;
  Figure Engagement() const;

 private:
  // In the base currency, micros x nanos; nullopt without a rate.
  std::optional<__int128> Converted(const EventColumns& event) const;
  std::vector<std::pair<EventColumns, std::optional<Micros>>> Pairs(const Rule& rule) const;
  Figure Distribution(std::vector<Micros> values, double quantile) const;
  bool OnBooks(const Events& events, Micros moment) const;
  __int128 RecurringAt(const Events& events, Micros moment) const;

  const World& world_;
  const Window& window_;
};

// Micros x nanos to units, rounded half to even at a micro.
double UnitsOf(__int128 converted);

// All metrics by id.
const std::map<std::string, std::function<Figure(const Naive&)>>& Metrics();

}  // namespace rapport::naive
