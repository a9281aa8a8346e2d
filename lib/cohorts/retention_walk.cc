// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/retention_walk.h"

#include <algorithm>
#include <optional>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/sources.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::cohorts {
namespace {

const v1::Customer& CustomerOf(const filter::CustomerEvents& customer) {
  return customer.customer == nullptr ? v1::Customer::default_instance() : *customer.customer;
}

std::optional<int64_t> RateOf(const metrics::Scope& scope, CurrencyCode currency, CivilDays day) {
  if (scope.rates == nullptr) return std::nullopt;
  return scope.rates->At(currency, day);
}

// Those at or after a time.
template <typename Moment>
std::span<const Moment> From(const std::vector<Moment>& moments, TimeMicros time) {
  const auto first = std::ranges::lower_bound(moments, time, {}, &Moment::time);
  return {first, moments.end()};
}

}  // namespace

RetentionWalk::RetentionWalk(const RetentionPlan& plan)
    : plan_(plan),
      mode_(plan.question().mode()),
      minimum_returns_(plan.question().minimum_returns()),
      minimum_starts_(plan.question().cohort().minimum_starts()),
      start_counts_(plan.question().start_counts()),
      rolling_(plan.rolling()),
      rolling_length_(plan.rolling_length()),
      as_of_(plan.scope().as_of),
      base_currency_(UnpackCurrency(plan.scope().base_currency)),
      start_filter_(plan.start()),
      return_filter_(plan.returns()),
      periods_(plan.scope().calendar, plan.period()),
      buckets_(plan.scope().calendar, plan.bucket()),
      days_(plan.scope().calendar) {
  as_of_period_ = periods_.Of(as_of_);
  // Segments that nobody is in are shown, too.
  for (size_t i = 0; i < plan.segments().size(); ++i) {
    cohorts_[static_cast<int32_t>(i)] = std::make_unique<CohortSums>(plan.column_count());
  }
}

absl::Status RetentionWalk::Customer(const filter::CustomerEvents& customer,
                                     std::span<const uint32_t> codes) {
  if (!start_filter_.Begin(customer)) return absl::OkStatus();
  FindStarts(customer);
  if (starts_.empty()) return absl::OkStatus();
  ++customers_;
  starts_count_ += static_cast<int64_t>(starts_.size());
  returns_possible_ = return_filter_.Begin(customer);
  FindReturns(customer);
  return CountIn(customer, codes);
}

void RetentionWalk::FindStarts(const filter::CustomerEvents& customer) {
  starts_.clear();
  if (plan_.question().cohort().start() == v1::COHORT_START_RECURRING) {
    return FindRecurring(customer);
  }
  const bool ever = plan_.question().cohort().start() == v1::COHORT_START_FIRST_EVER;
  int32_t found = 0;
  for (size_t i = 0; i < customer.events.size(); ++i) {
    const TimeMicros time = customer.events[i].time;
    if (time > as_of_ || time >= plan_.end()) return;
    if (!ever && time < plan_.begin()) continue;
    if (!start_filter_.Has(customer, i) || ++found < minimum_starts_) continue;
    if (time >= plan_.begin()) TakeStart(customer, i);
    return;
  }
}

void RetentionWalk::FindRecurring(const filter::CustomerEvents& customer) {
  std::optional<int32_t> bucket;
  int32_t found = 0;
  for (size_t i = 0; i < customer.events.size(); ++i) {
    const TimeMicros time = customer.events[i].time;
    if (time > as_of_ || time >= plan_.end()) return;
    if (time < plan_.begin() || !start_filter_.Has(customer, i)) continue;
    const int32_t own = buckets_.Of(time);
    if (bucket != own) found = 0;
    bucket = own;
    if (++found == minimum_starts_) TakeStart(customer, i);
  }
}

void RetentionWalk::TakeStart(const filter::CustomerEvents& customer, size_t index) {
  const TimeMicros time = customer.events[index].time;
  starts_.push_back(
      {time, static_cast<uint32_t>(index), rolling_ ? 0 : periods_.Of(time), buckets_.Of(time)});
}

