// SPDX-License-Identifier: Apache-2.0
// Resource names: `workspaces/{w}`, `workspaces/{w}/customers/{c}`, ... Parsing says which
// field is wrong; ids with special characters are percent-encoded in one segment.
//
// Pure, thread-safe. Errors: InvalidField(field, REQUIRED | BAD_NAME).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rapport::server {

// Letters, digits and -._~:@ stay; other bytes become %XX.
std::string EncodeSegment(std::string_view text);
// nullopt-like: false for broken escapes or a slash.
bool DecodeSegment(std::string_view segment, std::string& out);

// `id` is 1-63 of [a-z0-9-] and starts with a letter.
bool IsWorkspaceId(std::string_view id);
// `id` is 1-64 of [A-Za-z0-9_-].
bool IsRunId(std::string_view id);

// "workspaces/{w}" > w, a view into `name`.
absl::StatusOr<std::string_view> ParseWorkspaceName(std::string_view name, std::string_view field);

struct CustomerName {
  std::string_view workspace;  // A view into the name.
  std::string customer;        // Decoded.
};
// "workspaces/{w}/customers/{c}".
absl::StatusOr<CustomerName> ParseCustomerName(std::string_view name, std::string_view field);
struct ChildName {  // Views into the name.
  std::string_view workspace;
  std::string_view id;
};
// "workspaces/{w}/{collection}/{id}", e.g. of "goals"; ids of [A-Za-z0-9_-].
absl::StatusOr<ChildName> ParseChildName(std::string_view name, std::string_view collection,
                                         std::string_view field);
// "runs/{r}" > r.
absl::StatusOr<std::string_view> ParseRunName(std::string_view name, std::string_view field);
// "workspaces/{w}/valueModel" > w.
absl::StatusOr<std::string_view> ParseValueModelName(std::string_view name, std::string_view field);

// "workspaces/{w}/exchangeRates" > w.
absl::StatusOr<std::string_view> ParseExchangeRatesName(std::string_view name,
                                                        std::string_view field);

std::string FormatWorkspaceName(std::string_view workspace);
std::string FormatCustomerName(std::string_view workspace, std::string_view customer);
std::string FormatEventName(std::string_view workspace, std::string_view event_id);
std::string FormatMetricName(std::string_view workspace, std::string_view metric);
std::string FormatValueModelName(std::string_view workspace);
std::string FormatExchangeRatesName(std::string_view workspace);
std::string FormatChildName(std::string_view workspace, std::string_view collection,
                            std::string_view id);
std::string FormatGenerationName(uint32_t generation);
std::string FormatRunName(std::string_view run_id);

}  // namespace rapport::server
