// SPDX-License-Identifier: Apache-2.0
#include "lib/value/model_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

constexpr double kDecisiveBic = 10;
constexpr size_t kJudgeAllUpTo = 50'000;  // Distinct rows.
constexpr double kEqualError = 1e-3;      // Relative, of the mean absolute error.

bool Regular(ModelKind kind) { return kind == ModelKind::kBgCnbdK || kind == ModelKind::kMbgCnbdK; }
// Kinds that call every one-time buyer alive.
bool HasArtefact(ModelKind kind) {
  return kind == ModelKind::kBgNbd || kind == ModelKind::kBgCnbdK;
}
// Lower is preferred among equals.
int Preference(ModelKind kind) {
  if (HasArtefact(kind)) return 2;
  return kind == ModelKind::kParetoNbd ? 1 : 0;
}

std::string Two(double value) { return absl::StrFormat("%.2f", value); }
std::string Four(double value) { return absl::StrFormat("%.4f", value); }

PurchaseFitOptions FitOptionsOf(const ChoiceRows& rows, const ChoiceOptions& options) {
  PurchaseFitOptions result{.time_unit_days = options.time_unit_days, .weights = rows.weights};
  if (!options.patterns.empty()) {
    result.covariates = {options.patterns, rows.pattern_of_row, options.covariate_names};
  }
  result.parallel = options.parallel;
  return result;
}

std::optional<ModelParameters> WarmStartOf(ModelKind kind, const ChoiceOptions& options) {
  for (const ModelParameters& parameters : options.warm_starts) {
    if (parameters.kind == kind) return parameters;
  }
  return std::nullopt;
}

// Everything that is fitted and judged once per data set.
struct Folded {
  FoldedPurchases rows;
  std::optional<FoldedPurchases> bg_bb;
  std::optional<FoldedPurchases> calibration, bg_bb_calibration;
  std::optional<HoldoutSample> holdout;
};

absl::StatusOr<std::optional<FoldedPurchases>> FoldForBgBb(const ChoiceRows& rows,
                                                           const ChoiceOptions& options) {
  if (!(options.bg_bb_period_days > 0)) return std::optional<FoldedPurchases>();
  PurchaseFitOptions fit = FitOptionsOf(rows, options);
  fit.time_unit_days = options.bg_bb_period_days;
  ASSIGN_OR_RETURN(FoldedPurchases folded, FoldForFit(rows.histories, fit));
  return std::optional<FoldedPurchases>(std::move(folded));
}

absl::StatusOr<Folded> Fold(const ChoiceRows& rows, const ChoiceOptions& options) {
  Folded folded;
  ASSIGN_OR_RETURN(folded.rows, FoldForFit(rows.histories, FitOptionsOf(rows, options)));
  ASSIGN_OR_RETURN(folded.bg_bb, FoldForBgBb(rows, options));
  if (!options.holdout.has_value()) return folded;
  const ChoiceHoldout& holdout = *options.holdout;
  const PurchaseFitOptions fit = FitOptionsOf(holdout.calibration, options);
  ASSIGN_OR_RETURN(folded.holdout, FoldHoldout({.calibration = holdout.calibration.histories,
                                                .actual = holdout.actual,
                                                .horizon_days = holdout.horizon_days,
                                                .weights = holdout.calibration.weights,
                                                .covariates = fit.covariates}));
  ASSIGN_OR_RETURN(folded.calibration, FoldForFit(holdout.calibration.histories, fit));
  ASSIGN_OR_RETURN(folded.bg_bb_calibration, FoldForBgBb(holdout.calibration, options));
  return folded;
}

// Fits the calibration rows like the candidate and judges that fit on the holdout; nothing
// when it does not converge.
void Judge(const Folded& folded, const ChoiceOptions& options, ModelCandidate& candidate) {
  if (!folded.holdout.has_value()) return;
  const bool discrete = candidate.kind == ModelKind::kBgBb;
  PurchaseFitOptions fit_options{.regularity = candidate.fit.parameters.regularity};
  fit_options.warm_start = candidate.fit.parameters;
  fit_options.warm_covariance = candidate.fit.covariance;
  fit_options.want_errors = false;
  fit_options.parallel = options.parallel;
  const auto fit = FitPurchases(
      candidate.kind, discrete ? *folded.bg_bb_calibration : *folded.calibration, fit_options);
  if (!fit.ok() || !fit->summary.converged) return;
  const auto expected = ExpectedOf(fit->parameters, *folded.holdout);
  if (!expected.ok()) return;
  candidate.calibration = fit->parameters;
  candidate.holdout = JudgeHoldout(*folded.holdout, *expected);
}

