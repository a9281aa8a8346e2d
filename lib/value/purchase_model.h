// SPDX-License-Identifier: Apache-2.0
// A model of when customers buy and when they silently leave: what all of them answer.
//
// A fitted model is ModelParameters: a kind, its numbers and (optionally) covariate
// effects. MakePurchaseModel() turns them into a PurchaseModel that answers questions
// about one customer. Kinds and sources:
//   bg_nbd      Fader, Hardie, Lee 2005, Marketing Science 24(2)
//   mbg_nbd     Batislam, Denizel, Filiztekin 2007; Hoppe and Wagner 2007: one may leave
//               right after the first purchase too
//   pareto_nbd  Schmittlein, Morrison, Colombo 1987: one may leave at any moment
//   bg_cnbd_k, mbg_cnbd_k  Platzer and Reutterer 2016: gaps are Erlang-k, regular buyers
//   bg_bb       Fader, Hardie, Shang 2010: buys at most once in each period
//   nbd         Ehrenberg 1959: nobody leaves; the baseline
//
// What happened is a PurchaseHistory (days). What will happen depends, once the customer
// is known to be alive, on few numbers only: an AliveState. So every question about the
// future is one about an AliveState, weighted by its probability; see
// lib/value/purchase_forecast.h for whole customers.
//
// Every history that ValidateHistory accepts and every horizon >= 0 gives a finite,
// non-negative answer that grows with the horizon. `time_unit_days` is the unit of the
// parameters alone; arguments are always days. Pure; const functions are thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/rfm.h"

namespace rapport::value {

// Numbers are stored.
enum class ModelKind : uint8_t {
  kBgNbd = 1,
  kMbgNbd = 2,
  kParetoNbd = 3,
  kBgCnbdK = 4,
  kMbgCnbdK = 5,
  kBgBb = 6,
  kNbd = 7,
};
inline constexpr ModelKind kAllModelKinds[] = {
    ModelKind::kBgNbd,    ModelKind::kMbgNbd, ModelKind::kParetoNbd, ModelKind::kBgCnbdK,
    ModelKind::kMbgCnbdK, ModelKind::kBgBb,   ModelKind::kNbd};

// What is known of a kind without any data.
struct ModelTraits {
  std::string_view name;                    // `bg_nbd`.
  std::string_view source;                  // The paper.
  std::span<const char* const> parameters;  // Names in the order of `values`.
  // Parameters that covariates multiply, by index into `parameters`, each with its sign:
  // parameter_i = parameter * exp(sign * effects' z). Rates of buying and of leaving then
  // grow with a positive effect (Fader and Hardie 2007, brucehardie.com note 019).
  struct CovariateSlot {
    size_t parameter;
    double sign;
  };
  std::span<const CovariateSlot> covariate_slots;
};
const ModelTraits& TraitsOf(ModelKind kind);
std::optional<ModelKind> ModelKindByName(std::string_view name);

struct ModelParameters {
  ModelKind kind = ModelKind::kBgNbd;
  uint32_t regularity = 1;     // k of (M)BG/CNBD-k; 1 otherwise.
  double time_unit_days = 7;   // For bg_bb: days between two opportunities.
  std::vector<double> values;  // As TraitsOf(kind).parameters, each finite and > 0.
  // One effect per covariate and slot, [slot][covariate]; empty without covariates.
  std::vector<std::vector<double>> effects;

  size_t covariates() const { return effects.empty() ? 0 : effects.front().size(); }
};

// The parameters that apply to a customer with covariates z; no effects are left.
// InvalidArgument LENGTH_MISMATCH "covariates", NOT_FINITE "covariates[i]".
absl::StatusOr<ModelParameters> ApplyCovariates(const ModelParameters& parameters,
                                                std::span<const double> covariates);
// InvalidArgument naming the parameter: LENGTH_MISMATCH "values", NOT_POSITIVE "alpha", ...
absl::Status ValidateParameters(const ModelParameters& parameters);

// One way to be alive now, and all that the future then depends on.
struct AliveState {
  double probability = 0;  // P(alive, in this state | history).
  uint32_t frequency = 0;  // x.
  // Stages of the current gap that are behind the customer, 0 .. k-1 (regular buyers).
  uint32_t phase = 0;
  double age_days = 0;  // T.
};

class PurchaseModel {
 public:
  virtual ~PurchaseModel() = default;

