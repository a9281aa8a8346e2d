// SPDX-License-Identifier: Apache-2.0
#include "server/services/segment_service.h"

#include "rapport/v1/segment_service.grpc.pb.h"
#include "server/call.h"
#include "server/services/segment_analyses.h"
#include "server/services/segment_definitions.h"
#include "server/services/segment_members.h"

namespace rapport::server {
namespace {

class SegmentService final : public v1::SegmentService::CallbackService {
 public:
  explicit SegmentService(Env& env) : env_(env) {}
  RAPPORT_UNARY(SegmentService, CreateSegment, v1::Segment)
  RAPPORT_UNARY(SegmentService, GetSegment, v1::Segment)
  RAPPORT_UNARY(SegmentService, ListSegments, v1::ListSegmentsResponse)
  RAPPORT_UNARY(SegmentService, UpdateSegment, v1::Segment)
  RAPPORT_UNARY(SegmentService, DeleteSegment, google::protobuf::Empty)
  RAPPORT_UNARY(SegmentService, CountSegment, v1::SegmentCount)
  RAPPORT_UNARY(SegmentService, ListSegmentCustomers, v1::ListSegmentCustomersResponse)
  RAPPORT_UNARY(SegmentService, TestSegment, v1::SegmentTest)
  RAPPORT_UNARY(SegmentService, ListSegmentChanges, v1::ListSegmentChangesResponse)
  RAPPORT_UNARY(SegmentService, PreviewSegment, v1::SegmentPreview)
  RAPPORT_UNARY(SegmentService, QueryRfmGrid, v1::RfmGrid)
  RAPPORT_UNARY(SegmentService, DiscoverClusters, v1::ClusterReport)
  RAPPORT_UNARY(SegmentService, CompareSegments, v1::SegmentComparison)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewSegmentService(Env& env) {
  return std::make_unique<SegmentService>(env);
}

}  // namespace rapport::server
