// SPDX-License-Identifier: Apache-2.0
#include "lib/events/seal_input.h"

#include <algorithm>
#include <cstring>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/events/batch.h"

namespace rapport::events {

std::string_view ByteArena::Keep(std::string_view bytes) {
  if (bytes.size() > kChunkBytes / 4) {
    // A chunk of its own, behind which the open chunk goes on.
    auto own = std::make_unique<char[]>(bytes.size());
    std::memcpy(own.get(), bytes.data(), bytes.size());
    const std::string_view kept(own.get(), bytes.size());
    chunks_.insert(chunks_.begin(), std::move(own));
    return kept;
  }
  if (chunks_.empty() || used_ + bytes.size() > kChunkBytes) {
    chunks_.emplace_back(new char[kChunkBytes]);
    used_ = 0;
  }
  char* to = chunks_.back().get() + used_;
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  used_ += bytes.size();
  return {to, bytes.size()};
}

void SealRows::GroupByCustomer() {
  RAPPORT_CHECK(rows.size() < UINT32_MAX);
  starts.assign(last_customer + size_t{2}, 0);
  for (const EventRow& row : rows) ++starts[row.customer_no + size_t{1}];
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  order.resize(rows.size());
  std::vector<uint32_t> next(starts.begin(), starts.end() - 1);
  for (uint32_t place = 0; place < rows.size(); ++place) {
    order[next[rows[place].customer_no]++] = place;
  }
}

absl::Status ReadSealInput(const store::EventLog& log, store::Sequence from,
                           store::Sequence through, SealInput& input) {
  store::Sequence expected = from;
  bool finished = from > through;
  DecodedBatch batch;
  const auto visit = [&](store::Sequence sequence, std::string_view bytes) {
    if (sequence > through) {
      finished = true;
      return absl::CancelledError("all read");
    }
    if (sequence != expected) {
      return FailedPrecondition("LOG_TRIMMED", Cat("log entry ", expected, " is gone"));
    }
    ++expected;
    if (absl::Status status = DecodeBatch(bytes, /*with_payloads=*/true, batch); !status.ok()) {
      return Annotate(status, Cat("log entry ", sequence));
    }
    SealRows& to = input.by_workspace[batch.workspace_no];
    for (size_t i = 0; i < batch.rows.size(); ++i) {
      const std::string_view payload = input.arena.Keep(batch.payloads[i]);
      to.rows.push_back(batch.rows[i]);
      to.payloads.push_back(payload.data());
      to.payload_sizes.push_back(static_cast<uint32_t>(payload.size()));
      to.last_customer = std::max(to.last_customer, batch.rows[i].customer_no);
    }
    const auto day =
        static_cast<uint32_t>(std::max<int64_t>(batch.receive_time / kMicrosPerDay, 0));
    std::vector<Hash128>& ids = input.ids[{batch.workspace_no, day}];
    ids.insert(ids.end(), batch.ids.begin(), batch.ids.end());
    input.event_count += batch.rows.size();
    return absl::OkStatus();
  };
  if (finished) return absl::OkStatus();
  const absl::Status status = log.Replay(from, visit);
  if (!finished && !status.ok()) return status;
  if (expected <= through) {
    return FailedPrecondition("LOG_TRIMMED", Cat("log entry ", expected, " is not there"));
  }
  return absl::OkStatus();
}

}  // namespace rapport::events
