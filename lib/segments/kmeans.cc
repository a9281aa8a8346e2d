// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/kmeans.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/splitmix.h"

namespace rapport::segments {
namespace {

double SquaredDistance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

std::span<const double> CentreAt(const std::vector<double>& centres, size_t dims, size_t i) {
  return std::span<const double>(centres).subspan(i * dims, dims);
}

void Append(std::span<const double> point, std::vector<double>& centres) {
  centres.insert(centres.end(), point.begin(), point.end());
}

// Centres far from each other: each next point with a chance by its squared distance.
std::vector<double> Spread(const Points& points, size_t clusters, SplitMix64& random) {
  std::vector<double> centres;
  const auto pick = [&](double share) {
    return std::min(points.size() - 1,
                    static_cast<size_t>(share * static_cast<double>(points.size())));
  };
  Append(points.At(pick(random.Uniform())), centres);
  std::vector<double> nearest(points.size(), std::numeric_limits<double>::infinity());
  while (centres.size() < clusters * points.dims) {
    const auto last = CentreAt(centres, points.dims, centres.size() / points.dims - 1);
    double total = 0;
    for (size_t i = 0; i < points.size(); ++i) {
      nearest[i] = std::min(nearest[i], SquaredDistance(points.At(i), last));
      total += nearest[i];
    }
    double left = random.Uniform() * total;
    size_t next = 0;
    while (next + 1 < points.size() && (left -= nearest[next]) > 0) ++next;
    Append(points.At(next), centres);
  }
  return centres;
}

// Each point to its nearest centre; whether any moved.
bool Assign(const Points& points, Clustering& clustering) {
  bool moved = false;
  clustering.inertia = 0;
  const size_t clusters = clustering.centres.size() / points.dims;
  for (size_t i = 0; i < points.size(); ++i) {
    uint32_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (uint32_t c = 0; c < clusters; ++c) {
      const double distance =
          SquaredDistance(points.At(i), CentreAt(clustering.centres, points.dims, c));
      if (distance < least) {
        least = distance;
        best = c;
      }
    }
    moved = moved || clustering.of[i] != best;
    clustering.of[i] = best;
    clustering.inertia += least;
  }
  return moved;
}

// Centres to the means of their points; one without points stays where it is.
void MoveCentres(const Points& points, Clustering& clustering) {
  const size_t clusters = clustering.centres.size() / points.dims;
  std::vector<double> sums(clustering.centres.size());
  std::vector<double> counts(clusters);
  for (size_t i = 0; i < points.size(); ++i) {
    const size_t c = clustering.of[i];
    counts[c] += 1;
    for (size_t d = 0; d < points.dims; ++d) sums[c * points.dims + d] += points.At(i)[d];
  }
  for (size_t c = 0; c < clusters; ++c) {
    if (counts[c] == 0) continue;
    for (size_t d = 0; d < points.dims; ++d) {
      clustering.centres[c * points.dims + d] = sums[c * points.dims + d] / counts[c];
    }
  }
}

}  // namespace

Clustering Lloyd(const Points& points, std::vector<double> centres, int rounds) {
  Clustering clustering{std::move(centres), std::vector<uint32_t>(points.size(), UINT32_MAX), 0};
  Assign(points, clustering);
  for (int round = 0; round < rounds; ++round) {
    MoveCentres(points, clustering);
    if (!Assign(points, clustering)) break;
  }
  return clustering;
}

Clustering KMeans(const Points& points, const KMeansOptions& options) {
  Clustering best;
  best.inertia = std::numeric_limits<double>::infinity();
  const size_t clusters = std::min(options.clusters, points.size());
  if (clusters == 0) return {};
  for (int start = 0; start < std::max(1, options.restarts); ++start) {
    SplitMix64 random(SplitMixOf(options.seed + static_cast<uint64_t>(start)));
    Clustering found = Lloyd(points, Spread(points, clusters, random), options.rounds);
    if (found.inertia < best.inertia) best = std::move(found);
  }
  return best;
}

std::vector<double> Silhouettes(const Points& points, std::span<const uint32_t> of,
                                size_t clusters) {
  std::vector<double> counts(clusters);
  for (const uint32_t c : of) counts[c] += 1;
  std::vector<double> silhouettes(points.size());
  std::vector<double> sums(clusters);
  for (size_t i = 0; i < points.size(); ++i) {
    std::ranges::fill(sums, 0.0);
    for (size_t j = 0; j < points.size(); ++j) {
      sums[of[j]] += std::sqrt(SquaredDistance(points.At(i), points.At(j)));
    }
    if (counts[of[i]] <= 1) continue;
    const double own = sums[of[i]] / (counts[of[i]] - 1);
    double other = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < clusters; ++c) {
      if (c != of[i] && counts[c] > 0) other = std::min(other, sums[c] / counts[c]);
    }
    const double most = std::max(own, other);
    if (std::isfinite(other) && most > 0) silhouettes[i] = (other - own) / most;
  }
  return silhouettes;
}

}  // namespace rapport::segments
