// SPDX-License-Identifier: Apache-2.0
// Answers of SegmentService as people read them.
#pragma once

#include <string>

#include "rapport/v1/segment_service.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

std::string SegmentText(const v1::Segment& segment, const Terminal& terminal);
std::string SegmentsText(const v1::ListSegmentsResponse& answer, const Terminal& terminal);
std::string SegmentCountText(const v1::SegmentCount& count, const Terminal& terminal);
std::string SegmentCustomersText(
    const google::protobuf::RepeatedPtrField<v1::SegmentCustomer>& customers,
    const Terminal& terminal);
std::string SegmentChangesText(const v1::ListSegmentChangesResponse& answer,
                               const Terminal& terminal);
// The tree of conditions with + for those that hold.
std::string SegmentTestText(const v1::SegmentTest& answer, const Terminal& terminal);
// The grid as a heat map of customers, then the named segments.
std::string RfmGridText(const v1::RfmGrid& grid, const Terminal& terminal);
std::string ClustersText(const v1::ClusterReport& report, const Terminal& terminal);
// Priorities, then the overlap matrix as Jaccard shares.
std::string SegmentComparisonText(const v1::SegmentComparison& comparison,
                                  const Terminal& terminal);

}  // namespace rapport::ctl
