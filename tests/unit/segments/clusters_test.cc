// SPDX-License-Identifier: Apache-2.0
// k-means against blobs that are known, silhouettes by hand.
#include "lib/segments/clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/segments/kmeans.h"
#include "tests/support/matchers.h"

namespace rapport::segments {
namespace {

// `each` points around every centre, within 1 of it.
std::vector<double> Blobs(const std::vector<std::vector<double>>& centres, int each,
                          uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> off(-1, 1);
  std::vector<double> values;
  for (int i = 0; i < each; ++i) {
    for (const auto& centre : centres) {
      for (const double x : centre) values.push_back(x + off(random));
    }
  }
  return values;
}

TEST(KMeans, FindsBlobs) {
  const std::vector<std::vector<double>> centres = {{0, 0}, {10, 0}, {0, 10}, {10, 10}};
  const std::vector<double> values = Blobs(centres, 50, 3);
  const Points points{values, 2};
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Clustering found = KMeans(points, {.clusters = 4, .seed = seed});
    std::map<uint32_t, std::map<size_t, int>> blobs;  // Cluster > blob > points.
    for (size_t i = 0; i < points.size(); ++i) ++blobs[found.of[i]][i % 4];
    EXPECT_EQ(blobs.size(), 4U);
    for (const auto& [cluster, of] : blobs) EXPECT_EQ(of.size(), 1U) << "seed " << seed;
    // Each blob lies within 1 of its centre in both directions.
    EXPECT_LT(found.inertia, 200 * 2.0);
    EXPECT_EQ(KMeans(points, {.clusters = 4, .seed = seed}).of, found.of);
  }
}

TEST(KMeans, ByHand) {
  // On a line: 0 1 | 10 11. Centres 0.5 and 10.5; inertia 4 x 0.25.
  const std::vector<double> values = {0, 1, 10, 11};
  const Clustering found = KMeans({values, 1}, {.clusters = 2, .seed = 1});
  EXPECT_EQ(found.of[0], found.of[1]);
  EXPECT_EQ(found.of[2], found.of[3]);
  EXPECT_NE(found.of[0], found.of[2]);
  EXPECT_DOUBLE_EQ(found.inertia, 1.0);
  // Silhouette of 0: a = 1, b = (10 + 11) / 2 = 10.5: 9.5 / 10.5. Of 1: a = 1, b = 9.5.
  const std::vector<double> silhouettes = Silhouettes({values, 1}, found.of, 2);
  EXPECT_DOUBLE_EQ(silhouettes[0], 9.5 / 10.5);
  EXPECT_DOUBLE_EQ(silhouettes[1], 8.5 / 9.5);
  EXPECT_DOUBLE_EQ(silhouettes[3], 9.5 / 10.5);
  EXPECT_EQ(Silhouettes({values, 1}, std::vector<uint32_t>{0, 0, 0, 1}, 2)[3], 0) << "alone";
  EXPECT_EQ(KMeans({values, 1}, {.clusters = 9, .seed = 1}).centres.size(), 4U);
}

ClusterRow Row(uint64_t id, double recency, double frequency, double monetary, double tenure,
               double events) {
  ClusterRow row;
  row.id = id;
  row.features = {static_cast<float>(recency),  static_cast<float>(frequency),
                  static_cast<float>(monetary), static_cast<float>(tenure),
                  static_cast<float>(events),   std::numeric_limits<float>::quiet_NaN()};
  row.revenue_micros = static_cast<int64_t>(monetary * 1e6);
  return row;
}

// 60 who bought often and lately, 30 who bought once long ago, 10 browsers.
std::vector<ClusterRow> Customers() {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> spread(0.9, 1.1);
  const auto around = [&](double x) { return x * spread(random); };
  std::vector<ClusterRow> rows;
  for (uint64_t i = 0; i < 60; ++i) {
    rows.push_back(Row(i, around(3), around(20), around(2000), around(700), around(300)));
  }
  for (uint64_t i = 60; i < 90; ++i) {
    rows.push_back(Row(i, around(400), 1, around(40), around(420), around(8)));
  }
  for (uint64_t i = 90; i < 100; ++i)
    rows.push_back(Row(i, around(20), 0, 0, around(25), around(30)));
  return rows;
}

TEST(Clusters, FindsTheNumberOfGroupsAndSaysWhatTheyAre) {
  std::vector<ClusterRow> rows = Customers();
  ClusterOptions options;
  options.features = *ParseFeatures({});
  options.currency = "EUR";
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::ClusterReport report, DiscoverClusters(rows, options));
  ASSERT_EQ(report.clusters_size(), 3);
  EXPECT_EQ(report.clusters(0).customer_count(), 60);
  EXPECT_EQ(report.clusters(1).customer_count(), 30);
  EXPECT_EQ(report.clusters(2).customer_count(), 10);
  EXPECT_DOUBLE_EQ(report.clusters(0).share(), 0.6);
  EXPECT_EQ(report.trials_size(), 7);  // 2 to 8.
  EXPECT_TRUE(report.trials(1).chosen());
  EXPECT_GT(report.trials(1).silhouette(), 0.8);
  EXPECT_NEAR(report.clusters(0).means(0).typical(), 3, 0.3);
  EXPECT_NEAR(report.clusters(0).means(2).typical(), 2000, 100);
  EXPECT_NEAR(static_cast<double>(report.clusters(0).revenue().micros()), 120'000e6, 5'000e6);
  // The word for silence: 400 days against 3 and 20.
  EXPECT_NE(report.clusters(1).description().find("silent for long"), std::string::npos)
      << report.clusters(1).description();
  EXPECT_NE(report.clusters(2).description().find("low spend"), std::string::npos)
      << report.clusters(2).description();
}