void RetentionWalk::FindReturns(const filter::CustomerEvents& customer) {
  returns_.clear();
  payments_.clear();
  // What comes later than the last column of the last start matters to none.
  const bool all = mode_ == v1::RETURN_MODE_ON_OR_AFTER;
  const Start& last = starts_.back();
  size_t i = starts_.front().index;
  while (i > 0 && customer.events[i - 1].time == starts_.front().time) --i;
  for (; i < customer.events.size() && customer.events[i].time <= as_of_; ++i) {
    const EventColumns& event = customer.events[i];
    const MoneySign sign = MoneySignOf(event.type);
    const bool is_return = returns_possible_ && return_filter_.Has(customer, i);
    if (!is_return && sign == MoneySign::kNone) continue;
    const int32_t period = rolling_ ? 0 : periods_.Of(event.time);
    if (!all && PeriodOf(event.time, period, last) > plan_.last_period()) return;
    if (is_return) returns_.push_back({event.time, static_cast<uint32_t>(i), period});
    if (sign != MoneySign::kNone) payments_.push_back(PaymentOf(event, sign, period));
  }
}

RetentionWalk::Payment RetentionWalk::PaymentOf(const EventColumns& event, MoneySign sign,
                                                int32_t period) {
  const bool own = event.currency == 0 || event.currency == plan_.scope().base_currency;
  const auto rate = own ? std::optional(metrics::kNanosPerRate)
                        : RateOf(plan_.scope(), event.currency, days_.DayOf(event.time));
  if (!rate) ++without_rate_;
  return {.money = Int128{event.value} * rate.value_or(0) * static_cast<int8_t>(sign),
          .time = event.time,
          .period = period,
          .orders = sign == MoneySign::kPlus ? 1 : 0};
}

int32_t RetentionWalk::PeriodOf(TimeMicros time, int32_t calendar_period,
                                const Start& start) const {
  if (!rolling_) return calendar_period - start.period;
  return static_cast<int32_t>((time - start.time) / rolling_length_);
}

absl::Status RetentionWalk::CountIn(const filter::CustomerEvents& customer,
                                    std::span<const uint32_t> codes) {
  if (plan_.by() == CohortsBy::kSegments) return CountInSegments(customer);
  for (const Start& start : starts_) {
    int32_t cohort = 0;
    if (plan_.by() == CohortsBy::kTime) cohort = start.bucket;
    if (plan_.by() == CohortsBy::kDimension && !codes.empty()) {
      cohort = static_cast<int32_t>(codes[0]);
    }
    RETURN_IF_ERROR(Follow(start, cohort, customer));
  }
  return absl::OkStatus();
}