  const ModelParameters& parameters() const { return parameters_; }
  ModelKind kind() const { return parameters_.kind; }

  // log of the likelihood of one customer's history, times in the model's unit.
  virtual double LogLikelihood(const PurchaseHistory& history) const = 0;
  // P(still a customer at age T).
  virtual double PAlive(const PurchaseHistory& history) const = 0;
  // True when P(alive) = 1 says nothing about this customer (BG/NBD before the first
  // repeat purchase; NBD always).
  virtual bool AliveByConstruction(const PurchaseHistory& history) const = 0;
  // Appends the states of being alive; their probabilities add up to PAlive. One state
  // unless customers buy in stages (k > 1).
  virtual void AppendAliveStates(const PurchaseHistory& history,
                                 std::vector<AliveState>& states) const;
  // Days of silence t - t_x after which P(alive) < bound, 0 < bound < 1, for a customer
  // with x and t_x as in `history` (T is ignored); infinity when that never happens.
  // The default bisects PAlive.
  virtual double SilenceDays(const PurchaseHistory& history, double bound) const;

  // The future of a customer in `state`; its probability is ignored.
  // P(still alive in `days`, whatever is bought until then).
  virtual double AliveAhead(const AliveState& state, double days) const = 0;
  // E[purchases in (T, T + horizon]].
  virtual double ExpectedPurchases(const AliveState& state, double horizon_days) const = 0;
  // E[sum of e^(-rate_per_day t_i)] over the purchases of (T, T + horizon], t_i days from
  // T; the horizon may be infinite when rate_per_day > 0 (DERT).
  virtual double DiscountedPurchases(const AliveState& state, double horizon_days,
                                     double rate_per_day) const = 0;
  // P(n purchases in (T, T + horizon]), n = 0 .. max_count.
  virtual std::vector<double> PurchaseCounts(const AliveState& state, double horizon_days,
                                             uint32_t max_count) const = 0;
  // P(no purchase in (T, T + horizon]).
  virtual double NoPurchase(const AliveState& state, double horizon_days) const = 0;
  // Curves over age are smooth in log(curve_origin_days() + T).
  virtual double curve_origin_days() const = 0;

  // A customer just acquired, T = 0: E[repeat purchases by age `days`] and their counts.
  virtual double ExpectedFromStart(double days) const = 0;
  virtual std::vector<double> CountsFromStart(double days, uint32_t max_count) const = 0;

 protected:
  explicit PurchaseModel(ModelParameters parameters) : parameters_(std::move(parameters)) {}
  double unit_days() const { return parameters_.time_unit_days; }
  double value(size_t i) const { return parameters_.values[i]; }

 private:
  ModelParameters parameters_;
};

// InvalidArgument as ValidateParameters; COVARIATES_LEFT "effects" when there are effects
// (apply them first).
absl::StatusOr<std::unique_ptr<PurchaseModel>> MakePurchaseModel(const ModelParameters& parameters);

// Of each family; `parameters` are valid.
std::unique_ptr<PurchaseModel> NewBetaGeometric(const ModelParameters& parameters);
std::unique_ptr<PurchaseModel> NewParetoNbd(const ModelParameters& parameters);
std::unique_ptr<PurchaseModel> NewBgBb(const ModelParameters& parameters);
std::unique_ptr<PurchaseModel> NewNbd(const ModelParameters& parameters);

}  // namespace rapport::value
