// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/evaluation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::predict {
namespace {

constexpr double kConfidence = 0.95;
constexpr int kDeciles = 10;

// All outcomes of one forecast.
struct Tie {
  double forecast = 0;
  size_t rows = 0;
  double positive = 0, negative = 0;                  // Weights.
  double positive_squares = 0, negative_squares = 0;  // Of weights.
  double weight() const { return positive + negative; }
};

std::vector<Tie> TiesOf(std::span<const Outcome> sorted) {
  std::vector<Tie> ties;
  for (const Outcome& outcome : sorted) {
    if (ties.empty() || ties.back().forecast != outcome.probability) {
      ties.push_back({.forecast = outcome.probability});
    }
    Tie& tie = ties.back();
    ++tie.rows;
    (outcome.happened ? tie.positive : tie.negative) += outcome.weight;
    (outcome.happened ? tie.positive_squares : tie.negative_squares) +=
        outcome.weight * outcome.weight;
  }
  return ties;
}

struct Totals {
  double positive = 0, negative = 0, positive_squares = 0, negative_squares = 0;
  double weight() const { return positive + negative; }
};

Totals TotalsOf(std::span<const Tie> ties) {
  Totals totals;
  for (const Tie& tie : ties) {
    totals.positive += tie.positive;
    totals.negative += tie.negative;
    totals.positive_squares += tie.positive_squares;
    totals.negative_squares += tie.negative_squares;
  }
  return totals;
}

// DeLong's variance: that of each row's place among the other class, one term a class.
std::optional<math::Interval> AucOf(std::span<const Tie> ties, const Totals& totals) {
  if (!(totals.positive > 0 && totals.negative > 0)) return std::nullopt;
  double won = 0, below = 0;
  for (const Tie& tie : ties) {
    won += tie.positive * (below + 0.5 * tie.negative);
    below += tie.negative;
  }
  const double auc = won / (totals.positive * totals.negative);
  double of_positives = 0, of_negatives = 0, negatives = 0, positives = 0;
  for (const Tie& tie : ties) {
    const double beaten = (negatives + 0.5 * tie.negative) / totals.negative;
    const double beaten_by = 1 - (positives + 0.5 * tie.positive) / totals.positive;
    of_positives += tie.positive_squares * (beaten - auc) * (beaten - auc);
    of_negatives += tie.negative_squares * (beaten_by - auc) * (beaten_by - auc);
    negatives += tie.negative;
    positives += tie.positive;
  }
  const auto part = [](double sum, double weight, double squares) {
    const double pairs = weight * weight - squares;
    return pairs > 0 ? sum / pairs : 0;
  };
  const double variance = part(of_positives, totals.positive, totals.positive_squares) +
                          part(of_negatives, totals.negative, totals.negative_squares);
  const double half = math::TwoSidedZ(kConfidence) * std::sqrt(variance);
  return math::Interval{auc, std::max(0.0, auc - half), std::min(1.0, auc + half)};
}

// Wilson's interval on the effective number of rows.
math::Interval Observed(double positive, double weight, double squares) {
  const double rows = std::max(1.0, std::round(weight * weight / squares));
  const double rate = std::clamp(positive / weight, 0.0, 1.0);
  const auto interval = math::WilsonInterval(static_cast<uint64_t>(std::llround(rate * rows)),
                                             static_cast<uint64_t>(rows), kConfidence);
  if (!interval) return {rate, 0, 1};
  return {rate, std::min(rate, interval->low), std::max(rate, interval->high)};
}

// Ties go to the bin that the middle of their weight falls in.
std::vector<ReliabilityBin> ReliabilityOf(std::span<const Tie> ties, double total, int bins) {
  std::vector<ReliabilityBin> table;
  int current = -1;
  double below = 0, positive = 0, squares = 0, forecast = 0;
  const auto finish = [&] {
    if (table.empty()) return;
    table.back().mean_forecast = forecast / table.back().weight;
    table.back().observed = Observed(positive, table.back().weight, squares);
    positive = squares = forecast = 0;
  };
  for (const Tie& tie : ties) {
    const double middle = (below + 0.5 * tie.weight()) / total;
    const int bin = std::min(bins - 1, static_cast<int>(middle * bins));
    if (bin != current) {
      finish();
      table.emplace_back().lowest = tie.forecast;
      current = bin;
    }
    ReliabilityBin& row = table.back();
    row.rows += tie.rows;
    row.weight += tie.weight();
    row.highest = tie.forecast;
    forecast += tie.weight() * tie.forecast;
    positive += tie.positive;
    squares += tie.positive_squares + tie.negative_squares;
    below += tie.weight();
  }
  finish();
  return table;
}

void AddCalibrationErrors(Evaluation& evaluation) {
  for (const ReliabilityBin& bin : evaluation.reliability) {
    const double off = std::fabs(bin.observed.estimate - bin.mean_forecast);
    evaluation.expected_calibration_error += bin.weight / evaluation.weight * off;
    evaluation.largest_calibration_error = std::max(evaluation.largest_calibration_error, off);
  }
}

void AddBrierTerms(Evaluation& evaluation) {
  BrierTerms& terms = evaluation.brier_terms;
  const double base = evaluation.base_rate;
  for (const ReliabilityBin& bin : evaluation.reliability) {
    const double share = bin.weight / evaluation.weight;
    const double off = bin.mean_forecast - bin.observed.estimate;
    const double apart = bin.observed.estimate - base;
    terms.reliability += share * off * off;
    terms.resolution += share * apart * apart;
  }
  terms.uncertainty = base * (1 - base);
  terms.within_bins = evaluation.brier - (terms.reliability - terms.resolution + terms.uncertainty);
  if (terms.uncertainty > 0) evaluation.brier_skill = 1 - evaluation.brier / terms.uncertainty;
}

// From the highest forecast down; a tie that spans a border is shared out evenly.
std::vector<GainDecile> GainsOf(std::span<const Tie> ties, const Totals& totals) {
  std::vector<GainDecile> gains;
  if (!(totals.positive > 0)) return gains;
  const double base = totals.positive / totals.weight();
  size_t next = ties.size();
  double taken = 0;  // Weight of the tie at next - 1 that is used up.
  double before = 0, sum = 0;
  for (int decile = 1; decile <= kDeciles; ++decile) {
    double room = totals.weight() / kDeciles;
    GainDecile row;
    while (next > 0 && (room > 0 || decile == kDeciles)) {
      const Tie& tie = ties[next - 1];
      const double left = tie.weight() - taken;
      const double use = decile == kDeciles ? left : std::min(left, room);
      sum += tie.positive * use / tie.weight();
      row.lowest = tie.forecast;
      room -= use;
      taken += use;
      if (use < left) break;
      --next;
      taken = 0;
    }
    row.rate = std::clamp((sum - before) / (totals.weight() / kDeciles), 0.0, 1.0);
    row.lift = row.rate / base;
    row.cumulative_gain = decile == kDeciles ? 1 : std::min(1.0, sum / totals.positive);
    row.cumulative_lift = row.cumulative_gain * kDeciles / decile;
    before = sum;
    gains.push_back(row);
  }
  return gains;
}

double Entropy(double rate) {
  if (!(rate > 0 && rate < 1)) return 0;
  return -rate * std::log(rate) - (1 - rate) * std::log1p(-rate);
}

void AddSums(std::span<const Outcome> sorted, Evaluation& evaluation) {
  double happened = 0;
  for (const Outcome& outcome : sorted) {
    const double off = outcome.probability - (outcome.happened ? 1 : 0);
    evaluation.weight += outcome.weight;
    evaluation.positives += outcome.happened;
    happened += outcome.happened ? outcome.weight : 0;
    evaluation.mean_forecast += outcome.weight * outcome.probability;
    evaluation.brier += outcome.weight * off * off;
  }
  evaluation.rows = sorted.size();
  evaluation.base_rate = happened / evaluation.weight;
  evaluation.mean_forecast /= evaluation.weight;
  evaluation.brier /= evaluation.weight;
  evaluation.log_loss = LogLoss(sorted);
  evaluation.log_loss_base_rate = Entropy(evaluation.base_rate);
}

}  // namespace

absl::StatusOr<Evaluation> Evaluate(std::vector<Outcome> outcomes, int bins) {
  RETURN_IF_ERROR(CheckOutcomes(outcomes));
  if (outcomes.empty()) return FailedPrecondition("NOT_ENOUGH_DATA", "no outcome to compare with");
  SortOutcomes(outcomes);
  const std::vector<Tie> ties = TiesOf(outcomes);
  const Totals totals = TotalsOf(ties);
  Evaluation evaluation;
  AddSums(outcomes, evaluation);
  evaluation.auc = AucOf(ties, totals);
  if (evaluation.auc) {
    const LogOddsLine line = FitLogOddsLine(outcomes);
    if (line.converged) evaluation.calibration_line = line;
  }
  evaluation.reliability = ReliabilityOf(ties, totals.weight(), std::max(1, bins));
  AddCalibrationErrors(evaluation);
  AddBrierTerms(evaluation);
  evaluation.gains = GainsOf(ties, totals);
  return evaluation;
}

}  // namespace rapport::predict
