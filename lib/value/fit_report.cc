// SPDX-License-Identifier: Apache-2.0
#include "lib/value/fit_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::value {
namespace {

constexpr size_t kMostAges = 512;
constexpr double kLargeDrift = 2;  // Standard errors.

absl::StatusOr<std::unique_ptr<PurchaseModel>> ModelFor(const ModelParameters& parameters,
                                                        std::span<const double> pattern) {
  if (parameters.covariates() == 0) pattern = {};
  ASSIGN_OR_RETURN(const ModelParameters own, ApplyCovariates(parameters, pattern));
  return MakePurchaseModel(own);
}

struct AgeGroup {
  double age = 0;  // Mean, in the table's unit.
  double weight = 0;
};

// Ascending ages with their customers, binned when there are too many.
std::vector<AgeGroup> AgesOf(const PurchaseTable& table) {
  std::map<double, double> exact;
  for (const PurchaseTable::Row& row : table.rows) exact[table.times[row.age]] += row.weight;
  std::vector<AgeGroup> result;
  if (exact.size() <= kMostAges) {
    for (const auto& [age, weight] : exact) result.push_back({age, weight});
    return result;
  }
  const double low = exact.begin()->first;
  const double width = (exact.rbegin()->first - low) / static_cast<double>(kMostAges);
  std::vector<AgeGroup> bins(kMostAges);
  for (const auto& [age, weight] : exact) {
    AgeGroup& bin = bins[std::min(kMostAges - 1, static_cast<size_t>((age - low) / width))];
    bin.age += weight * age;
    bin.weight += weight;
  }
  for (const AgeGroup& bin : bins) {
    if (bin.weight > 0) result.push_back({bin.age / bin.weight, bin.weight});
  }
  return result;
}

void AddActual(const PurchaseTable& table, std::vector<FrequencyLine>& lines) {
  const auto most = static_cast<double>(lines.size() - 1);
  for (const PurchaseTable::Block& block : table.blocks) {
    lines[static_cast<size_t>(std::min(block.frequency, most))].actual += block.weight;
  }
}

void AddExpected(const PurchaseModel& model, const std::vector<AgeGroup>& ages, double unit,
                 std::vector<FrequencyLine>& lines) {
  const size_t most = lines.size() - 1;
  for (const AgeGroup& group : ages) {
    double rest = 1;
    if (most > 0) {
      const std::vector<double> p =
          model.CountsFromStart(group.age * unit, static_cast<uint32_t>(most - 1));
      for (size_t n = 0; n < most; ++n) {
        lines[n].expected += group.weight * p[n];
        rest -= p[n];
      }
    }
    lines[most].expected += group.weight * std::max(0.0, rest);
  }
}

}  // namespace

absl::StatusOr<std::vector<FrequencyLine>> FrequencyTable(const ModelParameters& parameters,
                                                          const FoldedPurchases& rows,
                                                          uint32_t most) {
  std::vector<FrequencyLine> lines(most + 1);
  for (uint32_t n = 0; n <= most; ++n) lines[n].purchases = n;
  for (size_t t = 0; t < rows.tables.size(); ++t) {
    ASSIGN_OR_RETURN(const std::unique_ptr<PurchaseModel> model,
                     ModelFor(parameters, rows.patterns[t]));
    AddActual(rows.tables[t], lines);
    AddExpected(*model, AgesOf(rows.tables[t]), rows.time_unit_days, lines);
  }
  return lines;
}

Drift DriftSince(const PurchaseFit& now, std::span<const EarlierFit> earlier) {
  Drift drift;
  const std::vector<ParameterEstimate>& estimates = now.summary.parameters;
  for (const EarlierFit& night : earlier) {
    const bool same = night.parameters.kind == now.parameters.kind &&
                      night.parameters.regularity == now.parameters.regularity &&
                      night.parameters.values.size() == now.parameters.values.size();
    if (!same) {
      drift.other_kind.push_back(night.night);
      continue;
    }
    const double unit = night.parameters.time_unit_days / now.parameters.time_unit_days;
    for (size_t i = 0; i < now.parameters.values.size(); ++i) {
      DriftLine line{night.night, estimates[i].name, night.parameters.values[i],
                     now.parameters.values[i]};
      const bool beta = now.parameters.kind == ModelKind::kParetoNbd && i == 3;
      const bool alpha = now.parameters.kind != ModelKind::kBgBb && i == 1;
      if (alpha || beta) line.earlier *= unit;
      const double error = estimates[i].standard_error / estimates[i].value;  // Of the log.
      if (error > 0) line.change_in_errors = std::log(line.now / line.earlier) / error;
      line.large = std::fabs(line.change_in_errors) > kLargeDrift;
      drift.lines.push_back(std::move(line));
    }
  }
  return drift;
}

}  // namespace rapport::value
