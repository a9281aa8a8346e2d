// SPDX-License-Identifier: Apache-2.0
#include "lib/math/quantile_sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/varint.h"
#include "lib/math/incomplete_beta.h"

namespace rapport::math {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
// Of what is decoded: so that two of them add up.
constexpr int64_t kLargestCount = int64_t{1} << 61;

// Last value of the bin that begins at `first`: the relative error of the bin's centre,
// (last - first) / (last + first), stays at or below 1 / 100.
constexpr int64_t LastFrom(int64_t first) {
  const __int128 last = static_cast<__int128>(first) * 101 / 99;
  return last > kLargest ? kLargest : static_cast<int64_t>(last);
}

constexpr size_t CountBins() {
  size_t bins = 1;
  for (int64_t last = 0; last < kLargest; ++bins) last = LastFrom(last + 1);
  return bins;
}
constexpr size_t kBins = CountBins();

struct BinTable {
  std::array<int64_t, kBins> last{};
  std::array<uint16_t, 65> from{};  // By bit width: the bin of its smallest value.
};

constexpr BinTable MakeBins() {
  BinTable table;
  for (size_t bin = 1; bin < kBins; ++bin) table.last[bin] = LastFrom(table.last[bin - 1] + 1);
  size_t bin = 0;
  for (size_t width = 1; width < 64; ++width) {
    while (table.last[bin] < int64_t{1} << (width - 1)) ++bin;
    table.from[width] = static_cast<uint16_t>(bin);
  }
  table.from[64] = kBins - 1;
  return table;
}
constexpr BinTable kTable = MakeBins();

int64_t BinOf(int64_t value) {
  const auto width = static_cast<size_t>(std::bit_width(static_cast<uint64_t>(value)));
  const auto begin = kTable.last.begin() + kTable.from[width];
  const auto end = kTable.last.begin() + kTable.from[width + 1];
  return std::lower_bound(begin, end, value) - kTable.last.begin();
}

int64_t FirstOf(int64_t bin) {
  return bin == 0 ? 0 : kTable.last[static_cast<size_t>(bin - 1)] + 1;
}

// The value whose relative distance to both ends is the same.
SketchQuantile CentreOf(int64_t first, int64_t last) {
  const auto low = static_cast<double>(first);
  const auto high = static_cast<double>(last);
  if (first == last) return {low, 0};
  // The error is at most 1 / 100 as a fraction of whole numbers; doubles may round it up.
  return {2 * low * (high / (low + high)),
          std::min(QuantileSketch::kRelativeError, (high - low) / (high + low))};
}

}  // namespace

void QuantileSketch::Add(int64_t value, int64_t count) {
  if (count == 0) return;
  value = std::max<int64_t>(value, 0);
  moments_.Add(value, count);
  AddEntry(binned_ ? BinOf(value) : value, count);
  if (!binned_ && entries_.size() > kExactValues) ToBins();
  if (empty()) binned_ = false;
}

void QuantileSketch::AddEntry(int64_t key, int64_t count) {
  if (entries_.empty() || entries_.back().key < key) {
    entries_.push_back({key, count});
    return;
  }
  const auto place = std::lower_bound(entries_.begin(), entries_.end(), key,
                                      [](const Entry& entry, int64_t k) { return entry.key < k; });
  if (place->key != key) {
    entries_.insert(place, {key, count});
  } else if ((place->count += count) == 0) {
    entries_.erase(place);
  }
}

std::vector<QuantileSketch::Entry> QuantileSketch::Binned(std::span<const Entry> values) {
  std::vector<Entry> bins;
  for (const Entry& entry : values) {
    const int64_t bin = BinOf(entry.key);
    if (bins.empty() || bins.back().key != bin) {
      if (!bins.empty() && bins.back().count == 0) bins.pop_back();
      bins.push_back({bin, 0});
    }
    bins.back().count += entry.count;
  }
  if (!bins.empty() && bins.back().count == 0) bins.pop_back();
  return bins;
}

void QuantileSketch::ToBins() {
  entries_ = Binned(entries_);
  binned_ = true;
}

void QuantileSketch::Combine(const QuantileSketch& other, int64_t sign) {
  if (other.binned_ && !binned_) ToBins();
  if (binned_ && !other.binned_) {
    MergeEntries(Binned(other.entries_), sign);
  } else {
    MergeEntries(other.entries_, sign);
  }
  if (sign > 0) {
    moments_.Merge(other.moments_);
  } else {
    moments_.Subtract(other.moments_);
  }
  if (!binned_ && entries_.size() > kExactValues) ToBins();
  if (empty()) binned_ = false;
}

void QuantileSketch::MergeEntries(std::span<const Entry> others, int64_t sign) {
  std::vector<Entry> merged;
  merged.reserve(entries_.size() + others.size());
  auto mine = entries_.begin();
  for (const Entry& other : others) {
    while (mine != entries_.end() && mine->key < other.key) merged.push_back(*mine++);
    Entry entry{other.key, sign * other.count};
    if (mine != entries_.end() && mine->key == other.key) entry.count += (mine++)->count;
    if (entry.count != 0) merged.push_back(entry);
  }
  merged.insert(merged.end(), mine, entries_.end());
  entries_ = std::move(merged);
}

bool QuantileSketch::valid() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.count > 0; });
}

QuantileSketch::Bounds QuantileSketch::BoundsOf(const Entry& entry) const {
  if (!binned_) return {entry.key, entry.key};
  return {FirstOf(entry.key), kTable.last[static_cast<size_t>(entry.key)]};
}

