// SPDX-License-Identifier: Apache-2.0
// segments rfm / clusters / compare.
#include <ostream>
#include <string>

#include "absl/strings/numbers.h"
#include "lib/base/text.h"
#include "rapport/v1/segment_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/segment_text.h"

namespace rapport::ctl {
namespace {

absl::Status Rfm(Invocation& invocation) {
  v1::QueryRfmGridRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::RfmGrid>("SegmentService/QueryRfmGrid", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << RfmGridText(answer, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Clusters(Invocation& invocation) {
  v1::DiscoverClustersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  if (invocation.Has("clusters")) {
    ASSIGN_OR_RETURN(const int64_t clusters, invocation.Number("clusters", 2, 12));
    request.set_clusters(static_cast<int32_t>(clusters));
  }
  ASSIGN_OR_RETURN(const int64_t most, invocation.Number("max", 2, 12));
  request.set_max_clusters(static_cast<int32_t>(most));
  ASSIGN_OR_RETURN(const int64_t seed, invocation.Number("seed", 0, INT64_MAX));
  request.set_seed(seed);
  for (const std::string& feature : invocation.Texts("feature")) request.add_features(feature);
  request.set_segment(invocation.Text("segment"));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::ClusterReport>("SegmentService/DiscoverClusters", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << ClustersText(answer, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Compare(Invocation& invocation) {
  v1::CompareSegmentsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  for (const std::string& segment : invocation.arguments()) request.add_segments(segment);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::SegmentComparison>(
                                          "SegmentService/CompareSegments", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << SegmentComparisonText(answer, invocation.terminal());
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> SegmentQuestionActions() {
  return {
      {.path = "segments rfm",
       .summary = "Shows customers by recency, frequency and monetary value.",
       .details = "The grid of quintiles as a heat map, and its named segments.",
       .arguments = {},
       .flags = {},
       .examples = {"segments rfm --workspace=shop"},
       .run = Rfm},
      {.path = "segments clusters",
       .summary = "Looks for groups of similar customers.",
       .details = "k-means on recency, frequency, monetary value, tenure, events and the chance to "
                  "leave; the number of groups by the silhouette unless --clusters says it.",
       .arguments = {},
       .flags = {{.name = "clusters", .placeholder = "N", .help = "Exactly so many groups."},
                 {.name = "max", .placeholder = "N", .help = "Most to try.", .fallback = "8"},
                 {.name = "seed", .placeholder = "N", .help = "Of the starts.", .fallback = "0"},
                 {.name = "feature",
                  .placeholder = "NAME",
                  .help = "Use this one; again for more; default all."},
                 {.name = "segment", .placeholder = "ID", .help = "Only members of this segment."}},
       .examples = {"segments clusters --workspace=shop",
                    "segments clusters --workspace=shop --clusters=4 --feature=recency_days "
                    "--feature=monetary"},
       .run = Clusters},
      {.path = "segments compare",
       .summary = "Ranks segments by value and growth, and shows how they overlap.",
       .details = "",
       .arguments = {{"SEGMENT", "Ids; default all.", Arity::kAny}},
       .flags = {},
       .examples = {"segments compare --workspace=shop",
                    "segments compare big at_risk_buyers --workspace=shop"},
       .run = Compare},
  };
}

}  // namespace rapport::ctl
