// SPDX-License-Identifier: Apache-2.0
// Who belongs to segments: counts, lists, why, entries and exits, rules that are not saved.
//
// From the generation's bitmaps where they answer (a count 0.3 ms, a page of 100 some 2 ms
// whatever the segment's size), else by evaluating all customers (about 0.5 s for 20M
// events).
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/segment_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleCountSegment(CallContext& call, const v1::CountSegmentRequest& request,
                                v1::SegmentCount* response);
absl::Status HandleListSegmentCustomers(CallContext& call,
                                        const v1::ListSegmentCustomersRequest& request,
                                        v1::ListSegmentCustomersResponse* response);
absl::Status HandleTestSegment(CallContext& call, const v1::TestSegmentRequest& request,
                               v1::SegmentTest* response);
absl::Status HandlePreviewSegment(CallContext& call, const v1::PreviewSegmentRequest& request,
                                  v1::SegmentPreview* response);
absl::Status HandleListSegmentChanges(CallContext& call,
                                      const v1::ListSegmentChangesRequest& request,
                                      v1::ListSegmentChangesResponse* response);

}  // namespace rapport::server
