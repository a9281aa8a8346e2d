// SPDX-License-Identifier: Apache-2.0
// `auto`: fits every candidate model, compares them and says why one was chosen.
//
// The rule:
//   1. Only usable fits count (converged and identified).
//   2. A model whose BIC is 10 or more above the best is out ("very strong" evidence,
//      Kass and Raftery 1995).
//   3. Among the rest, with a holdout, the lowest mean absolute error wins. Models within
//      0.1 % of it are equal; then the one without the one-time-buyer artefact is preferred
//      (BG models call every one-time buyer alive): MBG, then Pareto/NBD, then BG; then the
//      lower BIC.
//   4. Without a holdout, the lowest BIC among those without the artefact wins, and a BG
//      model only when no other is left.
//   5. NBD (nobody ever leaves) is the baseline, chosen only when nothing else is usable.
// (M)BG/CNBD-k take k by likelihood and are left out at k = 1, where they are (M)BG/NBD.
// BG/BB counts periods, not moments: its likelihood does not compare. It is fitted when a
// period is given, shown, and chosen only when no other model but NBD is usable.
//
// Pure and deterministic, on any threads. Cost: one fold and all fits; with a holdout,
// fits of the calibration rows too (above 50,000 distinct rows not of the models that rule
// 2 puts out).
//
//   ASSIGN_OR_RETURN(ModelChoice choice, ChooseModel({histories}, {}));
//   if (choice.chosen) Use(choice.candidates[*choice.chosen].fit.parameters);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/holdout.h"
#include "lib/value/purchase_fit.h"

namespace rapport::value {

// Parallel arrays, one entry per customer; all but `histories` may be empty.
struct ChoiceRows {
  std::span<const PurchaseHistory> histories;
  std::span<const double> weights = {};
  std::span<const uint32_t> pattern_of_row = {};  // Into ChoiceOptions::patterns.
  std::span<const uint32_t> group_of_row = {};    // For ChooseByGroup.
};

// Calibration histories of an earlier day and what was bought in the horizon after it.
struct ChoiceHoldout {
  ChoiceRows calibration;
  std::span<const double> actual;
  double horizon_days = 0;
};

struct ChoiceOptions {
  double time_unit_days = 7;
  std::vector<ModelKind> kinds = {ModelKind::kBgNbd,   ModelKind::kMbgNbd,   ModelKind::kParetoNbd,
                                  ModelKind::kBgCnbdK, ModelKind::kMbgCnbdK, ModelKind::kNbd};
  double bg_bb_period_days = 0;  // > 0 adds bg_bb with opportunities of this length.
  std::vector<std::vector<double>> patterns = {};
  std::vector<std::string> covariate_names = {};
  std::vector<ModelParameters> warm_starts = {};  // Last night's, any kinds.
  std::optional<ChoiceHoldout> holdout = std::nullopt;
  double min_repeaters = 100;  // A group with fewer takes the pooled choice.
  ParallelFor parallel = {};   // Pieces of one fit.
};

struct ModelCandidate {
  ModelKind kind = ModelKind::kBgNbd;
  PurchaseFit fit;                       // parameters.regularity is the chosen k.
  std::vector<FitSummary> regularities;  // What each k gave; empty for other kinds.
  double bic_above_best = 0;             // Among comparable usable fits; 0 for the best.
  std::optional<HoldoutReport> holdout = std::nullopt;
  // Fitted on the calibration rows alone: what `holdout` judges.
  std::optional<ModelParameters> calibration = std::nullopt;
  bool usable = false;
  bool chosen = false;
  std::string reason;  // In words, for people.
};

struct ModelChoice {
  std::vector<ModelCandidate> candidates;  // In the order of `kinds`, bg_bb last.
  std::optional<size_t> chosen;            // nullopt: none is usable.
  std::string reason;
  double customers = 0;
  double repeaters = 0;
};

// Errors of FoldForFit and FoldHoldout; FailedPrecondition NOT_ENOUGH_DATA without any
// repeat purchase. That no model is usable is not an error but a choice without `chosen`.
absl::StatusOr<ModelChoice> ChooseModel(const ChoiceRows& rows, const ChoiceOptions& options);

struct GroupChoice {
  bool pooled = true;  // The pooled choice applies; `own` may still be shown.
  std::string reason;
  std::optional<ModelChoice> own = std::nullopt;
};
struct GroupedChoice {
  ModelChoice pooled;               // Over all rows.
  std::vector<GroupChoice> groups;  // By group.
};

// One choice per group, group_of_row < groups; covariates act in the pooled one alone. A group with
// fewer than min_repeaters repeat buyers, or without a usable model of its own, takes the pooled
// one and says why. InvalidArgument LENGTH_MISMATCH or OUT_OF_RANGE "group_of_row", also of the
// holdout's.
absl::StatusOr<GroupedChoice> ChooseByGroup(const ChoiceRows& rows, uint32_t groups,
                                            const ChoiceOptions& options);

}  // namespace rapport::value
