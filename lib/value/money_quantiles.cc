// SPDX-License-Identifier: Apache-2.0
#include "lib/value/money_quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/math/chebyshev.h"
#include "lib/math/special.h"
#include "lib/math/stats.h"

namespace rapport::value {
namespace {

constexpr double kPanelWidth = 1.5;  // In log(origin + T).
constexpr double kFirstProbit = -3.25;
constexpr double kProbitStep = 0.25;
constexpr double kCovered = 0.9999;  // Of the counts; the rest joins the last.
constexpr uint32_t kMostPurchases = 65'536;
constexpr uint32_t kSingleCounts = 16;  // Beyond, neighbours are taken together.
constexpr double kGroupGrowth = 1.12;
constexpr size_t kGrid = 96;  // Points of the distribution function.
constexpr int kBisections = 40;
constexpr double kSmallest = 1e-300;

double PointAt(size_t i, size_t n) { return 0.5 * (1 + math::ChebyshevPoint(i, n)); }

// Where a probit lies between the tabulated ones: row and share of the next. Beyond the
// first and last the end slope goes on.
struct RowPlace {
  size_t row;
  double share;
};
RowPlace PlaceOf(double probit, size_t rows) {
  const double last = static_cast<double>(rows) - 1;
  const double position = std::clamp((probit - kFirstProbit) / kProbitStep, -4.0, last + 4);
  const double cell = std::clamp(std::floor(position), 0.0, last - 1);
  return {static_cast<size_t>(cell), position - cell};
}

}  // namespace

MoneyQuantiles::MoneyQuantiles(const PurchaseModel& purchases,
                               const std::optional<GammaGamma>& spend, double horizon_days)
    : purchases_(purchases),
      spend_(spend),
      horizon_days_(horizon_days),
      origin_(std::max(purchases.curve_origin_days(), 1e-9)),
      discrete_(purchases.kind() == ModelKind::kBgBb) {}

// P(n purchases | alive now), up to a count that covers nearly all.
std::vector<double> MoneyQuantiles::CountsOf(const AliveState& state) const {
  const double any = std::clamp(1 - purchases_.NoPurchase(state, horizon_days_), 0.0, 1.0);
  if (!(any > 0)) return {1, 0};
  for (uint32_t most = 64;; most *= 4) {
    std::vector<double> counts = purchases_.PurchaseCounts(state, horizon_days_, most);
    const double seen = std::accumulate(counts.begin() + 1, counts.end(), 0.0);
    if (seen < kCovered * any && most < kMostPurchases) continue;
    counts.back() += std::max(0.0, any - seen);
    return counts;
  }
}

std::vector<MoneyQuantiles::Part> MoneyQuantiles::PartsOf(std::span<const double> counts,
                                                          uint32_t frequency,
                                                          MoneySpread spread) const {
  double p = 1, log_mean = 0, log_variance = 0;
  if (spread != MoneySpread::kPlain) {
    const GammaGammaParameters& spend = spend_->parameters();
    p = spend.p;
    const double shape = spend.q + (spread == MoneySpread::kOwn ? p * frequency : 0);
    log_mean = math::Digamma(shape);
    log_variance = math::Trigamma(shape);
  }
  const double any = std::accumulate(counts.begin() + 1, counts.end(), 0.0);
  std::vector<Part> parts;
  const auto add = [&](double weight, double purchases) {
    const double shape = p * purchases;
    parts.push_back(
        {weight, math::Digamma(shape) - log_mean, std::sqrt(math::Trigamma(shape) + log_variance)});
  };
  for (size_t begin = 1; begin < counts.size() && any > 0;) {
    const size_t end = begin < kSingleCounts
                           ? begin + 1
                           : static_cast<size_t>(static_cast<double>(begin) * kGroupGrowth) + 1;
    double weight = 0, sum = 0;
    for (; begin < std::min(end, counts.size()); ++begin) {
      weight += counts[begin];
      sum += counts[begin] * static_cast<double>(begin);
    }
    if (weight >= 1e-12 * any) add(weight / any, sum / weight);
  }
  if (parts.empty()) add(1, 1);
  return parts;
}

// Draws the distribution function over a grid and reads it backwards; between grid points
// the logarithm is close to linear in the probit.
MoneyQuantiles::Column MoneyQuantiles::Draw(const AliveState& state, MoneySpread spread) const {
  const std::vector<double> counts = CountsOf(state);
  const std::vector<Part> parts = PartsOf(counts, state.frequency, spread);
  double low = parts.front().mean, high = low, squares = 0;
  for (const Part& part : parts) {
    low = std::min(low, part.mean - 4 * part.sigma);
    high = std::max(high, part.mean + 4 * part.sigma);
  }
  for (size_t n = 1; n < counts.size(); ++n) {
    squares += counts[n] * static_cast<double>(n) * static_cast<double>(n);
  }
  Column column{};
  column[kProbits] = std::log(std::max(squares, kSmallest));
  const double step = (high - low) / static_cast<double>(kGrid - 1);
  double previous = -std::numeric_limits<double>::infinity();
  size_t next = 0;
  for (size_t i = 0; i < kGrid && next < kProbits; ++i) {
    const double at = low + step * static_cast<double>(i);
    double cdf = 0;
    for (const Part& part : parts) {
      cdf += part.weight * math::NormalCdf((at - part.mean) / part.sigma);
    }
    const double probit = math::NormalQuantile(std::min(cdf, 1 - 1e-12));
    for (; next < kProbits; ++next) {
      const double wanted = kFirstProbit + kProbitStep * static_cast<double>(next);
      if (wanted > probit) break;
      const bool between = std::isfinite(previous) && probit > previous;
      column[next] = between ? at - step * (probit - wanted) / (probit - previous) : at;
    }
    previous = probit;
  }
  for (; next < kProbits; ++next) column[next] = high;
  return column;
}

const MoneyQuantiles::Table& MoneyQuantiles::TableAt(const AliveState& state, uint32_t panel,
                                                     MoneySpread spread) {
  const std::tuple key(state.frequency, state.phase, panel * 3 + static_cast<uint32_t>(spread));
  if (key == last_key_) return *last_;
  std::unique_ptr<Table>& table = tables_[key];
  if (table == nullptr) {
    table = std::make_unique<Table>();
    for (size_t i = 0; i < kAges; ++i) {
      AliveState drawn = state;
      drawn.age_days = origin_ * std::expm1(kPanelWidth * (panel + PointAt(i, kAges)));
      (*table)[i] = Draw(drawn, spread);
    }
  }
  last_key_ = key;
  last_ = table.get();
  return *last_;
}

void MoneyQuantiles::Read(const AliveState& state, MoneySpread spread, size_t begin, size_t end,
                          Column& column) {
  if (discrete_) {
    auto& exact = exact_[{state.frequency, state.age_days, spread}];
    if (exact == nullptr) exact = std::make_unique<Column>(Draw(state, spread));
    std::copy(exact->begin() + static_cast<ptrdiff_t>(begin),
              exact->begin() + static_cast<ptrdiff_t>(end),
              column.begin() + static_cast<ptrdiff_t>(begin));
    return;
  }
  const double place = std::log1p(state.age_days / origin_) / kPanelWidth;
  const auto panel = static_cast<uint32_t>(place);
  const Table& table = TableAt(state, panel, spread);
  const std::array<double, kAges> weights = math::ChebyshevWeights<kAges>(2 * (place - panel) - 1);
  for (size_t row = begin; row < end; ++row) {
    double sum = 0;
    for (size_t i = 0; i < kAges; ++i) sum += weights[i] * table[i][row];
    column[row] = sum;
  }
}

// The mixture's quantile lies between those of its parts.
double MoneyQuantiles::MixtureQuantile(std::span<const AliveState> states,
                                       std::span<const Column> columns, double probit) const {
  const RowPlace place = PlaceOf(probit, kProbits);
  double low = std::numeric_limits<double>::infinity(), high = -low, total = 0;
  for (size_t s = 0; s < states.size(); ++s) {
    const Column& column = columns[s];
    const double at = column[place.row] + place.share * (column[place.row + 1] - column[place.row]);
    low = std::min(low, at);
    high = std::max(high, at);
    total += states[s].probability;
  }
  const double wanted = math::NormalCdf(probit) * total;
  for (int step = 0; step < kBisections && high - low > 1e-10; ++step) {
    const double middle = 0.5 * (low + high);
    double below = 0;
    for (size_t s = 0; s < states.size(); ++s) {
      const Column& column = columns[s];
      const auto last = column.begin() + kProbits;
      const auto above = std::upper_bound(column.begin() + 1, last - 1, middle);
      const double cell = static_cast<double>(above - column.begin()) - 1;
      const double width = std::max(*above - *(above - 1), 1e-300);
      const double at = kFirstProbit + kProbitStep * (cell + (middle - *(above - 1)) / width);
      below += states[s].probability * math::NormalCdf(at);
    }
    (below < wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

void MoneyQuantiles::LogQuantiles(std::span<const AliveState> states, MoneySpread spread,
                                  std::span<const double> probits,
                                  std::span<double> log_quantiles) {
  if (states.size() == 1) {
    Column column;
    for (size_t i = 0; i < probits.size(); ++i) {
      const RowPlace place = PlaceOf(probits[i], kProbits);
      Read(states[0], spread, place.row, place.row + 2, column);
      log_quantiles[i] =
          column[place.row] + place.share * (column[place.row + 1] - column[place.row]);
    }
    return;
  }
  std::vector<Column> columns(states.size());
  for (size_t s = 0; s < states.size(); ++s) Read(states[s], spread, 0, kProbits, columns[s]);
  for (size_t i = 0; i < probits.size(); ++i) {
    log_quantiles[i] = MixtureQuantile(states, columns, probits[i]);
  }
}

double MoneyQuantiles::SquaredPurchases(std::span<const AliveState> states, MoneySpread spread) {
  double sum = 0;
  for (const AliveState& state : states) {
    Column column;
    Read(state, spread, kProbits, kProbits + 1, column);
    sum += state.probability * std::exp(column[kProbits]);
  }
  return sum;
}

}  // namespace rapport::value
