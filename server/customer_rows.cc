// SPDX-License-Identifier: Apache-2.0
#include "server/customer_rows.h"

#include <string>
#include <string_view>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"

namespace rapport::server {

absl::Status CustomerRows::ReadFactsRow(CustomerNo customer_no) {
  if (at_.generation == nullptr) return absl::OkStatus();
  const std::string key = store::CustomerKey{at_.scope.workspace_no, customer_no}.Encode();
  if (cursor_ == nullptr || customer_no < last_) {
    cursor_ = at_.env.store.dataset().Scan(
        store::DatasetId::kFacts, at_.generation->generation(),
        {.begin = key, .end = store::WorkspaceEnd(at_.scope.workspace_no)});
  }
  last_ = customer_no;
  for (int steps = 0; cursor_->Valid() && cursor_->Key() < key; ++steps) {
    steps < kMostSteps ? cursor_->Next() : cursor_->Seek(key);
  }
  RETURN_IF_ERROR(cursor_->status());
  if (!cursor_->Valid() || cursor_->Key() != key) return absl::OkStatus();
  const std::string_view bytes = cursor_->Value();
  if (!customer_.mutable_facts()->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss(Cat("facts/", customer_no), "row does not decode");
  }
  return absl::OkStatus();
}

absl::StatusOr<const v1::Customer*> CustomerRows::Load(CustomerNo customer_no) {
  customer_.Clear();
  const bool summary = places_.Has(filter::Place::kCustomerSummary);
  if (summary || places_.Has(filter::Place::kCustomerFacts)) {
    RETURN_IF_ERROR(ReadFactsRow(customer_no));
  }
  if (summary) {
    *customer_.mutable_summary() = customer_.facts().summary();
    if (at_.live()) {
      RETURN_IF_ERROR(AddLiveTotals(at_, customer_no, customer_.mutable_summary()));
    }
  }
  if (places_.Has(filter::Place::kCustomerAttributes)) {
    ASSIGN_OR_RETURN(store::v1::CustomerRecord record, at_.scope.directory->Record(customer_no));
    *customer_.mutable_attributes() = std::move(*record.mutable_attributes());
  }
  return &customer_;
}

}  // namespace rapport::server
