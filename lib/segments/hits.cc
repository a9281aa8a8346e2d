// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/hits.h"

#include <cmath>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/event_types.h"
#include "lib/filter/sources.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::segments {
namespace {

absl::StatusOr<filter::FieldRef> FindNumber(const std::string& name, const std::string& path) {
  std::string_view key;
  const filter::Field* field = filter::EventCatalogue().Find(name, &key);
  const std::string request_field = path + ".field";
  if (field == nullptr) {
    std::string hint;
    for (const std::string& near : filter::EventCatalogue().Nearest(name)) {
      hint += Cat(hint.empty() ? "; did you mean " : " or ", near);
    }
    return InvalidField(request_field, "UNKNOWN_FIELD", Cat("there is no field ", name, hint));
  }
  const bool number = field->type == filter::FieldType::kNumber ||
                      field->type == filter::FieldType::kMoney ||
                      field->type == filter::FieldType::kDynamic;
  if (!number) {
    return InvalidField(request_field, "NOT_A_NUMBER", Cat(name, " is no number"));
  }
  return filter::FieldRef{field, std::string(key)};
}

}  // namespace

int64_t ToMicros(double x) {
  constexpr double kMost = 9.2e12;
  if (!(std::abs(x) < kMost)) {
    return x < 0 ? -std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::max();
  }
  return std::llround(x * static_cast<double>(kMicrosPerUnit));
}

absl::StatusOr<HitSource> HitSource::Create(const Request& request, const metrics::Scope& scope) {
  HitSource source;
  source.scope_ = &scope;
  source.amount_ = request.amount;
  source.days_ = request.days;
  filter::Context context;
  context.base_currency = UnpackCurrency(scope.base_currency);
  context.calendar = scope.calendar;
  context.field = request.path + ".filter";
  context.names = scope.names;
  ASSIGN_OR_RETURN(source.expression_,
                   filter::Parse(request.filter, filter::EventAndCustomerCatalogue(), context));
  source.predicate_ = std::make_shared<const filter::EventPredicate>(
      filter::Bind(source.expression_, *scope.names));
  if (request.amount == Amount::kField) {
    ASSIGN_OR_RETURN(source.field_, FindNumber(request.amount_field, request.path));
  }
  return source;
}

std::string HitSource::Key() const {
  return Cat(FilterText(), "\n", static_cast<int>(amount_), "\n",
             field_.field == nullptr ? std::string() : Cat(field_.field->path, " ", field_.key),
             "\n", days_);
}

bool HitSource::reads_payload() const {
  return predicate_->reads_payload() ||
         (field_.field != nullptr && field_.field->place == filter::Place::kEventPayload);
}

std::optional<Int128> HitSource::FieldOf(const filter::CustomerEvents& customer,
                                         size_t index) const {
  const filter::EventSource event({customer.events[index], *scope_->names, scope_->calendar,
                                   [&]() -> const store::v1::EventPayload* {
                                     return customer.payloads == nullptr
                                                ? nullptr
                                                : customer.payloads->At(index);
                                   }});
  const filter::Value value = event.Read(field_, 0);
  if (const auto* number = std::get_if<double>(&value)) return Int128{ToMicros(*number)};
  const auto* whole = std::get_if<int64_t>(&value);
  if (whole == nullptr) return std::nullopt;
  // Dynamic values that are whole are times, which are no figures.
  if (field_.field->type != filter::FieldType::kMoney) return std::nullopt;
  return Int128{*whole};
}

std::optional<Int128> HitSource::AmountOf(const filter::CustomerEvents& customer, size_t index,
                                          CivilDays day) const {
  if (amount_ == Amount::kField) return FieldOf(customer, index);
  const EventColumns& event = customer.events[index];
  const bool refund = event.type == v1::EVENT_TYPE_ORDER_REFUNDED;
  if (!refund && event.type != v1::EVENT_TYPE_ORDER_PLACED &&
      event.type != v1::EVENT_TYPE_BOOKING_MADE) {
    return std::nullopt;
  }
  int64_t rate = metrics::kNanosPerRate;
  if (event.currency != 0 && event.currency != scope_->base_currency) {
    const auto known =
        scope_->rates == nullptr ? std::nullopt : scope_->rates->At(event.currency, day);
    if (!known.has_value()) return std::nullopt;
    rate = *known;
  }
  return Int128{refund ? -event.value : event.value} * rate;
}

void HitReader::Read(const filter::CustomerEvents& customer, Hits& hits) {
  hits.times.clear();
  hits.amounts.clear();
  hits.days.clear();
  if (!test_.Begin(customer)) return;
  const bool amounts = source_.amount_ != HitSource::Amount::kNone;
  const bool days = source_.days_ || source_.amount_ == HitSource::Amount::kRevenue;
  for (size_t i = 0; i < customer.events.size(); ++i) {
    if (!test_.Matches(customer, i)) continue;
    const TimeMicros time = customer.events[i].time;
    const CivilDays day = days ? clock_.DayOf(time) : 0;
    if (amounts) {
      const auto amount = source_.AmountOf(customer, i, day);
      if (!amount.has_value()) continue;
      hits.amounts.push_back(*amount);
    }
    hits.times.push_back(time);
    if (source_.days_) hits.days.push_back(day);
  }
}

}  // namespace rapport::segments
