// SPDX-License-Identifier: Apache-2.0
// Definitions of segments: stored in table definitions, at most 200 a workspace. Numbers of
// deleted segments are never given out again. Thread-safe: writers take turns.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/empty.pb.h"
#include "rapport/v1/segment_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleCreateSegment(CallContext& call, const v1::CreateSegmentRequest& request,
                                 v1::Segment* response);
absl::Status HandleGetSegment(CallContext& call, const v1::GetSegmentRequest& request,
                              v1::Segment* response);
absl::Status HandleListSegments(CallContext& call, const v1::ListSegmentsRequest& request,
                                v1::ListSegmentsResponse* response);
absl::Status HandleUpdateSegment(CallContext& call, const v1::UpdateSegmentRequest& request,
                                 v1::Segment* response);
absl::Status HandleDeleteSegment(CallContext& call, const v1::DeleteSegmentRequest& request,
                                 google::protobuf::Empty* response);

}  // namespace rapport::server