// The plain model's fit when it is as good at k = 1 as any: k = 2 falls. Its errors are
// known already.
std::optional<RegularFit> WithoutRegularity(ModelKind kind, const ModelChoice& choice,
                                            const FoldedPurchases& rows,
                                            const PurchaseFitOptions& options) {
  const ModelKind plain = kind == ModelKind::kBgCnbdK ? ModelKind::kBgNbd : ModelKind::kMbgNbd;
  for (const ModelCandidate& candidate : choice.candidates) {
    if (candidate.kind != plain || !candidate.fit.summary.converged) continue;
    PurchaseFitOptions two = options;
    two.regularity = 2;
    two.want_errors = false;
    const auto fit = FitPurchases(kind, rows, two);
    if (!fit.ok() || fit->summary.log_likelihood > candidate.fit.summary.log_likelihood) break;
    RegularFit result{candidate.fit, {candidate.fit.summary, fit->summary}};
    result.best.parameters.kind = kind;
    return result;
  }
  return std::nullopt;
}

absl::StatusOr<ModelCandidate> FitCandidate(ModelKind kind, const ModelChoice& before,
                                            const Folded& folded, const ChoiceOptions& options) {
  ModelCandidate candidate;
  candidate.kind = kind;
  PurchaseFitOptions fit{.parallel = options.parallel};
  if (Regular(kind)) {
    auto regular = WithoutRegularity(kind, before, folded.rows, fit);
    if (!regular.has_value()) {
      ASSIGN_OR_RETURN(regular, FitRegular(kind, folded.rows, fit));
    }
    candidate.fit = std::move(regular->best);
    candidate.regularities = std::move(regular->tried);
  } else {
    fit.warm_start = WarmStartOf(kind, options);
    const FoldedPurchases& rows = kind == ModelKind::kBgBb ? *folded.bg_bb : folded.rows;
    ASSIGN_OR_RETURN(candidate.fit, FitPurchases(kind, rows, fit));
  }
  const bool repeated = Regular(kind) && candidate.fit.parameters.regularity == 1;
  candidate.usable = candidate.fit.summary.usable() && !repeated;
  if (repeated) {
    candidate.reason = "no regularity (k = 1): the same as the model without k";
  } else if (!candidate.usable) {
    candidate.reason = candidate.fit.summary.Explanation();
  }
  return candidate;
}

bool Compares(const ModelCandidate& candidate) {
  return candidate.usable && candidate.kind != ModelKind::kNbd &&
         candidate.kind != ModelKind::kBgBb;
}

// On large tables only those that the likelihood has not put out, and the baselines: the
// fit of the calibration period of a model that is out would cost as much as its own.
void JudgeContenders(const Folded& folded, const ChoiceOptions& options, ModelChoice& choice) {
  double best = std::numeric_limits<double>::infinity();
  for (const ModelCandidate& candidate : choice.candidates) {
    if (Compares(candidate)) best = std::min(best, candidate.fit.summary.bic);
  }
  for (ModelCandidate& candidate : choice.candidates) {
    const bool out = folded.rows.distinct_rows > kJudgeAllUpTo && Compares(candidate) &&
                     candidate.fit.summary.bic >= best + kDecisiveBic;
    if (candidate.usable && !out) Judge(folded, options, candidate);
  }
}

// Applies the rule to fitted candidates.
class Rule {
 public:
  explicit Rule(ModelChoice& choice) : choice_(choice) {}

  void Apply() {
    CompareBic();
    std::vector<size_t> left = Contenders();
    if (left.empty()) {
      Fallback();
    } else {
      Choose(left);
    }
  }

 private:
  ModelCandidate& at(size_t i) { return choice_.candidates[i]; }
  void CompareBic() {
    double best = std::numeric_limits<double>::infinity();
    for (const ModelCandidate& candidate : choice_.candidates) {
      if (Compares(candidate)) best = std::min(best, candidate.fit.summary.bic);
    }
    for (ModelCandidate& candidate : choice_.candidates) {
      const bool shown = candidate.usable && candidate.kind != ModelKind::kBgBb;
      if (shown && std::isfinite(best)) candidate.bic_above_best = candidate.fit.summary.bic - best;
    }
  }

  std::vector<size_t> Contenders() {
    std::vector<size_t> left;
    for (size_t i = 0; i < choice_.candidates.size(); ++i) {
      ModelCandidate& candidate = at(i);
      if (candidate.usable && candidate.kind == ModelKind::kNbd) {
        candidate.reason = "the baseline: nobody ever leaves";
      } else if (candidate.usable && candidate.kind == ModelKind::kBgBb) {
        candidate.reason = "counts periods, not moments: its likelihood does not compare";
      } else if (candidate.usable && candidate.bic_above_best >= kDecisiveBic) {
        candidate.reason = Cat("BIC is ", Two(candidate.bic_above_best), " above the best");
      } else if (candidate.usable) {
        left.push_back(i);
      }
    }
    return left;
  }

