// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/invocation.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

const Flag* FlagOf(const Action& action, std::string_view name) {
  for (const auto* flags : {&action.flags, &GlobalFlags()}) {
    for (const Flag& flag : *flags) {
      if (flag.name == name) return &flag;
    }
  }
  return nullptr;
}

}  // namespace

std::string Invocation::Text(std::string_view flag) const {
  const auto given = line_.flags.find(flag);
  if (given != line_.flags.end()) return given->second.back();
  const Flag* known = FlagOf(*line_.action, flag);
  return known == nullptr ? "" : std::string(known->fallback);
}

std::vector<std::string> Invocation::Texts(std::string_view flag) const {
  const auto given = line_.flags.find(flag);
  return given == line_.flags.end() ? std::vector<std::string>() : given->second;
}

absl::StatusOr<int64_t> Invocation::Number(std::string_view flag, int64_t low, int64_t high) const {
  int64_t value = 0;
  const std::string text = Text(flag);
  if (absl::SimpleAtoi(text, &value) && value >= low && value <= high) return value;
  return absl::InvalidArgumentError(
      Cat("--", flag, "=", text, ": must be a whole number from ", low, " to ", high));
}

std::string Invocation::Argument(size_t i) const {
  return i < line_.arguments.size() ? line_.arguments[i] : "";
}

absl::StatusOr<std::string> Invocation::Workspace() const {
  std::string id = Text("workspace");
  if (id.empty()) id = around_.environment("RAPPORT_WORKSPACE");
  if (id.empty()) {
    return absl::InvalidArgumentError("--workspace=ID is required (or set RAPPORT_WORKSPACE)");
  }
  return absl::StartsWith(id, "workspaces/") ? id : Cat("workspaces/", id);
}

absl::StatusOr<std::string> Invocation::Customer(std::string_view id) const {
  if (absl::StartsWith(ToAbsl(id), "workspaces/")) return std::string(id);
  ASSIGN_OR_RETURN(const std::string workspace, Workspace());
  return Cat(workspace, "/customers/", id);
}

std::string Invocation::ServerAddress() const {
  if (Has("server")) return Text("server");
  const std::string address = around_.environment("RAPPORT_SERVER");
  return address.empty() ? Text("server") : address;
}

absl::StatusOr<Connection*> Invocation::Server() {
  if (connection_ != nullptr) return connection_.get();
  ConnectOptions options;
  options.server = ServerAddress();
  options.token = around_.environment("RAPPORT_TOKEN");
  if (Has("token-file")) {
    ASSIGN_OR_RETURN(options.token, ReadFile(Text("token-file")));
    absl::StripAsciiWhitespace(&options.token);
  }
  if (Has("tls-ca")) {
    ASSIGN_OR_RETURN(options.ca_pem, ReadFile(Text("tls-ca")));
  }
  if (!absl::ParseDuration(Text("deadline"), &options.deadline) ||
      options.deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        Cat("--deadline=", Text("deadline"), ": must be a duration such as 30s or 5m"));
  }
  connection_ = around_.connect(options);
  return connection_.get();
}

absl::Status Invocation::PrintJson(const google::protobuf::Message& message) const {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) return Internal(status.ToString());
  out() << text;
  return absl::OkStatus();
}

}  // namespace rapport::ctl
