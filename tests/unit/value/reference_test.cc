// SPDX-License-Identifier: Apache-2.0
// Every purchase model on edge rows against mpmath at 50 digits, where a closed form and a
// quadrature agree to 20 digits (reference/*.py): a = 1, a + b = 1, s = 1, alpha = beta,
// huge and tiny parameters, x to 2,000, t_x = T, T near 0, horizons of 5,200 periods.
#include <algorithm>
#include <iomanip>
#include <map>
#include <memory>
#include <sstream>

#include "gtest/gtest.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/purchase_model.h"
#include "lib/value/retention.h"
#include "tests/unit/value/reference_table.h"

namespace rapport::value {
namespace {

class Customer {
 public:
  Customer(const ReferenceLine& line, double unit) : unit_(unit) {
    auto made = MakePurchaseModel({.kind = *ModelKindByName(line.model),
                                   .regularity = line.regularity,
                                   .time_unit_days = unit,
                                   .values = line.values,
                                   .effects = {}});
    EXPECT_TRUE(made.ok()) << made.status();
    model_ = *std::move(made);
    history_ = {.frequency = static_cast<uint32_t>(line.frequency),
                .recency_days = line.recency * unit,
                .age_days = line.age * unit,
                .sum_log_gap_days = line.log_gaps + line.frequency * std::log(unit)};
    if (line.has_history) model_->AppendAliveStates(history_, states_);
  }

  double Compute(const ReferenceLine& line) const {
    const double t = line.arguments.empty() ? 0 : line.arguments[0] * unit_;
    const double rate = line.rate / unit_;
    if (line.quantity == "log_likelihood") return model_->LogLikelihood(history_);
    if (line.quantity == "p_alive") return model_->PAlive(history_);
    if (line.quantity == "from_start") return model_->ExpectedFromStart(t);
    if (line.quantity == "start_count") return model_->CountsFromStart(t, 3)[Count(line)];
    if (line.quantity == "purchases") {
      return OverStates([&](const AliveState& s) { return model_->ExpectedPurchases(s, t); });
    }
    if (line.quantity == "alive_ahead") {
      return OverStates([&](const AliveState& s) { return model_->AliveAhead(s, t); });
    }
    if (line.quantity == "discounted") {
      return OverStates(
          [&](const AliveState& s) { return model_->DiscountedPurchases(s, t, rate); });
    }
    if (line.quantity == "alive_and_count") {
      return OverStates(
          [&](const AliveState& s) { return model_->PurchaseCounts(s, t, 3)[Count(line)]; });
    }
    ADD_FAILURE() << "no such quantity: " << line.text;
    return 0;
  }

  // P(alive and no purchase), which the model also answers by itself.
  double NoPurchase(const ReferenceLine& line) const {
    return OverStates(
        [&](const AliveState& s) { return model_->NoPurchase(s, line.arguments[0] * unit_); });
  }

 private:
  static size_t Count(const ReferenceLine& line) { return static_cast<size_t>(line.arguments[1]); }

  template <typename F>
  double OverStates(F f) const {
    double sum = 0;
    for (const AliveState& state : states_) {
      // 0 times what may be infinitely small or large.
      if (state.probability > 0) sum += state.probability * f(state);
    }
    return sum;
  }

  double unit_;
  std::unique_ptr<PurchaseModel> model_;
  PurchaseHistory history_;
  std::vector<AliveState> states_;
};

std::string Difference(const ReferenceLine& line, double actual) {
  std::ostringstream text;
  text << line.text << "\n    is " << std::setprecision(17) << actual << ", relative error "
       << std::setprecision(3) << actual / line.value - 1;
  return text.str();
}

struct Tally {
  int lines = 0;
  std::map<std::string, double> worst;  // Largest relative error by quantity.

  void Check(const ReferenceLine& line, double actual, double unit) {
    ++lines;
    if (std::abs(line.value) > 1e-290) {
      double& largest = worst[line.quantity];
      largest = std::max(largest, std::abs(actual / line.value - 1));
    }
    EXPECT_TRUE(Agrees(line, actual)) << "unit " << unit << ": " << Difference(line, actual);
  }
};

class Reference : public ::testing::TestWithParam<std::tuple<const char*, double>> {};

TEST_P(Reference, HoldsTo1e8) {
  const auto [name, unit] = GetParam();
  Tally tally;
  for (const ReferenceLine& line : ReadReferences(name)) {
    const Customer customer(line, unit);
    tally.Check(line, customer.Compute(line), unit);
    if (line.quantity == "alive_and_count" && line.arguments[1] == 0) {
      tally.Check(line, customer.NoPurchase(line), unit);
    }
  }
  EXPECT_GE(tally.lines, 200);
  for (const auto& [quantity, error] : tally.worst) {
    RecordProperty(quantity, testing::PrintToString(error));
    std::printf("  %-16s worst relative error %.2g\n", quantity.c_str(), error);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Reference,
                         ::testing::Combine(::testing::Values("bg_nbd", "mbg_nbd", "pareto_nbd",
                                                              "nbd", "bg_cnbd_k", "mbg_cnbd_k",
                                                              "bg_bb"),
                                            // Days and weeks per unit of time.
                                            ::testing::Values(1.0, 7.0)),
                         [](const auto& param) {
                           return std::string(std::get<0>(param.param)) + "_in_units_of_" +
                                  std::to_string(static_cast<int>(std::get<1>(param.param)));
                         });

double Retention(const ReferenceLine& line) {
  const auto model = RetentionModel::Create({line.values[0], line.values[1], line.values[2]});
  if (line.quantity == "survival") return model->Survival(line.arguments[0]);
  return model->Derl(line.frequency, line.rate).value_or(-1);
}

TEST(ContractualReference, HoldsTo1e8) {
  Tally tally;
  for (const ReferenceLine& line : ReadReferences("retention")) {
    tally.Check(line, Retention(line), 1);
  }
  EXPECT_GE(tally.lines, 100);
}

double Spend(const ReferenceLine& line) {
  const auto model = GammaGamma::Create({line.values[0], line.values[1], line.values[2]});
  if (line.quantity == "log_likelihood") return model->LogLikelihood(line.frequency, line.recency);
  return model->ExpectedMeanValue(line.frequency, line.recency).value_or(-1);
}

TEST(GammaGammaReference, HoldsTo1e8) {
  Tally tally;
  for (const ReferenceLine& line : ReadReferences("gamma_gamma")) {
    tally.Check(line, Spend(line), 1);
  }
  EXPECT_GE(tally.lines, 50);
}

}  // namespace
}  // namespace rapport::value
