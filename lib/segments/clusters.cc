// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/splitmix.h"
#include "lib/base/text.h"
#include "lib/segments/kmeans.h"

namespace rapport::segments {
namespace {

constexpr size_t kLeastCustomers = 10;
constexpr size_t kFitSample = 20'000;        // Centres are looked for among so many,
constexpr int kFinalRounds = 10;             // then moved by all.
constexpr size_t kSilhouetteSample = 2'000;  // Quadratic.

struct FeatureText {
  std::string_view id, text, low, high;
  bool logarithm;
};
constexpr std::array<FeatureText, kFeatures> kTexts = {{
    {"recency_days", "days since the last event", "active lately", "silent for long", true},
    {"frequency", "days with an order", "few purchases", "frequent purchases", true},
    {"monetary", "net revenue in base currency", "low spend", "high spend", true},
    {"tenure_days", "days since the first event", "new customers", "long-standing", true},
    {"events", "events to date", "little engaged", "highly engaged", true},
    {"churn_probability", "chance to leave, 0-1", "likely to stay", "likely to leave", false},
}};
const FeatureText& TextOf(Feature feature) { return kTexts[static_cast<size_t>(feature)]; }

double Transformed(Feature feature, double raw) {
  return TextOf(feature).logarithm ? std::log1p(std::max(0.0, raw)) : raw;
}
double Untransformed(Feature feature, double value) {
  return TextOf(feature).logarithm ? std::expm1(value) : value;
}

struct Scale {
  double mean = 0, deviation = 0;
};

// Rows as points: transformed, standardised, what is not known at the mean.
class Standardised {
 public:
  Standardised(std::span<const ClusterRow> rows, std::span<const Feature> features)
      : features_(features), scales_(features.size()), values_(rows.size() * features.size()) {
    for (size_t f = 0; f < features.size(); ++f) Fill(rows, f);
  }
  Points points() const { return {values_, features_.size()}; }
  Points First(size_t count) const {
    return {
        std::span<const double>(values_).first(std::min(count * features_.size(), values_.size())),
        features_.size()};
  }
  const Scale& scale(size_t f) const { return scales_[f]; }
  bool varies() const {
    return std::ranges::any_of(scales_, [](const Scale& s) { return s.deviation > 0; });
  }

 private:
  void Fill(std::span<const ClusterRow> rows, size_t f) {
    const Feature feature = features_[f];
    double sum = 0, known = 0;
    const auto each = [&](auto&& use) {
      for (size_t i = 0; i < rows.size(); ++i) {
        const auto raw = static_cast<double>(rows[i].features[static_cast<size_t>(feature)]);
        if (!std::isnan(raw)) use(i, Transformed(feature, raw));
      }
    };
    each([&](size_t, double value) { sum += value, known += 1; });
    if (known == 0) return;
    Scale& scale = scales_[f];
    scale.mean = sum / known;
    double squares = 0;
    each([&](size_t, double value) { squares += (value - scale.mean) * (value - scale.mean); });
    const double deviation = std::sqrt(squares / known);
    if (deviation <= 1e-9 * (1 + std::abs(scale.mean))) return;
    scale.deviation = deviation;
    each([&](size_t i, double value) {
      values_[i * features_.size() + f] = (value - scale.mean) / deviation;
    });
  }

