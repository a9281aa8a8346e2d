// SPDX-License-Identifier: Apache-2.0
// What the night's customers look like as groups: the RFM grid, discovered clusters,
// segments ranked by value and growth with their overlaps.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/segment_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleQueryRfmGrid(CallContext& call, const v1::QueryRfmGridRequest& request,
                                v1::RfmGrid* response);
// Reads the facts of all customers: about 2 s a million.
absl::Status HandleDiscoverClusters(CallContext& call, const v1::DiscoverClustersRequest& request,
                                    v1::ClusterReport* response);
absl::Status HandleCompareSegments(CallContext& call, const v1::CompareSegmentsRequest& request,
                                   v1::SegmentComparison* response);

}  // namespace rapport::server
