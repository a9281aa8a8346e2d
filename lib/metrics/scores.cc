// SPDX-License-Identifier: Apache-2.0
// Scores of answers on their definition's scale, and bands of values.
#include "lib/metrics/point.h"

namespace rapport::metrics {
namespace {

// ScoreBucket apart: NPS buckets carry no scale.
int64_t ScoreOf(uint16_t bucket) { return bucket % 256; }
int64_t ScaleOf(const v1::MetricDefinition& definition, uint16_t bucket) {
  return bucket < 256 ? definition.scale() : bucket / 256;
}

// Mapped score >= cut, in whole numbers.
bool AtLeast(const v1::MetricDefinition& definition, uint16_t bucket, int64_t cut) {
  const int64_t scale = ScaleOf(definition, bucket), score = ScoreOf(bucket);
  if (scale == definition.scale() || scale <= 1) return score >= cut;
  return (score - 1) * (definition.scale() - 1) >= (cut - 1) * (scale - 1);
}

// 1..scale mapped linearly to 1..definition.scale; the identity on the same scale.
double MappedScore(const v1::MetricDefinition& definition, uint16_t bucket) {
  const int64_t scale = ScaleOf(definition, bucket), score = ScoreOf(bucket);
  if (scale == definition.scale() || scale <= 1) return static_cast<double>(score);
  return 1.0 + static_cast<double>((score - 1) * (definition.scale() - 1)) /
                   static_cast<double>(scale - 1);
}

}  // namespace

ScoreCounts CountScores(const v1::MetricDefinition& definition, const Sums& sums) {
  ScoreCounts counts;
  for (const auto& [bucket, answers] : sums.parts().scores) {
    counts.answers += answers;
    if (AtLeast(definition, bucket, definition.positive_from())) {
      counts.positive += answers;
    } else if (!AtLeast(definition, bucket, definition.negative_to() + 1)) {
      counts.negative += answers;
    }
  }
  return counts;
}

ScoreMoments ScoreMomentsOf(const v1::MetricDefinition& definition, const Sums& sums) {
  ScoreMoments moments;
  for (const auto& [bucket, answers] : sums.parts().scores) {
    const double score = MappedScore(definition, bucket);
    moments.sum += score * static_cast<double>(answers);
    moments.squares += score * score * static_cast<double>(answers);
  }
  return moments;
}

std::string BandOf(const v1::MetricDefinition& definition, double value) {
  std::string label;
  for (const v1::Band& band : definition.bands()) {
    if (value >= band.from()) label = band.label();
  }
  return label;
}

}  // namespace rapport::metrics
