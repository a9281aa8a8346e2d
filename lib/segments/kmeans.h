// SPDX-License-Identifier: Apache-2.0
// k-means (Lloyd) from k-means++ starts, and the silhouette that says how well groups stand
// apart. Deterministic: the same points in the same order and the same seed give the same
// bits, on one thread.
//
// Points are rows of `dims` numbers, one after another. Pure. Costs about n x k x dims ns a
// round; the silhouette n x n x dims.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rapport::segments {

struct Points {
  std::span<const double> values;
  size_t dims = 1;
  size_t size() const { return values.size() / dims; }
  std::span<const double> At(size_t i) const { return values.subspan(i * dims, dims); }
};

struct Clustering {
  std::vector<double> centres;  // k rows of dims.
  std::vector<uint32_t> of;     // Of each point: its centre, the first of equally near ones.
  double inertia = 0;           // Sum of squared distances to the centres.
};

struct KMeansOptions {
  size_t clusters = 2;  // At most the number of points.
  uint64_t seed = 0;
  int restarts = 4;  // The least inertia is kept, the first of equals.
  int rounds = 100;
};
Clustering KMeans(const Points& points, const KMeansOptions& options);
// Goes on from given centres, at most so many rounds.
Clustering Lloyd(const Points& points, std::vector<double> centres, int rounds);

// Of each point: (b - a) / max(a, b), a its mean distance to its own group, b to the nearest
// other one; 0 where it is alone or there is no other.
std::vector<double> Silhouettes(const Points& points, std::span<const uint32_t> of,
                                size_t clusters);

}  // namespace rapport::segments
