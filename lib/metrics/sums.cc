// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/sums.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/varint.h"

namespace rapport::metrics {
namespace {

// Which parts follow in the bytes.
enum Part : uint8_t { kScores = 1, kHistogram = 2, kSketch = 4, kMembers = 8, kRecurring = 16 };
constexpr uint64_t kAllParts = 31;
constexpr uint64_t kMaxClasses = 1000;

void PutWide(std::string& out, Int128 value) {
  auto zigzag = static_cast<unsigned __int128>(value) << 1;
  if (value < 0) zigzag = ~zigzag;
  while (zigzag >= 0x80) {
    out.push_back(static_cast<char>(static_cast<uint8_t>(zigzag) | 0x80));
    zigzag >>= 7;
  }
  out.push_back(static_cast<char>(zigzag));
}

// False unless written by PutWide: no byte of 0 at the end, no bit beyond 128.
bool GetWide(std::string_view& in, Int128& value) {
  unsigned __int128 zigzag = 0;
  for (unsigned i = 0; i < in.size() && i < 19; ++i) {
    const auto byte = static_cast<uint8_t>(in[i]);
    if (i == 18 && byte > 3) return false;
    zigzag |= static_cast<unsigned __int128>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    if (byte == 0 && i > 0) return false;
    in.remove_prefix(i + 1);
    value = static_cast<Int128>(zigzag >> 1);
    if ((zigzag & 1) != 0) value = ~value;
    return true;
  }
  return false;
}

bool GetUnsigned(std::string_view& in, unsigned __int128& value) {
  Int128 bits = 0;
  if (!GetWide(in, bits)) return false;
  value = static_cast<unsigned __int128>(bits);
  return true;
}

// GetVarint that takes the shortest form only.
bool GetShort(std::string_view& in, uint64_t& value) {
  const size_t before = in.size();
  if (!GetVarint(in, value)) return false;
  size_t bytes = 1;
  for (uint64_t rest = value >> 7; rest != 0; rest >>= 7) ++bytes;
  return before - in.size() == bytes;
}
bool GetShortSigned(std::string_view& in, int64_t& value) {
  uint64_t raw = 0;
  if (!GetShort(in, raw)) return false;
  value = UnZigZag(raw);
  return true;
}

void CombineScores(std::vector<std::pair<uint16_t, int64_t>>& scores, uint16_t bucket,
                   int64_t answers) {
  const auto at =
      std::lower_bound(scores.begin(), scores.end(), bucket,
                       [](const auto& entry, uint16_t wanted) { return entry.first < wanted; });
  if (at != scores.end() && at->first == bucket) {
    at->second += answers;
    if (at->second == 0) scores.erase(at);
  } else if (answers != 0) {
    scores.insert(at, {bucket, answers});
  }
}

void CombineClass(std::vector<int64_t>& histogram, size_t place, int64_t values) {
  if (values == 0) return;
  if (histogram.size() <= place) histogram.resize(place + 1);
  histogram[place] += values;
  while (!histogram.empty() && histogram.back() == 0) histogram.pop_back();
}

void Combine(const MemberSums& other, int sign, MemberSums& sums) {
  sums.at_start += sign * other.at_start;
  sums.joined += sign * other.joined;
  sums.returned += sign * other.returned;
  sums.left += sign * other.left;
}

constexpr PaidSums RecurringSums::*kPaidParts[] = {
    &RecurringSums::start,     &RecurringSums::gained,      &RecurringSums::reactivated,
    &RecurringSums::expansion, &RecurringSums::contraction, &RecurringSums::churned};

void AddSigned(unsigned __int128 value, int sign, unsigned __int128& sum) {
  sum = sign > 0 ? sum + value : sum - value;
}

void Combine(const RecurringSums& other, int sign, RecurringSums& sums) {
  for (const auto part : kPaidParts) {
    (sums.*part).money += sign * (other.*part).money;
    (sums.*part).customers += sign * (other.*part).customers;
    AddSigned((other.*part).squares, sign, (sums.*part).squares);
  }
  AddSigned(other.start_expansion, sign, sums.start_expansion);
  AddSigned(other.start_contraction, sign, sums.start_contraction);
}

constexpr int64_t MemberSums::*kMemberParts[] = {&MemberSums::at_start, &MemberSums::joined,
                                                 &MemberSums::returned, &MemberSums::left};

uint64_t PartsOf(const SumParts& parts) {
  uint64_t present = 0;
  if (!parts.scores.empty()) present |= kScores;
  if (!parts.histogram.empty()) present |= kHistogram;
  if (!parts.sketch.empty()) present |= kSketch;
  if (parts.members != MemberSums()) present |= kMembers;
  if (parts.recurring != RecurringSums()) present |= kRecurring;
  return present;
}

void EncodeParts(const SumParts& parts, std::string& out) {
  const uint64_t present = PartsOf(parts);
  PutVarint(out, present);
  if ((present & kScores) != 0) {
    PutVarint(out, parts.scores.size());
    for (const auto& [bucket, answers] : parts.scores) {
      PutVarint(out, bucket);
      PutSigned(out, answers);
    }
  }
  if ((present & kHistogram) != 0) {
    PutVarint(out, parts.histogram.size());
    for (const int64_t values : parts.histogram) PutSigned(out, values);
  }
  if ((present & kSketch) != 0) PutBytes(out, parts.sketch.Encode());
  if ((present & kMembers) != 0) {
    for (const auto part : kMemberParts) PutSigned(out, parts.members.*part);
  }
  if ((present & kRecurring) == 0) return;
  for (const auto part : kPaidParts) {
    PutWide(out, (parts.recurring.*part).money);
    PutSigned(out, (parts.recurring.*part).customers);
    PutWide(out, static_cast<Int128>((parts.recurring.*part).squares));
  }
  PutWide(out, static_cast<Int128>(parts.recurring.start_expansion));
  PutWide(out, static_cast<Int128>(parts.recurring.start_contraction));
}

bool DecodeScores(std::string_view& in, SumParts& parts) {
  uint64_t size = 0;
  if (!GetShort(in, size) || size == 0 || size > in.size()) return false;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t bucket = 0;
    int64_t answers = 0;
    if (!GetShort(in, bucket) || bucket > UINT16_MAX || !GetShortSigned(in, answers)) return false;
    if (answers == 0 || (i > 0 && bucket <= parts.scores.back().first)) return false;
    parts.scores.emplace_back(static_cast<uint16_t>(bucket), answers);
  }
  return true;
}

bool DecodeHistogram(std::string_view& in, SumParts& parts) {
  uint64_t size = 0;
  if (!GetShort(in, size) || size == 0 || size > kMaxClasses || size > in.size()) return false;
  parts.histogram.resize(size);
  for (int64_t& values : parts.histogram) {
    if (!GetShortSigned(in, values)) return false;
  }
  return parts.histogram.back() != 0;
}

bool DecodeLevels(std::string_view& in, uint64_t present, SumParts& parts) {
  if ((present & kMembers) != 0) {
    for (const auto part : kMemberParts) {
      if (!GetShortSigned(in, parts.members.*part)) return false;
    }
    if (parts.members == MemberSums()) return false;
  }
  if ((present & kRecurring) == 0) return true;
  for (const auto part : kPaidParts) {
    PaidSums& paid = parts.recurring.*part;
    if (!GetWide(in, paid.money) || !GetShortSigned(in, paid.customers)) return false;
    if (!GetUnsigned(in, paid.squares)) return false;
  }
  if (!GetUnsigned(in, parts.recurring.start_expansion)) return false;
  if (!GetUnsigned(in, parts.recurring.start_contraction)) return false;
  return parts.recurring != RecurringSums();
}

bool DecodeParts(std::string_view& in, uint64_t present, SumParts& parts) {
  if ((present & kScores) != 0 && !DecodeScores(in, parts)) return false;
  if ((present & kHistogram) != 0 && !DecodeHistogram(in, parts)) return false;
  if ((present & kSketch) != 0) {
    std::string_view bytes;
    if (!GetBytes(in, bytes)) return false;
    auto sketch = math::QuantileSketch::Decode(bytes);
    if (!sketch.ok() || sketch->empty()) return false;
    parts.sketch = *std::move(sketch);
  }
  return DecodeLevels(in, present, parts);
}

}  // namespace

