// SPDX-License-Identifier: Apache-2.0
// Payloads by place, sealed or still in the log; each block or entry that holds them is
// fetched once while it is kept.
//
// Not thread-safe. A first payload of a block costs its decompression (about 50 us), each
// further one 0.3 us to decode. Memory: sealed blocks until Forget(), log entries up to
// kMaxLogBytes. Errors: DataLoss for what does not decode.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/events/live_tail.h"
#include "lib/events/sealed_events.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::events {

using EventPlace = std::variant<SealedPlace, LogPlace>;

class PayloadReader {
 public:
  // `log` may be nullptr when nothing is read from it.
  PayloadReader(const store::Dataset& dataset, const store::EventLog* log, uint32_t workspace_no)
      : dataset_(dataset), log_(log), workspace_no_(workspace_no) {}

  static constexpr size_t kMaxLogBytes = 64u << 20;

  // The payload of an event of the customer, as it is stored. Good until Forget().
  absl::StatusOr<std::string_view> Bytes(CustomerNo customer_no, const EventPlace& place);
  absl::StatusOr<store::v1::EventPayload> Read(CustomerNo customer_no, const EventPlace& place);
  // Lets sealed blocks go, and log entries if there are many.
  void Forget();

 private:
  // Bytes as stored and the payloads in them.
  struct Values {
    std::string bytes;
    std::vector<std::string_view> payloads;
  };
  using BlockId = std::tuple<store::Version, uint32_t, uint16_t>;  // Segment, block, part.

  absl::StatusOr<std::string_view> ReadSealed(CustomerNo customer_no, const SealedPlace& place);
  absl::StatusOr<std::string_view> ReadLog(const LogPlace& place);

  const store::Dataset& dataset_;
  const store::EventLog* log_;
  const uint32_t workspace_no_;
  std::map<BlockId, Values> blocks_;  // Nodes do not move: the views stay good.
  std::map<store::Sequence, Values> entries_;
  size_t entry_bytes_ = 0;
};

}  // namespace rapport::events
