// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/rfm_grid.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "google/protobuf/text_format.h"
#include "lib/base/errors.h"

namespace rapport::segments {
namespace {

int ScoreOf(int score) { return std::clamp(score, 1, 5); }
int FmOf(int frequency, int monetary) { return (frequency + monetary + 1) / 2; }

void SetMoney(int64_t micros, const std::string& currency, v1::Money& money) {
  money.set_micros(micros);
  money.set_currency(currency);
}

// Nearest whole micro, halves away from zero.
int64_t MeanOf(int64_t sum, int64_t count) {
  const int64_t half = count / 2;
  return (sum + (sum < 0 ? -half : half)) / count;
}

double ShareOf(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

const v1::RfmGrid& EmptyRfmGrid() {
  static const v1::RfmGrid* const grid = [] {
    auto* parsed = new v1::RfmGrid;
    google::protobuf::TextFormat::ParseFromString(std::string(RfmGridText()), parsed);
    return parsed;
  }();
  return *grid;
}

void RfmSums::Cell::Add(const Cell& other) {
  count += other.count;
  revenue += other.revenue;
  predicted += other.predicted;
}

void RfmSums::Add(const v1::CustomerFacts& facts) {
  const v1::Rfm& rfm = facts.rfm();
  if (rfm.segment().empty()) return;
  const int index = (ScoreOf(rfm.recency_score()) - 1) * 25 +
                    (ScoreOf(rfm.frequency_score()) - 1) * 5 + ScoreOf(rfm.monetary_score()) - 1;
  cells_[static_cast<size_t>(index)].Add(
      {1, rfm.monetary().micros(), facts.value().predicted().micros()});
}

void RfmSums::Merge(const RfmSums& other) {
  for (size_t i = 0; i < cells_.size(); ++i) cells_[i].Add(other.cells_[i]);
}

store::v1::RfmCells RfmSums::Encode() const {
  store::v1::RfmCells encoded;
  for (const Cell& cell : cells_) {
    encoded.add_counts(cell.count);
    encoded.add_revenue_micros(cell.revenue);
    encoded.add_predicted_micros(cell.predicted);
  }
  return encoded;
}

absl::Status RfmSums::Decode(const store::v1::RfmCells& encoded) {
  const auto size = static_cast<int>(cells_.size());
  if (encoded.counts_size() != size || encoded.revenue_micros_size() != size ||
      encoded.predicted_micros_size() != size) {
    return DataLoss("segments", "a grid that has no 125 cells");
  }
  for (int i = 0; i < size; ++i) {
    cells_[static_cast<size_t>(i)] = {encoded.counts(i), encoded.revenue_micros(i),
                                      encoded.predicted_micros(i)};
  }
  return absl::OkStatus();
}

v1::RfmGrid RfmSums::Answer(const std::string& currency) const {
  std::map<std::pair<int, int>, Cell> by_cell;
  Cell all;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const auto at = static_cast<int>(i);
    by_cell[{at / 25 + 1, FmOf(at / 5 % 5 + 1, at % 5 + 1)}].Add(cells_[i]);
    all.Add(cells_[i]);
  }
  v1::RfmGrid grid = EmptyRfmGrid();
  std::map<std::string, Cell> by_segment;
  for (v1::RfmGridCell& cell : *grid.mutable_cells()) {
    const Cell& sums = by_cell[{cell.recency_score(), cell.fm_score()}];
    by_segment[cell.segment()].Add(sums);
    cell.set_customer_count(sums.count);
    SetMoney(sums.revenue, currency, *cell.mutable_revenue());
    if (sums.count == 0) continue;
    SetMoney(MeanOf(sums.predicted, sums.count), currency, *cell.mutable_mean_predicted_value());
  }
  for (v1::RfmGridSegment& segment : *grid.mutable_segments()) {
    const Cell& sums = by_segment[segment.segment()];
    segment.set_customer_count(sums.count);
    segment.set_customer_share(ShareOf(sums.count, all.count));
    SetMoney(sums.revenue, currency, *segment.mutable_revenue());
    segment.set_revenue_share(all.revenue > 0 ? ShareOf(sums.revenue, all.revenue) : 0);
    if (sums.count == 0) continue;
    SetMoney(MeanOf(sums.revenue, sums.count), currency, *segment.mutable_mean_revenue());
    SetMoney(MeanOf(sums.predicted, sums.count), currency, *segment.mutable_mean_predicted_value());
  }
  std::ranges::sort(*grid.mutable_segments(), [](const auto& a, const auto& b) {
    return std::tuple(-a.revenue().micros(), -a.customer_count(), a.segment()) <
           std::tuple(-b.revenue().micros(), -b.customer_count(), b.segment());
  });
  grid.set_customer_count(all.count);
  SetMoney(all.revenue, currency, *grid.mutable_revenue());
  return grid;
}

}  // namespace rapport::segments
