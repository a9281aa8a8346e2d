// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_fit_objective.h"

#include <algorithm>
#include <cmath>

namespace rapport::value {
namespace {

// Long enough that tables of a piece's own cost nothing beside it.
constexpr size_t kPieceRows = size_t{1} << 15;
// A covariate whose own part has less than this share of its variance adds nothing.
constexpr double kOwnShare = 1e-10;

bool IsAlpha(ModelKind kind, size_t parameter) {
  return kind != ModelKind::kBgBb && parameter == 1;
}
bool IsBeta(ModelKind kind, size_t parameter) {
  return kind == ModelKind::kParetoNbd && parameter == 3;
}

std::unique_ptr<TableLikelihood> NewLikelihood(ModelKind kind, const PurchaseTable& table,
                                               uint32_t regularity, RowRange rows) {
  switch (kind) {
    case ModelKind::kParetoNbd:
      return NewParetoNbdLikelihood(table, rows);
    case ModelKind::kBgBb:
      return NewBgBbLikelihood(table, rows);
    case ModelKind::kNbd:
      return NewNbdLikelihood(table, rows);
    default:
      return NewBetaGeometricLikelihood(table, kind, regularity, rows);
  }
}

// Mean age over mean repeat purchases: alpha per r, about, of rarely and often buying
// customers alike.
struct Scales {
  double age = 1, gap = 1;
};

Scales ScalesOf(const FoldedPurchases& rows) {
  double age = 0, purchases = 0;
  for (const PurchaseTable& table : rows.tables) {
    age += table.weight * table.mean_age;
    for (const PurchaseTable::Block& block : table.blocks) {
      purchases += block.weight * block.frequency;
    }
  }
  return {age / rows.weight, age / purchases};
}

// A column over tables, centred; inner products weigh tables by their customers.
struct Column {
  double mean = 0;
  std::vector<double> centred;
};

double Inner(const FoldedPurchases& rows, std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t t = 0; t < rows.tables.size(); ++t) sum += rows.tables[t].weight * a[t] * b[t];
  return sum / rows.weight;
}

Column ColumnOf(const FoldedPurchases& rows, size_t covariate) {
  Column column;
  for (size_t t = 0; t < rows.tables.size(); ++t) {
    column.mean += rows.tables[t].weight / rows.weight * rows.patterns[t][covariate];
  }
  for (const std::vector<double>& pattern : rows.patterns) {
    column.centred.push_back(pattern[covariate] - column.mean);
  }
  return column;
}

}  // namespace

std::vector<double> CovariateScaling::Scaled(std::span<const double> pattern) const {
  std::vector<double> scaled;
  for (size_t c = 0; c < kept.size(); ++c) {
    scaled.push_back((pattern[kept[c]] - mean[c]) / deviation[c]);
  }
  return scaled;
}

// Gram-Schmidt on the centred columns tells which ones add something.
CovariateScaling ScaleCovariates(const FoldedPurchases& rows) {
  CovariateScaling scaling;
  std::vector<std::vector<double>> basis;
  for (size_t c = 0; c < rows.covariate_names.size(); ++c) {
    const Column column = ColumnOf(rows, c);
    const double variance = Inner(rows, column.centred, column.centred);
    std::vector<double> own = column.centred;
    for (const std::vector<double>& axis : basis) {
      const double along = Inner(rows, own, axis) / Inner(rows, axis, axis);
      for (size_t t = 0; t < own.size(); ++t) own[t] -= along * axis[t];
    }
    const double rounding = 1e-24 * column.mean * column.mean;
    if (!(Inner(rows, own, own) > kOwnShare * variance + rounding)) continue;
    basis.push_back(std::move(own));
    scaling.kept.push_back(c);
    scaling.mean.push_back(column.mean);
    scaling.deviation.push_back(std::sqrt(variance));
  }
  return scaling;
}

FitCoordinates::FitCoordinates(ModelKind kind, const FoldedPurchases& rows)
    : kind_(kind),
      traits_(TraitsOf(kind)),
      customers_(rows.weight),
      scaling_(ScaleCovariates(rows)) {
  const Scales scales = ScalesOf(rows);
  for (size_t i = 0; i < base_size(); ++i) {
    const double scale = IsAlpha(kind, i) ? scales.gap : IsBeta(kind, i) ? scales.age : 1;
    log_scales_.push_back(std::log(scale));
  }
}

std::vector<double> FitCoordinates::ColdStart(const FoldedPurchases& rows) const {
  std::vector<double> x(base_size(), 0.0);
  for (const PurchaseTable& table : rows.tables) {
    const std::vector<double> start = StartOf(kind_, table);
    for (size_t i = 0; i < x.size(); ++i) x[i] += table.weight / rows.weight * start[i];
  }
  for (size_t i = 0; i < x.size(); ++i) x[i] -= log_scales_[i];
  x.resize(size(), 0.0);
  return x;
}

std::vector<double> FitCoordinates::CoordinatesOf(const ModelParameters& parameters,
                                                  double time_unit_days, size_t covariates) const {
  std::vector<double> x(size(), 0.0);
  const double unit = std::log(parameters.time_unit_days / time_unit_days);
  for (size_t i = 0; i < base_size(); ++i) {
    x[i] = std::log(parameters.values[i]) - log_scales_[i];
    if (IsAlpha(kind_, i) || IsBeta(kind_, i)) x[i] += unit;
  }
  if (parameters.covariates() != covariates) return x;
  for (size_t s = 0; s < parameters.effects.size(); ++s) {
    for (size_t c = 0; c < scaling_.kept.size(); ++c) {
      const double effect = parameters.effects[s][scaling_.kept[c]];
      x[effect_index(s, c)] = effect * scaling_.deviation[c];
      x[slots()[s].parameter] += slots()[s].sign * effect * scaling_.mean[c];
    }
  }
  return x;
}

