// SPDX-License-Identifier: Apache-2.0
#include "server/auth.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::server {
namespace {

constexpr std::string_view kScheme = "bearer ";

// The token of "Bearer <token>"; empty if it is something else.
std::string_view TokenOf(std::string_view authorization) {
  if (!absl::StartsWithIgnoreCase(ToAbsl(authorization), ToAbsl(kScheme))) return {};
  return authorization.substr(kScheme.size());
}

}  // namespace

TokenHash HashToken(std::string_view token) {
  TokenHash hash;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

absl::StatusOr<Role> ParseRole(std::string_view text) {
  for (Role role : {Role::kReader, Role::kWriter, Role::kAdmin}) {
    if (text == RoleName(role)) return role;
  }
  return InvalidField("role", "BAD_ROLE", "must be reader, writer or admin");
}

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kReader:
      return "reader";
    case Role::kWriter:
      return "writer";
    case Role::kAdmin:
      return "admin";
    case Role::kNone:
      break;
  }
  return "none";
}

absl::StatusOr<Auth> Auth::FromConfig(const Config& config) {
  Auth auth;
  auth.insecure_ = config.insecure();
  for (int i = 0; i < config.tokens_size(); ++i) {
    const auto& token = config.tokens(i);
    const absl::Status added = auth.Add(token.sha256(), token.role(), token.name());
    if (!added.ok()) return PrefixField(added, Cat("tokens[", i, "]."));
  }
  if (!config.tokens_file().empty()) RETURN_IF_ERROR(auth.AddFile(config.tokens_file()));
  if (!auth.insecure_ && auth.entries_.empty()) {
    return InvalidField("tokens_file", "NO_TOKENS", "holds no token");
  }
  return auth;
}

absl::Status Auth::Add(std::string_view sha256, std::string_view role, std::string_view name) {
  const bool is_hex = sha256.size() == 64 && std::all_of(sha256.begin(), sha256.end(), [](char c) {
                        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                      });
  if (!is_hex) return InvalidField("sha256", "BAD_HASH", "must be 64 hexadecimal digits");
  Entry entry;
  const std::string bytes = absl::HexStringToBytes(ToAbsl(sha256));
  std::copy(bytes.begin(), bytes.end(), entry.hash.begin());
  ASSIGN_OR_RETURN(entry.role, ParseRole(role));
  entry.name = name;
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::Status Auth::AddFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return InvalidField("tokens_file", "UNREADABLE", Cat("cannot read ", path));
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string sha256, role, name;
    if (!(words >> sha256) || sha256.starts_with('#')) continue;
    words >> role >> name;
    const absl::Status added = Add(sha256, role, name);
    if (!added.ok()) return PrefixField(added, Cat("tokens_file:", number, ": "));
  }
  return absl::OkStatus();
}

absl::Status Auth::Check(std::string_view authorization, Role needed) const {
  if (insecure_) return absl::OkStatus();
  const std::string_view token = TokenOf(authorization);
  if (token.empty()) return Unauthenticated("send metadata `authorization: Bearer <token>`");
  const TokenHash hash = HashToken(token);
  Role role = Role::kNone;
  for (const Entry& entry : entries_) {
    const bool same = CRYPTO_memcmp(entry.hash.data(), hash.data(), hash.size()) == 0;
    if (same) role = entry.role;
  }
  if (role == Role::kNone) return Unauthenticated("the token is not known");
  if (role < needed) {
    return PermissionDenied("ROLE_TOO_LOW", Cat("needs role ", RoleName(needed),
                                                "; the token has role ", RoleName(role)));
  }
  return absl::OkStatus();
}

}  // namespace rapport::server