// Of the rank-th smallest value, 1 <= rank <= count().
QuantileSketch::Bounds QuantileSketch::AtRank(int64_t rank) const {
  int64_t before = 0;
  for (const Entry& entry : entries_) {
    before += entry.count;
    if (before >= rank) return BoundsOf(entry);
  }
  return BoundsOf(entries_.back());
}

std::optional<SketchQuantile> QuantileSketch::Quantile(double p) const {
  if (entries_.empty() || !(p >= 0 && p <= 1) || !valid()) return std::nullopt;
  const double position = p * static_cast<double>(count() - 1);
  const auto below = static_cast<int64_t>(position);
  const double fraction = position - static_cast<double>(below);
  const Bounds low = AtRank(below + 1);
  const SketchQuantile first = CentreOf(low.first, low.last);
  if (fraction == 0 || below + 1 >= count()) return first;
  const Bounds high = AtRank(below + 2);
  const SketchQuantile second = CentreOf(high.first, high.last);
  return SketchQuantile{first.value + fraction * (second.value - first.value),
                        std::max(first.relative_error, second.relative_error)};
}

std::optional<Interval> QuantileSketch::QuantileInterval(double p, double confidence) const {
  const std::optional<SketchQuantile> quantile = Quantile(p);
  const std::optional<RankRange> ranks = QuantileRanks(count(), p, confidence);
  if (!quantile.has_value() || !ranks.has_value()) return std::nullopt;
  const auto low = static_cast<double>(AtRank(ranks->low).first);
  const auto high = static_cast<double>(AtRank(ranks->high).last);
  return Interval{quantile->value, std::min(low, quantile->value), std::max(high, quantile->value)};
}

std::optional<std::vector<int64_t>> QuantileSketch::Histogram(
    std::span<const int64_t> edges) const {
  if (binned_ || !valid()) return std::nullopt;
  std::vector<int64_t> classes(edges.size() + 1);
  for (const Entry& entry : entries_) classes[HistogramClass(edges, entry.key)] += entry.count;
  return classes;
}

std::string QuantileSketch::Encode() const {
  std::string out;
  out.push_back(binned_ ? 1 : 0);
  PutVarint(out, entries_.size());
  int64_t next = 0;
  for (const Entry& entry : entries_) {
    PutVarint(out, static_cast<uint64_t>(entry.key - next));
    PutSigned(out, entry.count);
    next = entry.key + 1;
  }
  if (binned_) moments_.Encode(out);
  return out;
}

bool QuantileSketch::DecodeParts(std::string_view in) {
  if (in.empty() || static_cast<uint8_t>(in[0]) > 1) return false;
  binned_ = in[0] == 1;
  in.remove_prefix(1);
  uint64_t size = 0;
  if (!GetVarint(in, size) || size > (binned_ ? kBins : kExactValues)) return false;
  const auto largest = static_cast<uint64_t>(binned_ ? static_cast<int64_t>(kBins) - 1 : kLargest);
  uint64_t next = 0;
  uint64_t total = 0;
  __int128 least = 0, most = 0;  // Bounds of the sum.
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t gap = 0;
    Entry entry;
    if (!GetVarint(in, gap) || !GetSigned(in, entry.count) || next > largest ||
        gap > largest - next || entry.count == 0 || entry.count < -kLargestCount) {
      return false;
    }
    total += static_cast<uint64_t>(std::abs(entry.count));
    if (total > kLargestCount) return false;
    entry.key = static_cast<int64_t>(next + gap);
    next += gap + 1;
    const Bounds bounds = BoundsOf(entry);
    least += static_cast<__int128>(bounds.first) * entry.count;
    most += static_cast<__int128>(bounds.last) * entry.count;
    entries_.push_back(entry);
    if (!binned_) moments_.Add(entry.key, entry.count);
  }
  if (binned_ && !moments_.Decode(in)) return false;
  if (!in.empty()) return false;
  int64_t count = 0;
  for (const Entry& entry : entries_) count += entry.count;
  if (count != moments_.count()) return false;
  return !valid() || (least <= moments_.sum() && moments_.sum() <= most);
}

absl::StatusOr<QuantileSketch> QuantileSketch::Decode(std::string_view bytes) {
  QuantileSketch sketch;
  // An empty sketch is never in bins; Encode tells what else has another form.
  if (!sketch.DecodeParts(bytes) || (sketch.empty() && sketch.binned_) ||
      sketch.Encode() != bytes) {
    return DataLoss("quantile sketch", "bytes that no sketch encodes to");
  }
  return sketch;
}

size_t HistogramClass(std::span<const int64_t> edges, int64_t value) {
  return static_cast<size_t>(std::upper_bound(edges.begin(), edges.end(), value) - edges.begin());
}

std::optional<RankRange> QuantileRanks(int64_t n, double p, double confidence) {
  if (n < 1 || !(p > 0 && p < 1) || !(confidence > 0 && confidence < 1)) return std::nullopt;
  const double tail = (1 - confidence) / 2;
  const auto size = static_cast<double>(n);
  // Both conditions hold up to (from) one rank on: search for it.
  int64_t low = 0, beyond = n + 1;
  while (beyond - low > 1) {
    const int64_t rank = low + (beyond - low) / 2;
    const bool holds = BinomialAtMost(static_cast<double>(rank - 1), size, p) <= tail;
    (holds ? low : beyond) = rank;
  }
  int64_t short_of = 0, high = n + 1;
  while (high - short_of > 1) {
    const int64_t rank = short_of + (high - short_of) / 2;
    const bool holds = BinomialAtLeast(static_cast<double>(rank), size, p) <= tail;
    (holds ? high : short_of) = rank;
  }
  if (low < 1 || high > n) return std::nullopt;
  return RankRange{low, high};
}

}  // namespace rapport::math
