// SPDX-License-Identifier: Apache-2.0
#include "server/services/framework_service.h"

#include "rapport/v1/framework_service.grpc.pb.h"
#include "server/call.h"
#include "server/services/framework_definitions.h"
#include "server/services/framework_questions.h"

namespace rapport::server {
namespace {

class FrameworkService final : public v1::FrameworkService::CallbackService {
 public:
  explicit FrameworkService(Env& env) : env_(env) {}
  RAPPORT_UNARY(FrameworkService, ListFrameworks, v1::ListFrameworksResponse)
  RAPPORT_UNARY(FrameworkService, GetFramework, v1::Framework)
  RAPPORT_UNARY(FrameworkService, CreateFramework, v1::Framework)
  RAPPORT_UNARY(FrameworkService, UpdateFramework, v1::Framework)
  RAPPORT_UNARY(FrameworkService, DeleteFramework, google::protobuf::Empty)
  RAPPORT_UNARY(FrameworkService, GetCustomerJourney, v1::GetCustomerJourneyResponse)
  RAPPORT_UNARY(FrameworkService, QueryFramework, v1::FrameworkReport)
  RAPPORT_UNARY(FrameworkService, ListStageCustomers, v1::ListStageCustomersResponse)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewFrameworkService(Env& env) {
  return std::make_unique<FrameworkService>(env);
}

}  // namespace rapport::server
