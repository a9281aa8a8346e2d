// SPDX-License-Identifier: Apache-2.0
// What classifiers look at, kept by day in a customer's fold, so that it can be read as
// of any earlier day without a look at the events.
//
// Pure. Not thread-safe while folding. One entry a day and kind.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "lib/facts/facts.h"
#include "lib/predict/features.h"

namespace rapport::facts {

// Numbers are stored. A value is the number of such events on the day unless said.
enum class Signal : int {
  kNps = 1,           // Last score of the day.
  kCsat = 2,          // Last score of the day, thousandths of the scale's range.
  kTicketOpened = 3,  // Opened or reopened.
  kTicketResolved = 4,
  kComplaint = 5,
  kFailedPayment = 6,
  kDiscountedOrder = 7,
  kOptOut = 8,  // Unsubscribed, consent withdrawn; less consent given.
  kHumanTouch = 9,
  kSession = 10,
  kSubscription = 11,  // A spell: days from its start to its end + 1; 0 while it runs.
};
inline constexpr int kSignalKinds = 11;
inline constexpr Micros kForeignCurrency = -1;  // In place of a monthly revenue.

// Collects signals of one customer, events by ascending time; the order of events of the
// same time does not matter.
class SignalSums {
 public:
  explicit SignalSums(CurrencyCode base_currency) : base_currency_(base_currency) {}
  void Add(const EventColumns& event, CivilDays day);
  void WriteTo(Fold& fold);

 private:
  struct Entry {
    CivilDays day;
    int64_t value;
  };
  struct Running {
    int64_t subscription;  // Hash of its id.
    size_t entry;
    std::optional<size_t> rate = std::nullopt;  // The last one of it in rates_.
  };
  // Monthly recurring revenue of a spell from a day on.
  struct Rate {
    size_t entry;
    CivilDays day;
    Micros monthly;  // kForeignCurrency: not in base currency.
  };
  std::vector<Entry>& Of(Signal signal) { return entries_[static_cast<size_t>(signal) - 1]; }
  void Count(Signal signal, CivilDays day, int64_t by = 1);
  void Last(Signal signal, CivilDays day, int64_t value);
  void AddSubscription(const EventColumns& event, CivilDays day);
  void SetRate(const EventColumns& event, CivilDays day, Running& running);
  void WriteRates(Fold& fold);
  void Take(const EventColumns& event, CivilDays day);
  void TakeWaiting();

  std::vector<EventColumns> waiting_;  // All of one time and day.
  CivilDays waiting_day_ = 0;
  std::array<std::vector<Entry>, kSignalKinds> entries_;
  std::vector<Running> running_;
  std::vector<Rate> rates_;
  CurrencyCode base_currency_;
};

// A customer's features as of the end of `cutoff`, for lib/predict. Only what happened up
// to then counts (docs/pipeline.md).
predict::FeatureVector FeaturesAt(const Fold& fold, CivilDays cutoff);

// Spells of subscription that began up to `cutoff`, in the order of their starts.
std::vector<SubscriptionSpell> SpellsAt(const Fold& fold, CivilDays cutoff);

}  // namespace rapport::facts
