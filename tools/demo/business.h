// SPDX-License-Identifier: Apache-2.0
// A believable shop, "Lumen & Oak" (lamps and small furniture), whose truth is known.
//
// Customers arrive by season over the window. Each buys by the BG/NBD process and
// spends by the Gamma-Gamma model with the parameters below, so what the nightly
// models estimate can be compared with what is so. Around the purchases there are
// sessions, product views, carts, campaigns, e-mails, surveys (better for customers
// who stay longer), tickets, subscriptions, reviews, referrals, refunds, human touches
// and consents: about 20 events a customer.
//
// Deterministic: customer `index` depends on (seed, days, end, index) alone, not on how
// many customers there are, so prefixes are stable and ranges can be made in parallel.
// Amounts are EUR, times UTC, every event lies in [end - days, end).
//
// Thread-safe after construction (a table of arrivals, microseconds). A customer costs
// about 10 us.
//
//   const Business shop({.customers = 2000, .seed = 7});
//   std::vector<v1::Event> events;
//   for (uint64_t i = 0; i < shop.options().customers; ++i) shop.Customer(i, events);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/base/clock.h"
#include "rapport/v1/event.pb.h"

namespace rapport::demo {

struct Options {
  uint64_t customers = 2000;
  uint64_t seed = 1;
  // Length of the window, 1-3650.
  int days = 730;
  // The day after the last, days since 1970-01-01 UTC. Default 2026-11-01.
  CivilDays end = 20'758;
};

// The known truth. Times in weeks, money in EUR.
struct Truth {
  // BG/NBD: rate ~ Gamma(r, alpha), leaving after each repeat purchase ~ Beta(a, b).
  double r = 0.7;
  double alpha = 8.0;
  double a = 0.8;
  double b = 2.5;
  // Gamma-Gamma: value ~ Gamma(p, nu), nu ~ Gamma(q, gamma); mean p * gamma / (q - 1).
  double p = 5.0;
  double q = 4.0;
  double gamma = 45.0;
  // Share of sign-ups that never buy, whatever time they get.
  double never_buys = 0.12;
  // Share of orders refunded in full.
  double refund_rate = 0.02;
  // Share of buyers who subscribe; chance a month to cancel.
  double subscribes = 0.15;
  double monthly_cancel = 0.05;
  // E-mails opened of those sent, clicked of those opened.
  double open_rate = 0.35;
  double click_rate = 0.20;
  // Orders after which a ticket is opened.
  double ticket_rate = 0.08;
};

// Hidden values of one customer.
struct CustomerTruth {
  TimeMicros signup = 0;
  bool buys = false;
  double weekly_rate = 0;        // Purchases a week while alive.
  double leave_probability = 0;  // After each repeat purchase.
  double mean_order_value = 0;   // EUR.
  double satisfaction = 0;       // About standard normal; drives survey answers.
};

class Business {
 public:
  explicit Business(const Options& options);

  // Appends the events of customer `index`, oldest first. Any index works, also at or
  // past options().customers.
  void Customer(uint64_t index, std::vector<v1::Event>& out) const;
  // All customers' events merged by time; ties by customer. Holds everything in memory.
  std::vector<v1::Event> InTimeOrder() const;

  // Customer number of `index`, e.g. "lo-000042".
  static std::string CustomerId(uint64_t index);
  CustomerTruth TruthOf(uint64_t index) const;

  const Options& options() const { return options_; }
  static const Truth& truth();
  TimeMicros begin_time() const;
  TimeMicros end_time() const;

 private:
  Options options_;
  std::vector<double> arrivals_;  // Cumulative share of sign-ups by day.
};

}  // namespace rapport::demo
