// SPDX-License-Identifier: Apache-2.0
#include "server/listeners.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::server {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view field) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().find("-----BEGIN") == std::string::npos) {
    return InvalidField(field, "UNREADABLE", Cat(path, " is no readable PEM file"));
  }
  return text.str();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TcpCredentials(const Config& config) {
  if (config.tls_cert().empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(pair.private_key, ReadPem(config.tls_key(), "tls_key"));
  ASSIGN_OR_RETURN(pair.cert_chain, ReadPem(config.tls_cert(), "tls_cert"));
  options.pem_key_cert_pairs.push_back(std::move(pair));
  if (!config.tls_client_ca().empty()) {
    ASSIGN_OR_RETURN(options.pem_root_certs, ReadPem(config.tls_client_ca(), "tls_client_ca"));
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

absl::Status AddListeners(const Config& config, grpc::ServerBuilder& builder,
                          std::vector<int>* ports) {
  ASSIGN_OR_RETURN(const auto credentials, TcpCredentials(config));
  const int count = config.listen_size();
  ports->assign(static_cast<size_t>(count) + 1, 0);
  for (int i = 0; i < count; ++i) {
    builder.AddListeningPort(config.listen(i), credentials, &(*ports)[static_cast<size_t>(i)]);
  }
  if (!config.unix_socket().empty()) {
    builder.AddListeningPort(Cat("unix:", config.unix_socket()), grpc::InsecureServerCredentials(),
                             &ports->back());
  }
  // Otherwise a second server could take half of the first one's connections unseen.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  return absl::OkStatus();
}

bool ListensLocally(const Config& config) {
  return std::all_of(config.listen().begin(), config.listen().end(),
                     [](const std::string& address) { return IsLocalAddress(address); });
}

}  // namespace rapport::server
