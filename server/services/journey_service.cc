// SPDX-License-Identifier: Apache-2.0
#include "server/services/journey_service.h"

#include "rapport/v1/journey_service.grpc.pb.h"
#include "server/call.h"
#include "server/services/journey_questions.h"

namespace rapport::server {
namespace {

class JourneyService final : public v1::JourneyService::CallbackService {
 public:
  explicit JourneyService(Env& env) : env_(env) {}
  RAPPORT_UNARY(JourneyService, QueryFunnel, v1::QueryFunnelResponse)
  RAPPORT_UNARY(JourneyService, ListFunnelCustomers, v1::ListFunnelCustomersResponse)
  RAPPORT_UNARY(JourneyService, FindPainPoints, v1::FindPainPointsResponse)
  RAPPORT_UNARY(JourneyService, QueryPaths, v1::QueryPathsResponse)
  RAPPORT_UNARY(JourneyService, QueryStepEffect, v1::QueryStepEffectResponse)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewJourneyService(Env& env) {
  return std::make_unique<JourneyService>(env);
}

}  // namespace rapport::server
