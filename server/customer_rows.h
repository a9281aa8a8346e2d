// SPDX-License-Identifier: Apache-2.0
// As much of v1.Customer as filters read, for customers that a pass meets one after the
// other: facts of the generation (rows in step with the pass), totals, attributes.
//
// One per thread; the read point outlives it. A facts row costs 2 us, attributes a look-up
// of 5 us. Customers may come in any order; rising numbers are cheap.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/filter/catalogue.h"
#include "lib/store/seam.h"
#include "rapport/v1/customer.pb.h"
#include "server/customer_view.h"

namespace rapport::server {

class CustomerRows {
 public:
  // `places` are what is filled in; kCustomerSummary fills facts as well.
  CustomerRows(const ReadPoint& at, filter::PlaceSet places) : at_(at), places_(places) {}

  // Holds until the next call. DataLoss.
  absl::StatusOr<const v1::Customer*> Load(CustomerNo customer_no);

 private:
  absl::Status ReadFactsRow(CustomerNo customer_no);

  static constexpr int kMostSteps = 16;  // Then a seek is cheaper.
  const ReadPoint& at_;
  filter::PlaceSet places_;
  v1::Customer customer_;
  std::unique_ptr<store::Cursor> cursor_;
  CustomerNo last_ = 0;
};

}  // namespace rapport::server
