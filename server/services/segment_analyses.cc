// SPDX-License-Identifier: Apache-2.0
#include "server/services/segment_analyses.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/money.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/segments/clusters.h"
#include "lib/segments/comparison.h"
#include "lib/segments/rfm_grid.h"
#include "lib/store/keys.h"
#include "server/resource_name.h"
#include "server/segment_point.h"

namespace rapport::server {
namespace {

constexpr int64_t kRowsBetweenLooks = 4096;
constexpr int kMostClusters = 12;
constexpr int kMostCompared = 50;

absl::Status NoSegmentRows() {
  return FailedPrecondition("NO_REPORT",
                            "the published generation has no segments yet: run the nightly batch");
}

void FillNight(const SegmentPoint& point, std::string_view definition, v1::AnswerContext* context) {
  const ReadPoint night{point.at().env, point.scope(), point.generation(), v1::VIEW_NIGHTLY,
                        point.at().now};
  FillContext(night, context);
  context->set_definition(std::string(definition));
}

absl::StatusOr<std::vector<segments::ClusterRow>> ReadRows(
    const CallContext& call, const SegmentPoint& point,
    const std::optional<segments::Bitmap>& only) {
  std::vector<segments::ClusterRow> rows;
  const uint32_t workspace_no = point.scope().workspace_no;
  const auto cursor = point.at().env.store.dataset().Scan(
      store::DatasetId::kFacts, point.generation()->generation(),
      {.begin = store::WorkspaceBegin(workspace_no), .end = store::WorkspaceEnd(workspace_no)});
  v1::CustomerFacts facts;
  for (int64_t row = 0; cursor->Valid(); cursor->Next(), ++row) {
    if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    const auto key = store::CustomerKey::Decode(cursor->Key());
    const std::string_view bytes = cursor->Value();
    if (!key || !facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return DataLoss("facts", "a row does not decode");
    }
    if (only.has_value() && !only->Has(key->customer_no)) continue;
    // By name, as numbers depend on the order in which customers came.
    const std::string name = point.scope().directory->PrimaryName(key->customer_no);
    const auto features =
        segments::ClusterRowOf(HashText64(name), facts, point.generation()->as_of_micros());
    if (features.has_value()) rows.push_back(*features);
  }
  RETURN_IF_ERROR(cursor->status());
  return rows;
}

absl::StatusOr<segments::ClusterOptions> OptionsOf(const v1::DiscoverClustersRequest& request,
                                                   const SegmentPoint& point) {
  const auto fits = [](int clusters) { return clusters >= 2 && clusters <= kMostClusters; };
  if (request.clusters() != 0 && !fits(request.clusters())) {
    return InvalidField("clusters", "OUT_OF_RANGE", Cat("must be 0 or 2 to ", kMostClusters));
  }
  if (request.max_clusters() != 0 && !fits(request.max_clusters())) {
    return InvalidField("max_clusters", "OUT_OF_RANGE", Cat("must be 0 or 2 to ", kMostClusters));
  }
  segments::ClusterOptions options;
  options.clusters = static_cast<size_t>(request.clusters());
  if (request.max_clusters() != 0) options.most = static_cast<size_t>(request.max_clusters());
  options.seed = static_cast<uint64_t>(request.seed());
  const std::vector<std::string> names(request.features().begin(), request.features().end());
  ASSIGN_OR_RETURN(options.features, segments::ParseFeatures(names));
  options.currency = UnpackCurrency(point.scope().settings.base_currency);
  return options;
}

// The segments to compare; without a choice the first ones.
absl::StatusOr<std::vector<size_t>> ChosenOf(const v1::CompareSegmentsRequest& request,
                                             const SegmentPoint& point) {
  std::vector<size_t> chosen;
  if (request.segments_size() > kMostCompared) {
    return InvalidField("segments", "TOO_MANY", Cat("at most ", kMostCompared));
  }
  for (int i = 0; i < request.segments_size(); ++i) {
    const std::string field = Cat("segments[", i, "]");
    const size_t segment = point.rules().Find(request.segments(i));
    if (segment == segments::RuleSet::npos) {
      return InvalidField(field, "UNKNOWN_SEGMENT",
                          Cat("there is no segment ", request.segments(i)));
    }
    if (std::ranges::find(chosen, segment) != chosen.end()) {
      return InvalidField(field, "DUPLICATE", "is there twice");
    }
    chosen.push_back(segment);
  }
  if (request.segments().empty()) {
    for (size_t i = 0; i < std::min<size_t>(point.size(), kMostCompared); ++i) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace

absl::Status HandleQueryRfmGrid(CallContext& call, const v1::QueryRfmGridRequest& request,
                                v1::RfmGrid* response) {
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(scope), ""));
  const auto rows = point->Rows();
  if (!rows.has_value()) return NoGeneration();
  ASSIGN_OR_RETURN(const auto cells, rows->Rfm());
  if (!cells.has_value()) return NoSegmentRows();
  segments::RfmSums sums;
  RETURN_IF_ERROR(sums.Decode(*cells));
  *response = sums.Answer(UnpackCurrency(point->scope().settings.base_currency));
  FillNight(*point, "rfm_grid", response->mutable_context());
  response->mutable_context()->set_sample_size(response->customer_count());
  return absl::OkStatus();
}

absl::Status HandleDiscoverClusters(CallContext& call, const v1::DiscoverClustersRequest& request,
                                    v1::ClusterReport* response) {
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(scope), request.segment()));
  ASSIGN_OR_RETURN(const segments::ClusterOptions options, OptionsOf(request, *point));
  if (point->generation() == nullptr) return NoGeneration();
  std::optional<segments::Bitmap> only;
  if (!request.segment().empty()) {
    ASSIGN_OR_RETURN(only, NightMembers(*point, request.segment()));
  }
  ASSIGN_OR_RETURN(auto rows, ReadRows(call, *point, only));
  ASSIGN_OR_RETURN(*response, segments::DiscoverClusters(rows, options));
  FillNight(*point, "clusters", response->mutable_context());
  response->mutable_context()->set_sample_size(response->customer_count());
  response->mutable_context()->add_notes(
      "Groups are found, not given: another seed or choice of features may find others.");
  return absl::OkStatus();
}

absl::Status HandleCompareSegments(CallContext& call, const v1::CompareSegmentsRequest& request,
                                   v1::SegmentComparison* response) {
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(scope)));
  ASSIGN_OR_RETURN(const std::vector<size_t> chosen, ChosenOf(request, *point));
  const auto rows = point->Rows();
  if (!rows.has_value()) return NoGeneration();
  std::vector<segments::Compared> compared;
  std::string unseen;
  for (const size_t segment : chosen) {
    RETURN_IF_ERROR(call.Alive());
    ASSIGN_OR_RETURN(const auto night, point->Night(segment));
    if (!night.has_value()) {
      unseen += Cat(unseen.empty() ? "" : ", ", point->rules().id(segment));
      continue;
    }
    ASSIGN_OR_RETURN(auto members,
                     rows->Set(store::SegmentRow::kMembers, point->book().number(segment)));
    compared.push_back({point->NameOf(segment), *night, std::move(members)});
  }
  *response = segments::Compare(compared);
  FillNight(*point, "segment_comparison", response->mutable_context());
  if (!compared.empty()) {
    response->mutable_context()->set_sample_size(compared.front().night.figures().universe());
  }
  if (!unseen.empty()) {
    response->mutable_context()->add_notes(Cat("No night has seen: ", unseen, "."));
  }
  return absl::OkStatus();
}

}  // namespace rapport::server