  void Pick(size_t i, const std::string& reason) {
    at(i).chosen = true;
    at(i).reason = choice_.reason = reason;
    choice_.chosen = i;
  }

  // Only models outside the comparison may be left.
  void Fallback() {
    for (ModelKind kind : {ModelKind::kBgBb, ModelKind::kNbd}) {
      for (size_t i = 0; i < choice_.candidates.size(); ++i) {
        if (at(i).usable && at(i).kind == kind) {
          return Pick(i, Cat("no other model is usable: ", TraitsOf(kind).name, " remains"));
        }
      }
    }
    choice_.reason = "no model is usable";
  }

  bool Before(size_t a, size_t b) {
    const int left = Preference(at(a).kind), right = Preference(at(b).kind);
    return left != right ? left < right : at(a).fit.summary.bic < at(b).fit.summary.bic;
  }

  void Choose(const std::vector<size_t>& left) {
    if (left.size() == 1) {
      return Pick(left[0], choice_.candidates.size() > 1 ? "lowest BIC by 10 or more"
                                                         : "the only candidate");
    }
    std::vector<size_t> judged;
    for (size_t i : left) {
      if (at(i).holdout.has_value()) judged.push_back(i);
    }
    judged.empty() ? ChooseByBic(left) : ChooseByHoldout(left, judged);
  }

  void ChooseByHoldout(const std::vector<size_t>& left, const std::vector<size_t>& judged) {
    double best = std::numeric_limits<double>::infinity();
    for (size_t i : judged) best = std::min(best, at(i).holdout->mean_absolute_error);
    std::optional<size_t> chosen;
    size_t equals = 0;
    for (size_t i : judged) {
      if (at(i).holdout->mean_absolute_error > best * (1 + kEqualError)) continue;
      ++equals;
      if (!chosen.has_value() || Before(i, *chosen)) chosen = i;
    }
    for (size_t i : left) {
      if (!at(i).holdout.has_value()) {
        at(i).reason = "no fit of the calibration period to judge";
      } else if (at(i).holdout->mean_absolute_error > best * (1 + kEqualError)) {
        at(i).reason = Cat("holdout error ", Four(at(i).holdout->mean_absolute_error), " against ",
                           Four(best));
      } else {
        at(i).reason = "as good, but another is preferred";
      }
    }
    const std::string error = Four(at(*chosen).holdout->mean_absolute_error);
    Pick(*chosen, equals == 1 ? Cat("BIC within 10 of the best, lowest holdout error ", error)
                              : Cat("BIC and holdout error ", error, " as good as the best, and ",
                                    HasArtefact(at(*chosen).kind)
                                        ? "lowest BIC"
                                        : "one-time buyers are not alive by construction"));
  }

  void ChooseByBic(const std::vector<size_t>& left) {
    size_t chosen = left[0];
    const auto better = [&](size_t i) {
      const bool plain = !HasArtefact(at(i).kind), other = !HasArtefact(at(chosen).kind);
      if (plain != other) return plain;
      return at(i).fit.summary.bic < at(chosen).fit.summary.bic;
    };
    for (size_t i : left) {
      if (better(i)) chosen = i;
    }
    for (size_t i : left) {
      at(i).reason =
          Cat("BIC is ", Two(at(i).bic_above_best), " above the best",
              HasArtefact(at(i).kind) ? ", and one-time buyers are alive by construction" : "");
    }
    Pick(chosen, at(chosen).bic_above_best == 0
                     ? "lowest BIC"
                     : Cat("BIC within ", Two(at(chosen).bic_above_best),
                           " of the best, and one-time buyers are not alive by construction"));
  }

  ModelChoice& choice_;
};

}  // namespace

absl::StatusOr<ModelChoice> ChooseModel(const ChoiceRows& rows, const ChoiceOptions& options) {
  ASSIGN_OR_RETURN(const Folded folded, Fold(rows, options));
  ModelChoice choice;
  choice.customers = folded.rows.weight;
  choice.repeaters = folded.rows.repeat_weight;
  std::vector<ModelKind> kinds = options.kinds;
  std::erase(kinds, ModelKind::kBgBb);
  if (folded.bg_bb.has_value()) kinds.push_back(ModelKind::kBgBb);
  for (ModelKind kind : kinds) {
    ASSIGN_OR_RETURN(ModelCandidate candidate, FitCandidate(kind, choice, folded, options));
    choice.candidates.push_back(std::move(candidate));
  }
  JudgeContenders(folded, options, choice);
  Rule(choice).Apply();
  return choice;
}

}  // namespace rapport::value
