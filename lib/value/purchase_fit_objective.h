// SPDX-License-Identifier: Apache-2.0
// What a purchase fit minimises: the mean negative log-likelihood over all tables, in
// coordinates in which every model is about equally easy.
//
// Coordinates: log base parameters, alpha relative to the mean gap and beta to the mean age
// of the full data, so that all are near 0; then effects, slot by slot, of covariates centred and
// divided by their standard deviation. CovariateScaling is taken once from the full data, so that a
// sample and the whole share coordinates.
//
// PurchaseObjective is not thread-safe; it runs pieces of fixed size through `parallel` and
// adds them in order.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_likelihood.h"

namespace rapport::value {

// Of those covariates that are neither constant nor a combination of the ones before.
struct CovariateScaling {
  std::vector<size_t> kept;
  std::vector<double> mean;       // Per kept covariate.
  std::vector<double> deviation;  // > 0.
  std::vector<double> Scaled(std::span<const double> pattern) const;
};
CovariateScaling ScaleCovariates(const FoldedPurchases& rows);

// How far a coordinate may run. r = e^10 is a population without differences; beyond,
// rounding of r log(alpha + T) would drown the slope.
inline constexpr double kFitBound = 10;

// The coordinates of one kind on one data set.
class FitCoordinates {
 public:
  FitCoordinates(ModelKind kind, const FoldedPurchases& rows);

  ModelKind kind() const { return kind_; }
  const CovariateScaling& scaling() const { return scaling_; }
  std::span<const ModelTraits::CovariateSlot> slots() const { return traits_.covariate_slots; }
  size_t base_size() const { return traits_.parameters.size(); }
  // Without effects: base_size().
  size_t size() const { return base_size() + slots().size() * scaling_.kept.size(); }
  double customers() const { return customers_; }
  double log_scale(size_t parameter) const { return log_scales_[parameter]; }
  size_t effect_index(size_t slot, size_t kept) const {
    return base_size() + slot * scaling_.kept.size() + kept;
  }

  std::vector<double> ColdStart(const FoldedPurchases& rows) const;
  // Of parameters of the same kind, in any time unit.
  std::vector<double> CoordinatesOf(const ModelParameters& parameters, double time_unit_days,
                                    size_t covariates) const;
  // `covariates` in all, left-out ones included with effect 0.
  ModelParameters ParametersAt(std::span<const double> x, size_t covariates) const;
  // d (log base, effects [slot][covariate]) / d x, row-major; effects as in ParametersAt.
  std::vector<double> Jacobian(size_t covariates) const;

 private:
  ModelKind kind_;
  const ModelTraits& traits_;
  double customers_;
  std::vector<double> log_scales_;
  CovariateScaling scaling_;
};

class PurchaseObjective {
 public:
  PurchaseObjective(const FitCoordinates& coordinates, const FoldedPurchases& rows,
                    uint32_t regularity, const ParallelFor& parallel);

  // x: base coordinates alone (no effects) or all of them. math::Objective.
  double operator()(std::span<const double> x, std::span<double> gradient);

 private:
  struct Piece {
    size_t table;
    std::unique_ptr<TableLikelihood> likelihood;
    double value = 0;
    std::vector<double> gradient = {};
  };

  void Place(std::span<const double> x);
  void AddGradient(const Piece& piece, std::span<double> gradient) const;

  const FitCoordinates& coordinates_;
  const ParallelFor& parallel_;
  double weight_;
  std::vector<std::vector<double>> scaled_;          // Covariates per table.
  std::vector<std::vector<double>> log_parameters_;  // Per table, at the current x.
  std::vector<Piece> pieces_;
};

}  // namespace rapport::value