PaidSums RecurringSums::end() const {
  return {start.money + gained.money + reactivated.money + expansion.money - contraction.money -
              churned.money,
          start.customers + gained.customers + reactivated.customers - churned.customers};
}

Sums& Sums::operator=(const Sums& other) {
  if (this == &other) return *this;
  count = other.count;
  base = other.base;
  sum = other.sum;
  squares = other.squares;
  left_out = other.left_out;
  parts_ = other.parts_ == nullptr ? nullptr : std::make_unique<SumParts>(*other.parts_);
  return *this;
}

const SumParts& Sums::parts() const {
  static const SumParts& none = *new SumParts();
  return parts_ == nullptr ? none : *parts_;
}

SumParts& Sums::mutable_parts() {
  if (parts_ == nullptr) parts_ = std::make_unique<SumParts>();
  return *parts_;
}

int64_t Sums::CountOfScore(uint16_t bucket) const {
  for (const auto& [at, answers] : parts().scores) {
    if (at == bucket) return answers;
  }
  return 0;
}

void Sums::AddScore(uint16_t bucket, int64_t answers) {
  CombineScores(mutable_parts().scores, bucket, answers);
}

void Sums::Add(const Observation& observation) {
  count += observation.count;
  base += observation.base;
  sum += observation.sum;
  left_out += observation.left_out;
  if (observation.magnitude) {
    const Int128 magnitude = *observation.magnitude;
    const WideSum square(static_cast<unsigned __int128>(magnitude * magnitude));
    const uint64_t factor = observation.magnitude_factor;
    squares.Add(factor == 1 ? square : square.Times(factor).Times(factor));
  }
  if (observation.score) AddScore(*observation.score, observation.count);
  if (observation.value) mutable_parts().sketch.Add(*observation.value);
  if (observation.histogram_class) {
    CombineClass(mutable_parts().histogram, *observation.histogram_class, 1);
  }
  if (observation.members) metrics::Combine(*observation.members, 1, mutable_parts().members);
  if (observation.recurring != nullptr) {
    metrics::Combine(*observation.recurring, 1, mutable_parts().recurring);
  }
}

