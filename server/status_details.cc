// SPDX-License-Identifier: Apache-2.0
#include "server/status_details.h"

#include "google/protobuf/any.pb.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "rapport/v1/error_details.pb.h"

namespace rapport::server {
namespace {

// Ours mirror google.rpc messages field by field and travel under their names.
void Pack(const google::protobuf::Message& detail, v1::ErrorStatus& status) {
  auto* any = status.add_details();
  any->set_type_url(Cat("type.googleapis.com/google.rpc.", detail.GetDescriptor()->name()));
  detail.SerializeToString(any->mutable_value());
}

// "workspaces/w/customers/c" > "rapport.v1.customers": the last collection of the name.
std::string ResourceType(std::string_view name) {
  const size_t last = name.rfind('/');
  if (last == std::string_view::npos) return "rapport.v1";
  const size_t before = name.rfind('/', last - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return Cat("rapport.v1.", name.substr(begin, last - begin));
}

}  // namespace

std::string CodeName(absl::StatusCode code) { return absl::StatusCodeToString(code); }

std::string StatusDetails(const absl::Status& status, std::string_view request_id) {
  const ErrorDetail detail = DetailOf(status).value_or(ErrorDetail{});
  const std::string message(status.message());
  v1::ErrorStatus result;
  result.set_code(static_cast<int>(status.code()));
  result.set_message(message);
  v1::ErrorInfo error;
  error.set_reason(detail.reason.empty() ? CodeName(status.code()) : detail.reason);
  error.set_domain("rapport");
  auto& metadata = *error.mutable_metadata();
  metadata["request_id"] = request_id;
  if (!detail.field.empty()) metadata["field"] = detail.field;
  if (!detail.resource.empty()) metadata["resource"] = detail.resource;
  Pack(error, result);
  if (!detail.field.empty()) {
    v1::BadRequest request;
    auto* violation = request.add_field_violations();
    violation->set_field(detail.field);
    violation->set_description(message);
    Pack(request, result);
  }
  if (!detail.resource.empty()) {
    v1::ResourceInfo resource;
    resource.set_resource_type(ResourceType(detail.resource));
    resource.set_resource_name(detail.resource);
    resource.set_description(message);
    Pack(resource, result);
  }
  return result.SerializeAsString();
}

}  // namespace rapport::server
