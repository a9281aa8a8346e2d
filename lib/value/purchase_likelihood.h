// SPDX-License-Identifier: Apache-2.0
// The likelihood of many histories under one purchase model, with its gradient: what a
// fit runs over (lib/value/purchase_fit.h).
//
// A TableLikelihood is bound to one PurchaseTable (all rows share one covariate pattern)
// and is evaluated at many parameter points. It may keep scratch space: not thread-safe,
// but two likelihoods may run at once on one table. Same table and rows, same bits.
//
// A RowRange makes the likelihood one of a piece of the table: values and gradients of
// pieces add up to those of the whole. A fit on several threads cuts the table into
// pieces of a fixed number of rows (so never by the number of threads), runs them
// anywhere and adds the results in order.
#pragma once

#include <memory>
#include <span>

#include "lib/value/purchase_model.h"
#include "lib/value/purchase_table.h"

namespace rapport::value {

class TableLikelihood {
 public:
  virtual ~TableLikelihood() = default;
  // Sum over rows of weight x log-likelihood at parameters e^(log_parameters[i]), in the
  // order of TraitsOf(kind).parameters and in the table's time unit, constants included
  // (so that kinds and k compare). Writes d / d log_parameters[i]. May return NaN or
  // -inf where it cannot be evaluated.
  virtual double Evaluate(std::span<const double> log_parameters, std::span<double> gradient) = 0;
};

// `table` outlives the likelihood. `regularity` is k.
std::unique_ptr<TableLikelihood> NewBetaGeometricLikelihood(const PurchaseTable& table,
                                                            ModelKind kind, uint32_t regularity,
                                                            RowRange rows = {});
std::unique_ptr<TableLikelihood> NewParetoNbdLikelihood(const PurchaseTable& table,
                                                        RowRange rows = {});
std::unique_ptr<TableLikelihood> NewNbdLikelihood(const PurchaseTable& table, RowRange rows = {});
std::unique_ptr<TableLikelihood> NewBgBbLikelihood(const PurchaseTable& table, RowRange rows = {});

// Where a cold fit starts, as log parameters, in the table's time unit (mean age is its
// natural scale). Pure function of the table.
std::vector<double> StartOf(ModelKind kind, const PurchaseTable& table);

}  // namespace rapport::value