void Sums::Combine(const Sums& other, int sign) {
  count += sign * other.count;
  base += sign * other.base;
  sum += sign * other.sum;
  if (sign > 0) {
    squares.Add(other.squares);
  } else {
    squares.Subtract(other.squares);
  }
  left_out += sign * other.left_out;
  if (other.parts_ == nullptr) return;
  SumParts& parts = mutable_parts();
  for (const auto& [bucket, answers] : other.parts_->scores) {
    CombineScores(parts.scores, bucket, sign * answers);
  }
  for (size_t i = 0; i < other.parts_->histogram.size(); ++i) {
    CombineClass(parts.histogram, i, sign * other.parts_->histogram[i]);
  }
  if (sign > 0) {
    parts.sketch.Merge(other.parts_->sketch);
  } else {
    parts.sketch.Subtract(other.parts_->sketch);
  }
  metrics::Combine(other.parts_->members, sign, parts.members);
  metrics::Combine(other.parts_->recurring, sign, parts.recurring);
}

bool Sums::IsZero() const {
  return count == 0 && base == 0 && sum == 0 && squares == WideSum() && left_out == 0 &&
         PartsOf(parts()) == 0;
}

bool operator==(const Sums& a, const Sums& b) {
  const SumParts &left = a.parts(), &right = b.parts();
  return a.count == b.count && a.base == b.base && a.sum == b.sum && a.squares == b.squares &&
         a.left_out == b.left_out && left.scores == right.scores &&
         left.histogram == right.histogram && left.sketch == right.sketch &&
         left.members == right.members && left.recurring == right.recurring;
}

std::string Sums::Encode() const {
  std::string out;
  PutSigned(out, count);
  PutSigned(out, base);
  PutWide(out, sum);
  PutWide(out, static_cast<Int128>(squares.low()));
  PutWide(out, static_cast<Int128>(squares.high()));
  PutSigned(out, left_out);
  EncodeParts(parts(), out);
  return out;
}

absl::StatusOr<Sums> Sums::Decode(std::string_view bytes) {
  Sums sums;
  Int128 low = 0, high = 0;
  uint64_t present = 0;
  const bool fits = GetShortSigned(bytes, sums.count) && GetShortSigned(bytes, sums.base) &&
                    GetWide(bytes, sums.sum) && GetWide(bytes, low) && GetWide(bytes, high) &&
                    GetShortSigned(bytes, sums.left_out) && GetShort(bytes, present) &&
                    present <= kAllParts;
  if (!fits) return DataLoss("measure cell", "not sums of a metric");
  sums.squares = {static_cast<unsigned __int128>(high), static_cast<unsigned __int128>(low)};
  if (present != 0 && !DecodeParts(bytes, present, sums.mutable_parts())) {
    return DataLoss("measure cell", "parts do not decode");
  }
  if (!bytes.empty()) return DataLoss("measure cell", "bytes are left over");
  return sums;
}

}  // namespace rapport::metrics