ModelParameters FitCoordinates::ParametersAt(std::span<const double> x, size_t covariates) const {
  ModelParameters result;
  result.kind = kind_;
  std::vector<double> logs(x.begin(), x.begin() + static_cast<ptrdiff_t>(base_size()));
  if (covariates > 0) result.effects.assign(slots().size(), std::vector<double>(covariates, 0.0));
  for (size_t s = 0; s < slots().size() && x.size() == size(); ++s) {
    for (size_t c = 0; c < scaling_.kept.size(); ++c) {
      const double effect = x[effect_index(s, c)] / scaling_.deviation[c];
      result.effects[s][scaling_.kept[c]] = effect;
      logs[slots()[s].parameter] -= slots()[s].sign * effect * scaling_.mean[c];
    }
  }
  for (size_t i = 0; i < logs.size(); ++i) {
    result.values.push_back(std::exp(logs[i] + log_scales_[i]));
  }
  return result;
}

std::vector<double> FitCoordinates::Jacobian(size_t covariates) const {
  const size_t n = size();
  std::vector<double> jacobian((base_size() + slots().size() * covariates) * n, 0.0);
  for (size_t i = 0; i < base_size(); ++i) jacobian[i * n + i] = 1;
  for (size_t s = 0; s < slots().size(); ++s) {
    for (size_t c = 0; c < scaling_.kept.size(); ++c) {
      const size_t row = base_size() + s * covariates + scaling_.kept[c];
      const size_t column = effect_index(s, c);
      jacobian[row * n + column] = 1 / scaling_.deviation[c];
      jacobian[slots()[s].parameter * n + column] -=
          slots()[s].sign * scaling_.mean[c] / scaling_.deviation[c];
    }
  }
  return jacobian;
}

PurchaseObjective::PurchaseObjective(const FitCoordinates& coordinates, const FoldedPurchases& rows,
                                     uint32_t regularity, const ParallelFor& parallel)
    : coordinates_(coordinates), parallel_(parallel), weight_(rows.weight) {
  for (size_t t = 0; t < rows.tables.size(); ++t) {
    scaled_.push_back(coordinates.scaling().Scaled(rows.patterns[t]));
    const size_t size = rows.tables[t].rows.size();
    for (size_t begin = 0; begin < size; begin += kPieceRows) {
      pieces_.push_back({t, NewLikelihood(coordinates.kind(), rows.tables[t], regularity,
                                          {begin, std::min(size, begin + kPieceRows)})});
      pieces_.back().gradient.resize(coordinates.base_size());
    }
  }
  log_parameters_.resize(rows.tables.size(), std::vector<double>(coordinates.base_size()));
}

// Parameters of every table at x.
void PurchaseObjective::Place(std::span<const double> x) {
  const auto slots = coordinates_.slots();
  const bool effects = x.size() > coordinates_.base_size();
  for (size_t t = 0; t < log_parameters_.size(); ++t) {
    std::vector<double>& logs = log_parameters_[t];
    for (size_t i = 0; i < logs.size(); ++i) logs[i] = x[i] + coordinates_.log_scale(i);
    for (size_t s = 0; s < slots.size() && effects; ++s) {
      double sum = 0;
      for (size_t c = 0; c < scaled_[t].size(); ++c) {
        sum += x[coordinates_.effect_index(s, c)] * scaled_[t][c];
      }
      logs[slots[s].parameter] += slots[s].sign * sum;
    }
  }
}

void PurchaseObjective::AddGradient(const Piece& piece, std::span<double> gradient) const {
  const double scale = -1 / weight_;
  for (size_t i = 0; i < piece.gradient.size(); ++i) gradient[i] += scale * piece.gradient[i];
  if (gradient.size() == coordinates_.base_size()) return;
  const auto slots = coordinates_.slots();
  const std::vector<double>& z = scaled_[piece.table];
  for (size_t s = 0; s < slots.size(); ++s) {
    const double slope = scale * slots[s].sign * piece.gradient[slots[s].parameter];
    for (size_t c = 0; c < z.size(); ++c) {
      gradient[coordinates_.effect_index(s, c)] += slope * z[c];
    }
  }
}

double PurchaseObjective::operator()(std::span<const double> x, std::span<double> gradient) {
  Place(x);
  const auto run = [this](size_t i) {
    Piece& piece = pieces_[i];
    piece.value = piece.likelihood->Evaluate(log_parameters_[piece.table], piece.gradient);
  };
  if (parallel_ && pieces_.size() > 1) {
    parallel_(pieces_.size(), run);
  } else {
    for (size_t i = 0; i < pieces_.size(); ++i) run(i);
  }
  double sum = 0;
  std::fill(gradient.begin(), gradient.end(), 0.0);
  for (const Piece& piece : pieces_) {
    sum += piece.value;
    AddGradient(piece, gradient);
  }
  return -sum / weight_;
}

}  // namespace rapport::value
