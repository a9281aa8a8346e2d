// SPDX-License-Identifier: Apache-2.0
// Adds a customer's events up to the totals of CustomerSummary. Order of events does not
// matter: of two answers at one instant the one with the lower score is the last.
#pragma once

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "lib/facts/facts.h"

namespace rapport::facts {

class SummarySums {
 public:
  void Add(const EventColumns& event);
  void WriteTo(v1::CustomerSummary& summary) const;

 private:
  struct Amounts {
    CurrencyCode currency = 0;
    Micros net = 0;
    Micros refunded = 0;
  };
  struct Answers {
    TimeMicros time = 0;
    int64_t score = 0;
    int64_t scale = 0;
    int64_t count = 0;
    void Add(const EventColumns& event);
    void WriteTo(v1::LastAnswer& answer) const;
  };
  Amounts& AmountsIn(CurrencyCode currency);
  void AddMoney(const EventColumns& event);

  int64_t events_ = 0, orders_ = 0, tickets_ = 0;
  TimeMicros first_ = 0, last_ = 0, first_order_ = 0, last_order_ = 0;
  int64_t engagement_[4] = {};  // Cognitive, emotional, behavioural, transactional.
  Answers nps_, csat_, ces_;
  absl::InlinedVector<Amounts, 2> amounts_;
};

}  // namespace rapport::facts
