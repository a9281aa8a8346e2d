// SPDX-License-Identifier: Apache-2.0
#include "lib/base/errors.h"

#include <utility>

#include "absl/strings/cord.h"
#include "lib/base/text.h"

namespace rapport {
namespace {

constexpr char kReasonUrl[] = "rapport/reason";
constexpr char kFieldUrl[] = "rapport/field";
constexpr char kResourceUrl[] = "rapport/resource";

void Attach(absl::Status& status, const char* url, std::string_view value) {
  if (!value.empty()) status.SetPayload(url, absl::Cord(ToAbsl(value)));
}

absl::Status Make(absl::StatusCode code, std::string_view text, const ErrorDetail& detail) {
  absl::Status status(code, ToAbsl(text));
  Attach(status, kReasonUrl, detail.reason);
  Attach(status, kFieldUrl, detail.field);
  Attach(status, kResourceUrl, detail.resource);
  return status;
}

std::string Payload(const absl::Status& status, const char* url) {
  auto cord = status.GetPayload(url);
  return cord.has_value() ? std::string(*cord) : std::string();
}

}  // namespace

absl::Status InvalidField(std::string_view field, std::string_view reason, std::string_view text) {
  return Make(absl::StatusCode::kInvalidArgument, Cat(field, ": ", text),
              {std::string(reason), std::string(field), ""});
}

absl::Status NotFound(std::string_view resource) {
  return Make(absl::StatusCode::kNotFound, Cat(resource, " does not exist"),
              {"RESOURCE_NOT_FOUND", "", std::string(resource)});
}

absl::Status AlreadyExists(std::string_view resource) {
  return Make(absl::StatusCode::kAlreadyExists, Cat(resource, " exists already"),
              {"RESOURCE_EXISTS", "", std::string(resource)});
}

absl::Status FailedPrecondition(std::string_view reason, std::string_view text) {
  return Make(absl::StatusCode::kFailedPrecondition, text, {std::string(reason), "", ""});
}

absl::Status Aborted(std::string_view reason, std::string_view text) {
  return Make(absl::StatusCode::kAborted, text, {std::string(reason), "", ""});
}

absl::Status DataLoss(std::string_view key, std::string_view text) {
  return Make(absl::StatusCode::kDataLoss, Cat(key, ": ", text),
              {"STORED_BYTES_BROKEN", "", std::string(key)});
}

absl::Status Unauthenticated(std::string_view text) {
  return Make(absl::StatusCode::kUnauthenticated, text, {"UNAUTHENTICATED", "", ""});
}

absl::Status PermissionDenied(std::string_view reason, std::string_view text) {
  return Make(absl::StatusCode::kPermissionDenied, text, {std::string(reason), "", ""});
}

absl::Status ResourceExhausted(std::string_view reason, std::string_view text) {
  return Make(absl::StatusCode::kResourceExhausted, text, {std::string(reason), "", ""});
}

absl::Status Unavailable(std::string_view reason, std::string_view text) {
  return Make(absl::StatusCode::kUnavailable, text, {std::string(reason), "", ""});
}

absl::Status Internal(std::string_view text) {
  return Make(absl::StatusCode::kInternal, text, {"INTERNAL", "", ""});
}

std::optional<ErrorDetail> DetailOf(const absl::Status& status) {
  ErrorDetail detail{Payload(status, kReasonUrl), Payload(status, kFieldUrl),
                     Payload(status, kResourceUrl)};
  if (detail.reason.empty()) return std::nullopt;
  return detail;
}

absl::Status PrefixField(const absl::Status& status, std::string_view prefix) {
  auto detail = DetailOf(status);
  if (status.ok() || !detail.has_value() || detail->field.empty()) return status;
  detail->field = Cat(prefix, detail->field);
  return Make(status.code(), Cat(prefix, FromAbsl(status.message())), *detail);
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  return Make(status.code(), Cat(context, ": ", FromAbsl(status.message())),
              DetailOf(status).value_or(ErrorDetail{}));
}

}  // namespace rapport
