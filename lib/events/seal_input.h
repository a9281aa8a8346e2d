// SPDX-License-Identifier: Apache-2.0
// What Seal reads from the log, arranged for writing: events by workspace and customer,
// id fingerprints by workspace and day of arrival.
//
// Memory: 60 bytes an event plus its payload, 16 bytes an id.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/hash.h"
#include "lib/events/row.h"
#include "lib/store/seam.h"

namespace rapport::events {

// Bytes that stay where they are put.
class ByteArena {
 public:
  std::string_view Keep(std::string_view bytes);

 private:
  static constexpr size_t kChunkBytes = 1u << 20;
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t used_ = kChunkBytes;
};

// Events of one workspace in order of arrival.
struct SealRows {
  std::vector<EventRow> rows;
  std::vector<const char*> payloads;
  std::vector<uint32_t> payload_sizes;
  CustomerNo last_customer = 0;
  // After GroupByCustomer(): places in `rows` by customer, a customer's in order of
  // arrival. starts[c] .. starts[c + 1] are those of customer c.
  std::vector<uint32_t> order;
  std::vector<uint32_t> starts;

  void GroupByCustomer();
  // Asks memory for a row that will be read soon.
  void Prefetch(uint32_t place) const {
    __builtin_prefetch(&rows[place]);
    __builtin_prefetch(&payloads[place]);
    __builtin_prefetch(&payload_sizes[place]);
  }
  std::string_view Payload(uint32_t place) const { return {payloads[place], payload_sizes[place]}; }
};

using IdDay = std::pair<uint32_t, uint32_t>;  // Workspace, UTC day of arrival.

struct SealInput {
  std::map<uint32_t, SealRows> by_workspace;
  std::map<IdDay, std::vector<Hash128>> ids;
  ByteArena arena;
  uint64_t event_count = 0;
};

// Reads log entries from .. through. FailedPrecondition LOG_TRIMMED if the first is gone.
absl::Status ReadSealInput(const store::EventLog& log, store::Sequence from,
                           store::Sequence through, SealInput& input);

}  // namespace rapport::events