TEST(Clusters, DoNotDependOnTheOrderOfCustomers) {
  std::vector<ClusterRow> rows = Customers();
  std::vector<ClusterRow> reversed(rows.rbegin(), rows.rend());
  ClusterOptions options;
  options.features = *ParseFeatures({});
  options.seed = 5;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::ClusterReport one, DiscoverClusters(rows, options));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::ClusterReport two, DiscoverClusters(reversed, options));
  EXPECT_EQ(one.SerializeAsString(), two.SerializeAsString());
}

TEST(Clusters, RefusesWhatCannotBeGrouped) {
  ClusterOptions options;
  options.features = *ParseFeatures({});
  std::vector<ClusterRow> few(9);
  EXPECT_THAT(DiscoverClusters(few, options), testing::FailsWith("TOO_FEW_CUSTOMERS", ""));
  std::vector<ClusterRow> alike(20, Row(1, 3, 1, 10, 5, 2));
  EXPECT_THAT(DiscoverClusters(alike, options), testing::FailsWith("NOTHING_TO_TELL_APART", ""));
  const std::vector<std::string> unknown = {"frequency", "luck"};
  EXPECT_THAT(ParseFeatures(unknown), testing::FailsWith("UNKNOWN_FEATURE", "features[1]"));
  const std::vector<std::string> one = {"frequency"};
  EXPECT_THAT(ParseFeatures(one), testing::FailsWith("TOO_FEW", "features"));
}

TEST(Clusters, ReadsFacts) {
  v1::CustomerFacts facts;
  EXPECT_FALSE(ClusterRowOf(1, facts, 0).has_value());
  facts.mutable_summary()->set_event_count(4);
  facts.mutable_summary()->mutable_first_event_time()->set_seconds(0);
  facts.mutable_summary()->mutable_last_event_time()->set_seconds(8 * 86'400);
  facts.mutable_rfm()->set_frequency(2);
  facts.mutable_rfm()->mutable_monetary()->set_micros(12'500'000);
  const auto row = ClusterRowOf(1, facts, 10 * kMicrosPerDay);
  ASSERT_TRUE(row.has_value());
  EXPECT_FLOAT_EQ(row->features[0], 2);
  EXPECT_FLOAT_EQ(row->features[1], 2);
  EXPECT_FLOAT_EQ(row->features[2], 12.5);
  EXPECT_FLOAT_EQ(row->features[3], 10);
  EXPECT_FLOAT_EQ(row->features[4], 4);
  EXPECT_TRUE(std::isnan(row->features[5]));
}

}  // namespace
}  // namespace rapport::segments
