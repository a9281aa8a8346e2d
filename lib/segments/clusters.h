// SPDX-License-Identifier: Apache-2.0
// Groups of similar customers, discovered: k-means on standardised logarithms of recency,
// frequency, monetary value, tenure, engagement, and on the chance to leave; the number of
// groups by the silhouette of a sample; each group in words by what deviates most.
//
// Deterministic: depends on the customers' ids and figures and the seed, not on their
// order. A million customers take about 2 s beside reading them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

enum class Feature : uint8_t { kRecency, kFrequency, kMonetary, kTenure, kEvents, kChurn };
inline constexpr size_t kFeatures = 6;
std::string_view FeatureId(Feature feature);
// The features by id; all for none. InvalidField features[i] UNKNOWN_FEATURE, DUPLICATE;
// features TOO_FEW.
absl::StatusOr<std::vector<Feature>> ParseFeatures(std::span<const std::string> ids);

struct ClusterRow {
  uint64_t id = 0;                          // Of the customer, the same from day to day.
  std::array<float, kFeatures> features{};  // Raw; NaN: not known, counts as the mean.
  int64_t revenue_micros = 0;
};
// Days are counted to `as_of`. nullopt for a customer without events.
std::optional<ClusterRow> ClusterRowOf(uint64_t id, const v1::CustomerFacts& facts,
                                       TimeMicros as_of);

struct ClusterOptions {
  size_t clusters = 0;  // 0: the best of 2 to `most`.
  size_t most = 8;
  uint64_t seed = 0;
  std::vector<Feature> features;
  std::string currency;
};
// Sorts `rows`. FailedPrecondition TOO_FEW_CUSTOMERS with fewer than 10 customers,
// NOTHING_TO_TELL_APART when no feature varies.
absl::StatusOr<v1::ClusterReport> DiscoverClusters(std::vector<ClusterRow>& rows,
                                                   const ClusterOptions& options);

}  // namespace rapport::segments
