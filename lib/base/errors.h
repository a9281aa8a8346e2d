// SPDX-License-Identifier: Apache-2.0
// Makers of every error a client can act on. An error carries a canonical code, a
// sentence, a stable UPPER_SNAKE reason, and where it applies the path of the
// offending request field. The server turns them into google.rpc details once.
//
//   return InvalidField("event.order.amount_micros", "NEGATIVE_AMOUNT", "must be >= 0");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rapport {

// What a client may read from an error beside its code and message.
struct ErrorDetail {
  std::string reason;    // UPPER_SNAKE, stable: clients branch on it.
  std::string field;     // Request field path, e.g. "events[3].survey.score"; may be empty.
  std::string resource;  // Resource name the error is about; may be empty.
};

// Bad input: INVALID_ARGUMENT naming the field. Message: "<field>: <text>".
absl::Status InvalidField(std::string_view field, std::string_view reason, std::string_view text);
// NOT_FOUND with reason RESOURCE_NOT_FOUND.
absl::Status NotFound(std::string_view resource);
// ALREADY_EXISTS with reason RESOURCE_EXISTS.
absl::Status AlreadyExists(std::string_view resource);
// FAILED_PRECONDITION: the system is not in a state for this call.
absl::Status FailedPrecondition(std::string_view reason, std::string_view text);
// ABORTED: somebody else changed it first; read again and repeat.
absl::Status Aborted(std::string_view reason, std::string_view text);
// DATA_LOSS: stored bytes that do not decode. `key` says where.
absl::Status DataLoss(std::string_view key, std::string_view text);
absl::Status Unauthenticated(std::string_view text);
absl::Status PermissionDenied(std::string_view reason, std::string_view text);
absl::Status ResourceExhausted(std::string_view reason, std::string_view text);
absl::Status Unavailable(std::string_view reason, std::string_view text);
absl::Status Internal(std::string_view text);

// The detail attached by a maker above; nullopt for a foreign status.
std::optional<ErrorDetail> DetailOf(const absl::Status& status);
// The same error with `prefix` put before its field ("events[3]." + "type").
absl::Status PrefixField(const absl::Status& status, std::string_view prefix);
// The same error whose message starts with `context` + ": ".
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace rapport
