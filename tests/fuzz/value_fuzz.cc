// SPDX-License-Identifier: Apache-2.0
// Value models: any numbers are either refused or answered with finite ones. The first
// bytes choose the model, its parameters (folded into 1e-5 .. 1e6) and a horizon; the rest
// are histories, as raw doubles, which a fit takes too.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <memory>

#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_forecast.h"
#include "lib/value/purchase_model.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {
namespace {

using value::ModelKind;
using value::PurchaseHistory;

// Reads values off the front; zeros when there is nothing left.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }

  template <typename T>
  T Take() {
    T value{};
    const size_t size = std::min(sizeof(T), bytes_.size());
    std::memcpy(&value, bytes_.data(), size);
    bytes_.remove_prefix(size);
    return value;
  }

  // Log-uniform between the two.
  double Between(double low, double high) {
    const double share = Take<uint16_t>() / 65535.0;
    return low * std::exp(share * std::log(high / low));
  }

 private:
  std::string_view bytes_;
};

value::ModelParameters TakeParameters(Reader& reader) {
  value::ModelParameters parameters;
  constexpr size_t kKinds = std::size(value::kAllModelKinds);
  parameters.kind = value::kAllModelKinds[reader.Take<uint8_t>() % kKinds];
  const uint32_t stages = 1 + reader.Take<uint8_t>() % 4;
  if (parameters.kind == ModelKind::kBgCnbdK || parameters.kind == ModelKind::kMbgCnbdK) {
    parameters.regularity = stages;
  }
  for (size_t i = 0; i < value::TraitsOf(parameters.kind).parameters.size(); ++i) {
    parameters.values.push_back(reader.Between(1e-5, 1e6));
  }
  return parameters;
}

PurchaseHistory TakeHistory(Reader& reader) {
  PurchaseHistory history;
  history.frequency = reader.Take<uint32_t>() % 20'000;
  history.recency_days = reader.Take<double>();
  history.age_days = reader.Take<double>();
  history.sum_log_gap_days = reader.Take<double>();
  return history;
}

void RequireCount(double x) { Require(std::isfinite(x) && x >= 0, "finite and not negative"); }

void Ask(const value::PurchaseModel& model, const PurchaseHistory& history, double horizon) {
  const auto forecast = value::PurchaseForecast::Create(model, history);
  Require(forecast.ok() == value::ValidateHistory(history).ok(), "valid histories are answered");
  // Ages beyond some centuries are valid, but nothing is promised of their precision.
  if (!forecast.ok() || history.age_days > 1e7) return;
  Require(forecast->p_alive() >= 0 && forecast->p_alive() <= 1, "P(alive) in [0, 1]");
  const double purchases = forecast->ExpectedPurchases(horizon);
  RequireCount(purchases);
  Require(forecast->ExpectedPurchases(2 * horizon) >= purchases * (1 - 1e-9), "grows");
  RequireCount(forecast->DiscountedForever(0.1));
  Require(forecast->ProbabilityOfPurchase(horizon) <= 1 + 1e-9, "P(purchase) <= 1");
}

// Denormal or astronomic times may leave nothing to fit, but then the fit must say so.
void RequireHonest(const value::PurchaseFit& fit) {
  if (!fit.summary.usable()) return;
  for (double x : fit.parameters.values) Require(std::isfinite(x) && x > 0, "fitted values");
  for (const auto& parameter : fit.summary.parameters) {
    Require(std::isfinite(parameter.standard_error), "standard errors");
  }
}

template <typename T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

std::vector<std::string> SeedInputs() {
  std::vector<std::string> seeds;
  for (uint8_t kind = 0; kind < std::size(value::kAllModelKinds); ++kind) {
    std::string seed;
    Put<uint8_t>(seed, kind);
    Put<uint8_t>(seed, 1);
    for (int i = 0; i < 5; ++i) Put<uint16_t>(seed, static_cast<uint16_t>(30000 + 1000 * i));
    Put<uint8_t>(seed, kind);  // Some ask, some fit.
    for (uint32_t x : {2u, 0u, 1u, 30u}) {
      Put<uint32_t>(seed, x);
      Put<double>(seed, x == 0 ? 0.0 : 200.0 + x);
      Put<double>(seed, 270.0 + x);
      Put<double>(seed, x * 3.0);
    }
    seeds.push_back(seed);
  }
  return seeds;
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace rapport;
  fuzz::Reader reader(fuzz::AsText(bytes, size));
  const value::ModelParameters parameters = fuzz::TakeParameters(reader);
  const double horizon = reader.Between(1e-3, 1e5);
  const auto model = value::MakePurchaseModel(parameters);
  fuzz::Require(model.ok(), "valid parameters make a model");
  const bool fit_them = reader.Take<uint8_t>() % 4 == 0;
  constexpr size_t kMostRows = 8;
  std::vector<value::PurchaseHistory> rows;
  while (!reader.done() && rows.size() < kMostRows) rows.push_back(fuzz::TakeHistory(reader));
  if (!rows.empty()) fuzz::Ask(**model, rows.front(), horizon);
  if (!fit_them) return 0;
  value::PurchaseFitOptions options;
  options.regularity = parameters.regularity;
  const auto fit = value::FitPurchases(parameters.kind, rows, options);
  if (fit.ok()) fuzz::RequireHonest(*fit);
  return 0;
}
