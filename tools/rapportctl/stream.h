// SPDX-License-Identifier: Apache-2.0
// Sends batches of events with several in flight and takes acknowledgements in order.
//
// A broken connection is opened again with growing pauses and everything that is not
// acknowledged is sent again; event ids make that harmless. Gives up when `retries`
// attempts in a row bring no acknowledgement.
//
// Used from one thread, on which `on_ack` is also called (inside Send and Finish); a
// second thread only reads acknowledgements. Memory: `window` batches.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rapport/v1/event_service.pb.h"
#include "tools/rapportctl/client.h"

namespace rapport::ctl {

struct SendOptions {
  std::string workspace;  // Resource name.
  size_t window = 8;      // Batches in flight.
  int retries = 8;
  absl::Duration first_pause = absl::Milliseconds(200);
};

// Counts over all acknowledged batches.
struct SendTotals {
  int64_t accepted = 0;
  int64_t duplicates = 0;
  int64_t rejected = 0;
  int64_t batches = 0;
};

class EventSender {
 public:
  using OnAck =
      std::function<void(const v1::StreamEventsRequest&, const v1::StreamEventsResponse&)>;

  EventSender(Connection& connection, SendOptions options, OnAck on_ack);
  ~EventSender();
  EventSender(const EventSender&) = delete;
  EventSender& operator=(const EventSender&) = delete;

  // Waits while the window is full. The batch's id is set here: 1, 2, 3, ...
  absl::Status Send(v1::StreamEventsRequest batch);
  // Waits for all acknowledgements and ends the stream.
  absl::Status Finish();

  const SendTotals& totals() const { return totals_; }

 private:
  void Open();
  absl::Status Close();
  void ReadAcks();
  // Waits until fewer than `limit` batches are in flight.
  absl::Status Drain(size_t limit);
  absl::Status Recover();
  absl::Status TakeAck(const v1::StreamEventsResponse& ack);

  Connection& connection_;
  const SendOptions options_;
  const OnAck on_ack_;
  SendTotals totals_;
  std::deque<v1::StreamEventsRequest> in_flight_;
  int64_t next_batch_id_ = 1;
  int failures_ = 0;
  std::unique_ptr<EventStream> stream_;
  std::thread reader_;
  // The standard's mutex: the thread sanitizer sees its conditions.
  std::mutex mutex_;
  std::condition_variable heard_;              // An acknowledgement or the end.
  std::deque<v1::StreamEventsResponse> acks_;  // mutex_
  bool ended_ = false;                         // mutex_
};

}  // namespace rapport::ctl
