// SPDX-License-Identifier: Apache-2.0
// Columns of a model's covariates: what the channel of the first order and a customer's
// attributes are turned into. The same function serves the fit and every answer.
//
// Pure and thread-safe.
#pragma once

#include <string>

#include "lib/facts/attributes.h"
#include "rapport/v1/value.pb.h"

namespace rapport::facts {

class CovariateColumn {
 public:
  explicit CovariateColumn(v1::Covariate column);

  double Of(int channel, const Attributes& attributes) const;
  const v1::Covariate& column() const { return column_; }

 private:
  double OfValue(const AttributeValue& value) const;

  v1::Covariate column_;
  int channel_ = 0;  // Of a column without an attribute.
};

}  // namespace rapport::facts
