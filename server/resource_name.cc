// SPDX-License-Identifier: Apache-2.0
#include "server/resource_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::server {
namespace {

constexpr std::string_view kWorkspaces = "workspaces/";
constexpr std::string_view kCustomers = "/customers/";
constexpr std::string_view kRuns = "runs/";
constexpr std::string_view kValueModel = "/valueModel";
constexpr std::string_view kExchangeRates = "/exchangeRates";
constexpr std::string_view kKeptPunctuation = "-._~:@";

bool IsAlnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }
bool IsKept(char c) { return IsAlnum(c) || kKeptPunctuation.find(c) != std::string_view::npos; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

absl::Status BadName(std::string_view field, std::string_view name, std::string_view form) {
  if (name.empty()) return InvalidField(field, "REQUIRED", Cat("is required, as ", form));
  return InvalidField(field, "BAD_NAME", Cat("must have the form ", form));
}

}  // namespace

std::string EncodeSegment(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (IsKept(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

bool DecodeSegment(std::string_view segment, std::string& out) {
  out.clear();
  out.reserve(segment.size());
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '/') return false;
    if (segment[i] != '%') {
      out += segment[i];
      continue;
    }
    if (i + 2 >= segment.size()) return false;
    const int high = HexDigit(segment[i + 1]);
    const int low = HexDigit(segment[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

bool IsWorkspaceId(std::string_view id) {
  if (id.empty() || id.size() > 63 || id[0] < 'a' || id[0] > 'z') return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool IsRunId(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsAlnum(c) || c == '_' || c == '-'; });
}

absl::StatusOr<std::string_view> ParseWorkspaceName(std::string_view name, std::string_view field) {
  constexpr std::string_view kForm = "workspaces/{workspace}";
  if (!name.starts_with(kWorkspaces)) return BadName(field, name, kForm);
  const std::string_view id = name.substr(kWorkspaces.size());
  if (!IsWorkspaceId(id)) return BadName(field, name, kForm);
  return id;
}

absl::StatusOr<CustomerName> ParseCustomerName(std::string_view name, std::string_view field) {
  constexpr std::string_view kForm = "workspaces/{workspace}/customers/{customer}";
  const size_t slash = name.find('/', kWorkspaces.size());
  if (!name.starts_with(kWorkspaces) || slash == std::string_view::npos) {
    return BadName(field, name, kForm);
  }
  CustomerName parsed;
  parsed.workspace = name.substr(kWorkspaces.size(), slash - kWorkspaces.size());
  const std::string_view rest = name.substr(slash);
  const bool ok = IsWorkspaceId(parsed.workspace) && rest.starts_with(kCustomers) &&
                  rest.size() > kCustomers.size() &&
                  DecodeSegment(rest.substr(kCustomers.size()), parsed.customer);
  if (!ok) return BadName(field, name, kForm);
  return parsed;
}

absl::StatusOr<ChildName> ParseChildName(std::string_view name, std::string_view collection,
                                         std::string_view field) {
  const std::string form = Cat("workspaces/{workspace}/", collection, "/{id}");
  const size_t slash = name.find('/', kWorkspaces.size());
  const size_t last = name.rfind('/');
  if (!name.starts_with(kWorkspaces) || slash == std::string_view::npos || last == slash ||
      name.substr(slash + 1, last - slash - 1) != collection) {
    return BadName(field, name, form);
  }
  ChildName parsed{name.substr(kWorkspaces.size(), slash - kWorkspaces.size()),
                   name.substr(last + 1)};
  const bool ok = IsWorkspaceId(parsed.workspace) && !parsed.id.empty() &&
                  std::all_of(parsed.id.begin(), parsed.id.end(),
                              [](char c) { return IsAlnum(c) || c == '_' || c == '-'; });
  if (!ok) return BadName(field, name, form);
  return parsed;
}

absl::StatusOr<std::string_view> ParseRunName(std::string_view name, std::string_view field) {
  if (!name.starts_with(kRuns) || !IsRunId(name.substr(kRuns.size()))) {
    return BadName(field, name, "runs/{run}");
  }
  return name.substr(kRuns.size());
}

absl::StatusOr<std::string_view> ParseValueModelName(std::string_view name,
                                                     std::string_view field) {
  if (!name.ends_with(kValueModel))
    return BadName(field, name, "workspaces/{workspace}/valueModel");
  return ParseWorkspaceName(name.substr(0, name.size() - kValueModel.size()), field);
}

absl::StatusOr<std::string_view> ParseExchangeRatesName(std::string_view name,
                                                        std::string_view field) {
  if (!name.ends_with(kExchangeRates)) {
    return BadName(field, name, "workspaces/{workspace}/exchangeRates");
  }
  return ParseWorkspaceName(name.substr(0, name.size() - kExchangeRates.size()), field);
}

std::string FormatWorkspaceName(std::string_view workspace) { return Cat(kWorkspaces, workspace); }

std::string FormatCustomerName(std::string_view workspace, std::string_view customer) {
  return Cat(kWorkspaces, workspace, kCustomers, EncodeSegment(customer));
}

std::string FormatEventName(std::string_view workspace, std::string_view event_id) {
  return Cat(kWorkspaces, workspace, "/events/", EncodeSegment(event_id));
}

std::string FormatMetricName(std::string_view workspace, std::string_view metric) {
  return Cat(kWorkspaces, workspace, "/metrics/", metric);
}

std::string FormatValueModelName(std::string_view workspace) {
  return Cat(kWorkspaces, workspace, kValueModel);
}

std::string FormatExchangeRatesName(std::string_view workspace) {
  return Cat(kWorkspaces, workspace, kExchangeRates);
}

std::string FormatChildName(std::string_view workspace, std::string_view collection,
                            std::string_view id) {
  return Cat(kWorkspaces, workspace, "/", collection, "/", id);
}

std::string FormatGenerationName(uint32_t generation) {
  return Cat("workspaces/-/generations/", generation);
}

std::string FormatRunName(std::string_view run_id) { return Cat(kRuns, run_id); }

}  // namespace rapport::server