  std::span<const Feature> features_;
  std::vector<Scale> scales_;
  std::vector<double> values_;
};

double MeanOf(std::span<const double> values) {
  return values.empty() ? 0.0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

struct Choice {
  std::vector<double> centres;
  double silhouette = -2;
};

Choice Try(const Standardised& data, size_t clusters, uint64_t seed, v1::ClusterTrial& trial) {
  const Points sample = data.First(kFitSample);
  KMeansOptions options;
  options.clusters = clusters;
  options.seed = seed;
  const Clustering found = KMeans(sample, options);
  const Points looked_at = data.First(kSilhouetteSample);
  const std::span<const uint32_t> of(found.of.data(), looked_at.size());
  const double silhouette = MeanOf(Silhouettes(looked_at, of, clusters));
  trial.set_clusters(static_cast<int32_t>(clusters));
  trial.set_silhouette(silhouette);
  trial.set_inertia(found.inertia);
  return {found.centres, silhouette};
}

// By up to three features that are at least half a standard deviation off.
std::string InWords(std::span<const double> deviations, std::span<const Feature> features) {
  std::vector<size_t> order(features.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(
      order, [&](size_t a, size_t b) { return std::abs(deviations[a]) > std::abs(deviations[b]); });
  std::string words;
  for (size_t i = 0; i < std::min<size_t>(3, order.size()); ++i) {
    const double deviation = deviations[order[i]];
    if (std::abs(deviation) < 0.5) break;
    const FeatureText& text = TextOf(features[order[i]]);
    words += Cat(words.empty() ? "" : ", ", deviation > 0 ? text.high : text.low,
                 std::abs(deviation) >= 1.5 ? " (far from the mean)" : "");
  }
  return words.empty() ? "like the average customer" : words;
}

class Report {
 public:
  Report(std::span<const ClusterRow> rows, const ClusterOptions& options, const Standardised& data)
      : rows_(rows), options_(options), data_(data) {}

  void AddClusters(const Clustering& clustering, v1::ClusterReport& report) const {
    const size_t dims = options_.features.size();
    const size_t clusters = clustering.centres.size() / dims;
    const Points looked_at = data_.First(kSilhouetteSample);
    const std::span<const uint32_t> sampled(clustering.of.data(), looked_at.size());
    const std::vector<double> silhouettes = Silhouettes(looked_at, sampled, clusters);
    std::vector<v1::Cluster> made(clusters);
    std::vector<std::vector<double>> of_cluster(clusters);
    for (size_t i = 0; i < looked_at.size(); ++i) {
      of_cluster[sampled[i]].push_back(silhouettes[i]);
    }
    for (size_t i = 0; i < rows_.size(); ++i) {
      v1::Cluster& cluster = made[clustering.of[i]];
      cluster.set_customer_count(cluster.customer_count() + 1);
      cluster.mutable_revenue()->set_micros(cluster.revenue().micros() + rows_[i].revenue_micros);
    }
    for (size_t c = 0; c < clusters; ++c) {
      const std::span<const double> centre(&clustering.centres[c * dims], dims);
      Describe(centre, made[c]);
      made[c].set_silhouette(MeanOf(of_cluster[c]));
      if (made[c].customer_count() > 0) *report.add_clusters() = std::move(made[c]);
    }
    std::ranges::stable_sort(*report.mutable_clusters(), [](const auto& a, const auto& b) {
      return std::tuple(-a.customer_count(), a.description()) <
             std::tuple(-b.customer_count(), b.description());
    });
  }

 private:
  void Describe(std::span<const double> centre, v1::Cluster& cluster) const {
    cluster.set_description(InWords(centre, options_.features));
    cluster.set_share(static_cast<double>(cluster.customer_count()) /
                      static_cast<double>(rows_.size()));
    cluster.mutable_revenue()->set_currency(options_.currency);
    for (size_t f = 0; f < centre.size(); ++f) {
      const Scale& scale = data_.scale(f);
      v1::ClusterMean& mean = *cluster.add_means();
      mean.set_deviation(centre[f]);
      mean.set_typical(
          Untransformed(options_.features[f], scale.mean + centre[f] * scale.deviation));
    }
  }

  std::span<const ClusterRow> rows_;
  const ClusterOptions& options_;
  const Standardised& data_;
};

// In an order that depends on ids and the seed alone, so that the first rows are a sample.
void Shuffle(std::vector<ClusterRow>& rows, uint64_t seed) {
  std::ranges::sort(rows, [seed](const ClusterRow& a, const ClusterRow& b) {
    return std::tuple(SplitMixOf(a.id ^ seed), a.id) < std::tuple(SplitMixOf(b.id ^ seed), b.id);
  });
}

}  // namespace

std::string_view FeatureId(Feature feature) { return TextOf(feature).id; }

absl::StatusOr<std::vector<Feature>> ParseFeatures(std::span<const std::string> ids) {
  std::vector<Feature> features;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string field = Cat("features[", i, "]");
    const auto found = std::ranges::find(kTexts, ids[i], &FeatureText::id);
    if (found == kTexts.end()) {
      return InvalidField(field, "UNKNOWN_FEATURE", Cat("there is no feature ", ids[i]));
    }
    const auto feature = static_cast<Feature>(found - kTexts.begin());
    if (std::ranges::find(features, feature) != features.end()) {
      return InvalidField(field, "DUPLICATE", "is there twice");
    }
    features.push_back(feature);
  }
  if (features.empty()) {
    for (size_t f = 0; f < kFeatures; ++f) features.push_back(static_cast<Feature>(f));
  }
  if (features.size() < 2) return InvalidField("features", "TOO_FEW", "needs at least 2");
  return features;
}

std::optional<ClusterRow> ClusterRowOf(uint64_t id, const v1::CustomerFacts& facts,
                                       TimeMicros as_of) {
  const v1::CustomerSummary& summary = facts.summary();
  if (summary.event_count() == 0) return std::nullopt;
  const auto days_since = [as_of](const google::protobuf::Timestamp& time) {
    const TimeMicros micros = time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
    return static_cast<float>(static_cast<double>(as_of - micros) / kMicrosPerDay);
  };
  ClusterRow row;
  row.id = id;
  row.revenue_micros = facts.rfm().monetary().micros();
  const bool foretold = facts.value().has_churn();
  row.features = {days_since(summary.last_event_time()),
                  static_cast<float>(facts.rfm().frequency()),
                  static_cast<float>(static_cast<double>(row.revenue_micros) / 1e6),
                  days_since(summary.first_event_time()),
                  static_cast<float>(summary.event_count()),
                  foretold ? static_cast<float>(facts.value().churn().probability())
                           : std::numeric_limits<float>::quiet_NaN()};
  return row;
}

absl::StatusOr<v1::ClusterReport> DiscoverClusters(std::vector<ClusterRow>& rows,
                                                   const ClusterOptions& options) {
  if (rows.size() < kLeastCustomers) {
    return FailedPrecondition("TOO_FEW_CUSTOMERS",
                              Cat("groups need at least ", kLeastCustomers, " customers"));
  }
  Shuffle(rows, options.seed);
  const Standardised data(rows, options.features);
  if (!data.varies()) {
    return FailedPrecondition("NOTHING_TO_TELL_APART", "the customers are all alike");
  }
  v1::ClusterReport report;
  const size_t first = options.clusters == 0 ? 2 : options.clusters;
  const size_t last = options.clusters == 0 ? options.most : options.clusters;
  Choice best;
  int chosen = 0;
  for (size_t clusters = first; clusters <= std::min(last, rows.size()); ++clusters) {
    Choice found = Try(data, clusters, options.seed, *report.add_trials());
    if (found.silhouette <= best.silhouette) continue;
    best = std::move(found);
    chosen = report.trials_size() - 1;
  }
  report.mutable_trials(chosen)->set_chosen(true);
  const Clustering all = Lloyd(data.points(), std::move(best.centres), kFinalRounds);
  Report(rows, options, data).AddClusters(all, report);
  for (size_t f = 0; f < options.features.size(); ++f) {
    v1::ClusterFeature& feature = *report.add_features();
    feature.set_feature(std::string(FeatureId(options.features[f])));
    feature.set_text(std::string(TextOf(options.features[f]).text));
    feature.set_typical(Untransformed(options.features[f], data.scale(f).mean));
  }
  report.set_customer_count(static_cast<int64_t>(rows.size()));
  report.set_seed(static_cast<int64_t>(options.seed));
  return report;
}

}  // namespace rapport::segments
