// SPDX-License-Identifier: Apache-2.0
#include "lib/events/sealed_events.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/events/block.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

using store::BlockKey;
using store::DatasetId;

constexpr uint32_t kPerBlock = store::kCustomersPerBlock;

}  // namespace

absl::Status ReadCustomer(const store::Dataset& dataset, std::span<const store::Version> segments,
                          uint32_t workspace_no, CustomerNo customer_no, std::vector<EventRow>& out,
                          std::vector<SealedPlace>& places) {
  for (const store::Version segment : segments) {
    BlockKey key{workspace_no, customer_no / kPerBlock, 0};
    for (;; ++key.part) {
      const auto bytes = dataset.Get(DatasetId::kEventBlocks, segment, key.Encode());
      if (absl::IsNotFound(bytes.status())) break;
      RETURN_IF_ERROR(bytes.status());
      size_t first_index = 0;
      const size_t before = out.size();
      RETURN_IF_ERROR(DecodeCustomer(*bytes, customer_no, out, first_index));
      for (size_t i = before; i < out.size(); ++i) {
        places.push_back({segment, key.part, static_cast<uint32_t>(first_index + i - before)});
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ReadCustomer(const store::Dataset& dataset, std::span<const store::Version> segments,
                          uint32_t workspace_no, CustomerNo customer_no,
                          std::vector<EventRow>& out) {
  const auto begin = static_cast<ptrdiff_t>(out.size());
  std::vector<SealedPlace> places;
  RETURN_IF_ERROR(ReadCustomer(dataset, segments, workspace_no, customer_no, out, places));
  std::stable_sort(out.begin() + begin, out.end(), TimelineLess);
  return absl::OkStatus();
}

}  // namespace rapport::events
