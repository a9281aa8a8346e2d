// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_model.h"

#include <array>
#include <cmath>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

using Slot = ModelTraits::CovariateSlot;

constexpr const char* kBetaGeometricNames[] = {"r", "alpha", "a", "b"};
constexpr const char* kParetoNames[] = {"r", "alpha", "s", "beta"};
constexpr const char* kNbdNames[] = {"r", "alpha"};
constexpr const char* kBgBbNames[] = {"alpha", "beta", "gamma", "delta"};
constexpr Slot kBetaGeometricSlots[] = {{1, -1}, {2, 1}, {3, 1}};
constexpr Slot kParetoSlots[] = {{1, -1}, {3, -1}};
constexpr Slot kNbdSlots[] = {{1, -1}};
constexpr Slot kBgBbSlots[] = {{0, 1}, {2, 1}};

constexpr char kPlatzer[] = "Platzer and Reutterer 2016, Marketing Science 35(5)";

const std::array<ModelTraits, 8>& AllTraits() {
  static const std::array<ModelTraits, 8> traits = {{
      {},
      {"bg_nbd", "Fader, Hardie, Lee 2005, Marketing Science 24(2)", kBetaGeometricNames,
       kBetaGeometricSlots},
      {"mbg_nbd", "Batislam, Denizel, Filiztekin 2007, Int. J. of Research in Marketing 24",
       kBetaGeometricNames, kBetaGeometricSlots},
      {"pareto_nbd", "Schmittlein, Morrison, Colombo 1987, Management Science 33", kParetoNames,
       kParetoSlots},
      {"bg_cnbd_k", kPlatzer, kBetaGeometricNames, kBetaGeometricSlots},
      {"mbg_cnbd_k", kPlatzer, kBetaGeometricNames, kBetaGeometricSlots},
      {"bg_bb", "Fader, Hardie, Shang 2010, Marketing Science 29(6)", kBgBbNames, kBgBbSlots},
      {"nbd", "Ehrenberg 1959, Applied Statistics 8", kNbdNames, kNbdSlots},
  }};
  return traits;
}

bool Regular(ModelKind kind) { return kind == ModelKind::kBgCnbdK || kind == ModelKind::kMbgCnbdK; }

absl::Status RequirePositive(const std::string& field, double value) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return InvalidField(field, "NOT_POSITIVE", "must be finite and > 0");
}

absl::Status ValidateEffects(const ModelParameters& parameters) {
  if (parameters.effects.empty()) return absl::OkStatus();
  if (parameters.effects.size() != TraitsOf(parameters.kind).covariate_slots.size()) {
    return InvalidField("effects", "LENGTH_MISMATCH", "must be one list per covariate slot");
  }
  for (const std::vector<double>& effects : parameters.effects) {
    if (effects.size() != parameters.covariates()) {
      return InvalidField("effects", "LENGTH_MISMATCH", "all lists must be equally long");
    }
    for (double effect : effects) {
      if (!std::isfinite(effect)) {
        return InvalidField("effects", "NOT_FINITE", "every effect must be a number");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

const ModelTraits& TraitsOf(ModelKind kind) { return AllTraits()[static_cast<size_t>(kind)]; }

std::optional<ModelKind> ModelKindByName(std::string_view name) {
  for (ModelKind kind : kAllModelKinds) {
    if (TraitsOf(kind).name == name) return kind;
  }
  return std::nullopt;
}

absl::Status ValidateParameters(const ModelParameters& parameters) {
  const ModelTraits& traits = TraitsOf(parameters.kind);
  if (parameters.values.size() != traits.parameters.size()) {
    return InvalidField("values", "LENGTH_MISMATCH",
                        Cat(traits.name, " has ", traits.parameters.size(), " parameters"));
  }
  for (size_t i = 0; i < parameters.values.size(); ++i) {
    RETURN_IF_ERROR(RequirePositive(traits.parameters[i], parameters.values[i]));
  }
  RETURN_IF_ERROR(RequirePositive("time_unit_days", parameters.time_unit_days));
  if (parameters.regularity < 1 || (parameters.regularity > 1 && !Regular(parameters.kind))) {
    return InvalidField("regularity", "OUT_OF_RANGE",
                        Cat("must be 1, or more for bg_cnbd_k and mbg_cnbd_k"));
  }
  return ValidateEffects(parameters);
}

absl::StatusOr<ModelParameters> ApplyCovariates(const ModelParameters& parameters,
                                                std::span<const double> covariates) {
  if (covariates.size() != parameters.covariates()) {
    return InvalidField("covariates", "LENGTH_MISMATCH",
                        Cat("must be ", parameters.covariates(), " numbers"));
  }
  for (size_t i = 0; i < covariates.size(); ++i) {
    if (!std::isfinite(covariates[i])) {
      return InvalidField(Cat("covariates[", i, "]"), "NOT_FINITE", "must be a number");
    }
  }
  ModelParameters result = parameters;
  result.effects.clear();
  const auto slots = TraitsOf(parameters.kind).covariate_slots;
  for (size_t s = 0; s < parameters.effects.size(); ++s) {
    double sum = 0;
    for (size_t i = 0; i < covariates.size(); ++i) sum += parameters.effects[s][i] * covariates[i];
    result.values[slots[s].parameter] *= std::exp(slots[s].sign * sum);
  }
  RETURN_IF_ERROR(ValidateParameters(result));
  return result;
}

void PurchaseModel::AppendAliveStates(const PurchaseHistory& history,
                                      std::vector<AliveState>& states) const {
  states.push_back({PAlive(history), history.frequency, 0, history.age_days});
}

double PurchaseModel::SilenceDays(const PurchaseHistory& history, double bound) const {
  constexpr double kLongest = 1e9;
  constexpr int kSteps = 200;
  const auto alive_after = [&](double silence) {
    PurchaseHistory later = history;
    later.age_days = history.recency_days + silence;
    return PAlive(later);
  };
  if (alive_after(0) < bound) return 0;
  double low = 0, high = 1;
  while (high < kLongest && alive_after(high) >= bound) low = high, high *= 2;
  if (high >= kLongest) return std::numeric_limits<double>::infinity();
  for (int step = 0; step < kSteps && high - low > 1e-9 * high; ++step) {
    const double middle = 0.5 * (low + high);
    (alive_after(middle) >= bound ? low : high) = middle;
  }
  return high;
}

absl::StatusOr<std::unique_ptr<PurchaseModel>> MakePurchaseModel(
    const ModelParameters& parameters) {
  RETURN_IF_ERROR(ValidateParameters(parameters));
  if (parameters.covariates() > 0) {
    return InvalidField("effects", "COVARIATES_LEFT", "apply the customer's covariates first");
  }
  switch (parameters.kind) {
    case ModelKind::kBgNbd:
    case ModelKind::kMbgNbd:
    case ModelKind::kBgCnbdK:
    case ModelKind::kMbgCnbdK:
      return NewBetaGeometric(parameters);
    case ModelKind::kParetoNbd:
      return NewParetoNbd(parameters);
    case ModelKind::kBgBb:
      return NewBgBb(parameters);
    case ModelKind::kNbd:
      return NewNbd(parameters);
  }
  return InvalidField("kind", "UNKNOWN", "no such model");
}

}  // namespace rapport::value
