// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/customer_events.h"

#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::filter {

bool EventTest::Begin(const CustomerEvents& customer) {
  if (predicate_ == nullptr || !predicate_->reads_customer()) return true;
  static const v1::Customer& nobody = v1::Customer::default_instance();
  truth_ = predicate_->Judge(customer.customer == nullptr ? nobody : *customer.customer);
  return truth_.allowed;
}

bool EventTest::Matches(const CustomerEvents& customer, size_t index) const {
  if (predicate_ == nullptr) return true;
  const EventColumns& event = customer.events[index];
  if (!truth_.allowed || !predicate_->MatchesColumns(event, truth_)) return false;
  if (!predicate_->reads_payload()) return true;
  static const store::v1::EventPayload& none = store::v1::EventPayload::default_instance();
  const auto* payload = customer.payloads == nullptr ? nullptr : customer.payloads->At(index);
  return predicate_->MatchesPayload(event, payload == nullptr ? none : *payload, truth_);
}

}  // namespace rapport::filter
