// SPDX-License-Identifier: Apache-2.0
// The events of one customer that a condition looks at, with what they add to its figure.
//
// A HitSource is a filter on events with an amount to take from each: nothing, revenue in
// base currency, or a numeric field. It is made once for a workspace's scope, which must
// outlive it, and is immutable; a HitReader is one thread's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/base/day_clock.h"
#include "lib/filter/customer_events.h"
#include "lib/filter/expression.h"
#include "lib/metrics/int128.h"
#include "lib/metrics/scope.h"

namespace rapport::segments {

using metrics::Int128;

// In timeline order.
struct Hits {
  std::vector<TimeMicros> times;
  std::vector<Int128> amounts;  // Micros; revenue: micros x kNanosPerRate. Empty without amounts.
  std::vector<CivilDays> days;  // If they are asked for.
};

class HitSource {
 public:
  enum class Amount { kNone, kRevenue, kField };
  struct Request {
    std::string filter;
    Amount amount = Amount::kNone;
    std::string amount_field;  // For kField.
    bool days = false;
    std::string path;  // Of the condition in the request, for errors.
  };
  // Errors of filter::Parse for path.filter; path.field UNKNOWN_FIELD, NOT_A_NUMBER.
  static absl::StatusOr<HitSource> Create(const Request& request, const metrics::Scope& scope);

  // What is the same reads the same events.
  std::string Key() const;
  const filter::Expression& filter() const { return expression_; }
  const filter::EventPredicate& predicate() const { return *predicate_; }
  bool reads_payload() const;
  bool reads_rates() const { return amount_ == Amount::kRevenue; }
  // The filter in canonical form, "" for all events.
  std::string FilterText() const { return expression_.ToString(); }

 private:
  friend class HitReader;
  std::optional<Int128> AmountOf(const filter::CustomerEvents& customer, size_t index,
                                 CivilDays day) const;
  std::optional<Int128> FieldOf(const filter::CustomerEvents& customer, size_t index) const;

  const metrics::Scope* scope_ = nullptr;
  filter::Expression expression_;
  std::shared_ptr<const filter::EventPredicate> predicate_;
  Amount amount_ = Amount::kNone;
  filter::FieldRef field_;
  bool days_ = false;
};

class HitReader {
 public:
  explicit HitReader(const HitSource& source)
      : source_(source), test_(&source.predicate()), clock_(source.scope_->calendar) {}
  // All of the customer's events; replaces what is in `hits`.
  void Read(const filter::CustomerEvents& customer, Hits& hits);

 private:
  const HitSource& source_;
  filter::EventTest test_;
  DayClock clock_;
};

// x in micros, nearest; what does not fit becomes the largest number there is.
int64_t ToMicros(double x);

}  // namespace rapport::segments
