// SPDX-License-Identifier: Apache-2.0
// The server as one object: store, engine, services and listeners. `rapport-server` starts
// one from flags; tests start one in process.
//
// Start() returns once every address is bound and calls are answered. Shutdown() drains:
// health turns NOT_SERVING, streams end after their last acknowledgement, calls in flight
// get `drain_seconds`, then the store closes. Both are for one thread.
//
//   ASSIGN_OR_RETURN(auto server, Server::Start({.config = config}));
//   Connect(Cat("127.0.0.1:", server->port()));
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "server/config.h"

namespace rapport::server {

struct ServerOptions {
  Config config;                 // Completed by Start.
  const Clock* clock = nullptr;  // The machine's if null; must outlive the server.
};

class Server {
 public:
  // InvalidArgument for settings, FailedPrecondition for a store that is locked or newer,
  // Unavailable ADDRESS_IN_USE when an address cannot be bound.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options);
  ~Server();  // Shutdown() if that has not been called.

  // Port of the first TCP address, 0 without one.
  int port() const;
  // Port of the Prometheus endpoint, 0 without one.
  int metrics_port() const;
  void Shutdown();

 private:
  Server();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rapport::server