absl::Status RetentionWalk::CountInSegments(const filter::CustomerEvents& customer) {
  const filter::CustomerSource source(CustomerOf(customer), base_currency_);
  for (size_t i = 0; i < plan_.segments().size(); ++i) {
    if (!plan_.segments()[i].Evaluate(source)) continue;
    for (const Start& start : starts_) {
      RETURN_IF_ERROR(Follow(start, static_cast<int32_t>(i), customer));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CohortSums*> RetentionWalk::SumsOf(int32_t cohort) {
  auto& sums = cohorts_[cohort];
  if (sums != nullptr) return sums.get();
  if (cohorts_.size() > kMaxCohorts) {
    return InvalidField("question.cohort", "TOO_MANY_COHORTS",
                        Cat("more than ", kMaxCohorts,
                            " cohorts: take longer buckets, fewer days or another dimension"));
  }
  sums = std::make_unique<CohortSums>(plan_.column_count());
  return sums.get();
}

absl::Status RetentionWalk::Follow(const Start& start, int32_t cohort,
                                   const filter::CustomerEvents& customer) {
  ASSIGN_OR_RETURN(CohortSums* const sums, SumsOf(cohort));
  const Outlook outlook = plan_.OutlookOf(PeriodOf(as_of_, as_of_period_, start));
  sums->AddStart(outlook);
  if (plan_.question().predicted_value() && CustomerOf(customer).facts().value().has_predicted()) {
    sums->AddPredicted(CustomerOf(customer).facts().value().predicted().micros());
  }
  CountPayments(start, outlook, *sums);
  CountReturns(start, outlook, *sums);
  return absl::OkStatus();
}

void RetentionWalk::CountPayments(const Start& start, const Outlook& outlook,
                                  CohortSums& sums) const {
  for (const Payment& payment : From(payments_, start.time)) {
    const int32_t period = PeriodOf(payment.time, payment.period, start);
    if (period > plan_.last_period()) return;
    sums.AddValue({.column = plan_.ColumnOf(period),
                   .up_to = plan_.ColumnUpTo(period),
                   .money = payment.money,
                   .orders = payment.orders},
                  outlook);
  }
}

void RetentionWalk::CountReturns(const Start& start, const Outlook& outlook,
                                 CohortSums& sums) const {
  const std::span<const Return> returns = From(returns_, start.time);
  const int32_t end = plan_.column_count() - 1;
  switch (mode_) {
    case v1::RETURN_MODE_ON_OR_AFTER: {
      const int32_t last = NthReturn(returns, start, /*from_back=*/true);
      if (last >= 0) sums.AddReturns(0, std::min(last, end), outlook);
      return;
    }
    case v1::RETURN_MODE_ON_OR_BEFORE: {
      const int32_t first = NthReturn(returns, start, /*from_back=*/false);
      if (first >= 0) sums.AddReturns(first, end, outlook);
      return;
    }
    case v1::RETURN_MODE_STREAK:
      return sums.AddReturns(0, std::min(StreakOf(returns, start), end), outlook);
    default:
      return CountOn(returns, start, outlook, sums);
  }
}

void RetentionWalk::CountOn(std::span<const Return> returns, const Start& start,
                            const Outlook& outlook, CohortSums& sums) const {
  int32_t column = -1;
  int32_t found = 0;
  for (const Return& back : returns) {
    if (!Counts(back, start)) continue;
    const int32_t period = PeriodOf(back.time, back.period, start);
    if (period > plan_.last_period()) return;
    const int32_t own = plan_.ColumnOf(period);
    if (own < 0) continue;
    if (own != column) found = 0;
    column = own;
    if (++found == minimum_returns_) sums.AddReturns(column, column, outlook);
  }
}

int32_t RetentionWalk::NthReturn(std::span<const Return> returns, const Start& start,
                                 bool from_back) const {
  int32_t found = 0;
  for (size_t i = 0; i < returns.size(); ++i) {
    const Return& back = returns[from_back ? returns.size() - 1 - i : i];
    if (!Counts(back, start) || ++found < minimum_returns_) continue;
    return PeriodOf(back.time, back.period, start);
  }
  return -1;
}

int32_t RetentionWalk::StreakOf(std::span<const Return> returns, const Start& start) const {
  int32_t streak = 0;
  int32_t found = 0;
  for (const Return& back : returns) {
    if (!Counts(back, start)) continue;
    const int32_t period = PeriodOf(back.time, back.period, start);
    if (period <= streak) continue;
    // The period after the streak has passed without enough returns.
    if (period > streak + 1) return streak;
    if (++found < minimum_returns_) continue;
    streak = period;
    found = 0;
  }
  return streak;
}

absl::Status RetentionWalk::Merge(const RetentionWalk& other) {
  for (const auto& [cohort, more] : other.cohorts_) {
    ASSIGN_OR_RETURN(CohortSums* const sums, SumsOf(cohort));
    sums->Merge(*more);
  }
  customers_ += other.customers_;
  starts_count_ += other.starts_count_;
  without_rate_ += other.without_rate_;
  return absl::OkStatus();
}

}  // namespace rapport::cohorts
