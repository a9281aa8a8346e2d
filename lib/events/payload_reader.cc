// SPDX-License-Identifier: Apache-2.0
#include "lib/events/payload_reader.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/batch.h"
#include "lib/events/block.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

absl::StatusOr<std::string_view> Pick(const std::vector<std::string_view>& payloads,
                                      uint32_t index) {
  if (index < payloads.size()) return payloads[index];
  return DataLoss("event_payloads", "fewer payloads than events");
}

}  // namespace

absl::StatusOr<std::string_view> PayloadReader::Bytes(CustomerNo customer_no,
                                                      const EventPlace& place) {
  const auto* sealed = std::get_if<SealedPlace>(&place);
  return sealed != nullptr ? ReadSealed(customer_no, *sealed) : ReadLog(std::get<LogPlace>(place));
}

absl::StatusOr<store::v1::EventPayload> PayloadReader::Read(CustomerNo customer_no,
                                                            const EventPlace& place) {
  ASSIGN_OR_RETURN(const std::string_view bytes, Bytes(customer_no, place));
  store::v1::EventPayload payload;
  if (!payload.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss(Cat("customers/", customer_no), "payload does not decode");
  }
  return payload;
}

void PayloadReader::Forget() {
  blocks_.clear();
  if (entry_bytes_ <= kMaxLogBytes) return;
  entries_.clear();
  entry_bytes_ = 0;
}

absl::StatusOr<std::string_view> PayloadReader::ReadSealed(CustomerNo customer_no,
                                                           const SealedPlace& place) {
  const store::BlockKey key{workspace_no_, customer_no / store::kCustomersPerBlock, place.part};
  const BlockId id{place.segment, key.block_no, place.part};
  if (const auto found = blocks_.find(id); found != blocks_.end()) {
    return Pick(found->second.payloads, place.index);
  }
  Values values;
  ASSIGN_OR_RETURN(values.bytes,
                   dataset_.Get(store::DatasetId::kEventPayloads, place.segment, key.Encode()));
  Values& kept = blocks_[id];
  kept.bytes = std::move(values.bytes);
  RETURN_IF_ERROR(DecodePayloads(kept.bytes, kept.payloads));
  return Pick(kept.payloads, place.index);
}

absl::StatusOr<std::string_view> PayloadReader::ReadLog(const LogPlace& place) {
  if (const auto found = entries_.find(place.sequence); found != entries_.end()) {
    return Pick(found->second.payloads, place.index);
  }
  if (log_ == nullptr) return Internal("payload of the log without a log");
  ASSIGN_OR_RETURN(std::string bytes, log_->Read(place.sequence));
  Values& kept = entries_[place.sequence];
  kept.bytes = std::move(bytes);
  entry_bytes_ += kept.bytes.size();
  DecodedBatch batch;
  RETURN_IF_ERROR(DecodeBatch(kept.bytes, /*with_payloads=*/true, batch));
  kept.payloads = std::move(batch.payloads);
  return Pick(kept.payloads, place.index);
}

}  // namespace rapport::events
