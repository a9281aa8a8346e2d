// SPDX-License-Identifier: Apache-2.0
// From words to an exit code: RunProgram, error texts and exit codes.
#include <ostream>

#include "absl/strings/cord.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "tools/rapportctl/help.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

constexpr char kBadResultUrl[] = "rapportctl/bad_result";
constexpr int kBadResultCode = 1;
constexpr int kUsageCode = 2;
constexpr int kFirstErrorCode = 10;

struct Details {
  std::string reason;
  std::vector<std::pair<std::string, std::string>> fields;  // Field, what is wrong.
  std::string resource;
};

template <typename Message>
bool Unpack(const google::protobuf::Any& any, std::string_view type, Message& message) {
  const std::string& url = any.type_url();
  const size_t slash = url.rfind('/');
  return url.substr(slash + 1) == type && message.ParseFromString(any.value());
}

Details DetailsOf(const absl::Status& status) {
  Details details;
  if (const auto own = DetailOf(status)) {
    details.reason = own->reason;
    details.resource = own->resource;
    if (!own->field.empty()) details.fields.emplace_back(own->field, "");
  }
  const auto server = ServerDetails(status);
  if (!server.has_value()) return details;
  for (const auto& any : server->details()) {
    v1::ErrorInfo info;
    v1::BadRequest bad;
    v1::ResourceInfo resource;
    if (Unpack(any, "google.rpc.ErrorInfo", info)) details.reason = info.reason();
    if (Unpack(any, "google.rpc.ResourceInfo", resource)) {
      details.resource = resource.resource_name();
    }
    if (!Unpack(any, "google.rpc.BadRequest", bad)) continue;
    for (const auto& violation : bad.field_violations()) {
      details.fields.emplace_back(violation.field(), violation.description());
    }
  }
  return details;
}

std::string HintOf(const absl::Status& status, const Details& details, std::string_view server) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return Cat("is rapport-server running at ", server, "? Choose another with --server");
    case absl::StatusCode::kUnauthenticated:
      return "give a token with --token-file or RAPPORT_TOKEN";
    case absl::StatusCode::kPermissionDenied:
      return "the token's role does not allow this; see docs/operations.md";
    case absl::StatusCode::kDeadlineExceeded:
      return "allow more time with --deadline";
    case absl::StatusCode::kFailedPrecondition:
      return "derived answers need a nightly run: rapport-nightly";
    case absl::StatusCode::kUnimplemented:
      return "the server may be of another version: rapportctl version";
    case absl::StatusCode::kNotFound:
      return details.resource.find("/customers/") != std::string::npos
                 ? "rapportctl customers list shows known customers"
             : details.resource.rfind("workspaces/", 0) == 0
                 ? "rapportctl workspaces list shows known workspaces"
                 : "";
    default:
      return "";
  }
}

bool IsUsage(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument && !ServerDetails(status).has_value();
}

absl::Status RunLine(const std::vector<std::string>& words, const Surroundings& around,
                     std::string& server) {
  ASSIGN_OR_RETURN(CommandLine line, ParseCommandLine(words));
  if (line.help) {
    *around.out << HelpText(line.words, around.out_terminal);
    return absl::OkStatus();
  }
  const Action& action = *line.action;
  Invocation invocation(std::move(line), around);
  server = invocation.ServerAddress();
  return action.run(invocation);
}

}  // namespace

int RunProgram(const std::vector<std::string>& words, const Surroundings& around) {
  std::string server;
  const absl::Status status = RunLine(words, around, server);
  around.out->flush();
  if (!status.ok()) *around.err << ErrorText(status, around.err_terminal, server);
  return ExitCode(status);
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  if (status.GetPayload(kBadResultUrl).has_value()) return kBadResultCode;
  return IsUsage(status) ? kUsageCode : kFirstErrorCode + static_cast<int>(status.code());
}

std::string ErrorText(const absl::Status& status, const Terminal& terminal,
                      std::string_view server) {
  std::string text = Cat(terminal.In(Paint::kRed, "error:"), " ", FromAbsl(status.message()));
  if (status.GetPayload(kBadResultUrl).has_value()) return Cat(text, "\n");
  if (IsUsage(status) && !DetailOf(status).has_value()) {
    return Cat(text, "\n  hint:     rapportctl help\n");
  }
  const Details details = DetailsOf(status);
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text = Cat(text, "\n  ", Pad(Cat(name, ":"), 10), value);
  };
  add("code", FromAbsl(absl::StatusCodeToString(status.code())));
  add("reason", details.reason);
  for (const auto& [field, description] : details.fields) {
    // One violation is the message itself; of several each needs its own words.
    add("field", details.fields.size() == 1 ? field : Cat(field, ": ", description));
  }
  add("resource", details.resource);
  add("hint", HintOf(status, details, server));
  return Cat(text, "\n");
}

absl::Status BadResult(std::string_view text) {
  absl::Status status(absl::StatusCode::kFailedPrecondition, ToAbsl(text));
  status.SetPayload(kBadResultUrl, absl::Cord("1"));
  return status;
}

}  // namespace rapport::ctl
