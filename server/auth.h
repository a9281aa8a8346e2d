// SPDX-License-Identifier: Apache-2.0
// Who may call: bearer tokens with roles. Only SHA-256 hashes of tokens are kept, in memory
// as at rest, and compared in constant time over all of them.
//
// Thread-safe after construction. A check costs about 0.5 us.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "server/methods.h"

namespace rapport::server {

using TokenHash = std::array<uint8_t, 32>;
TokenHash HashToken(std::string_view token);

// InvalidField "role" BAD_ROLE unless reader, writer or admin.
absl::StatusOr<Role> ParseRole(std::string_view text);
std::string_view RoleName(Role role);

class Auth {
 public:
  // Reads tokens from the config and its file. InvalidArgument with the line of a broken entry.
  static absl::StatusOr<Auth> FromConfig(const Config& config);

  // With `insecure`, everybody is admin and no credentials are looked at.
  bool insecure() const { return insecure_; }
  // OK if `authorization` ("Bearer <token>"; empty = none sent) has at least `needed`.
  // UNAUTHENTICATED without a known token, PERMISSION_DENIED ROLE_TOO_LOW.
  absl::Status Check(std::string_view authorization, Role needed) const;

 private:
  struct Entry {
    TokenHash hash{};
    Role role = Role::kNone;
    std::string name;
  };
  absl::Status Add(std::string_view sha256, std::string_view role, std::string_view name);
  absl::Status AddFile(const std::string& path);

  bool insecure_ = false;
  std::vector<Entry> entries_;
};

}  // namespace rapport::server
