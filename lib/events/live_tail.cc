// SPDX-License-Identifier: Apache-2.0
#include "lib/events/live_tail.h"

#include <algorithm>
#include <utility>

#include "lib/base/log.h"
#include "lib/base/score_bucket.h"

namespace rapport::events {

CellKey CellOf(const EventRow& row, CivilDays day) {
  return {day,        row.touchpoint_no, row.campaign_no,
          row.type,   row.currency,      ScoreBucket(row.type, row.value, row.aux),
          row.channel};
}

void CellSums::Count(const EventRow& row) {
  ++count;
  value_sum += SummedValue(row.type, row.value);
  square_sum += SummedSquare(row.type, row.value);
}

LiveTail::LiveTail(store::Sequence base)
    : base_(base),
      nodes_(std::make_unique<std::atomic<Node*>[]>(kNodeChunks)),
      heads_(std::make_unique<std::atomic<Heads*>[]>(kHeadChunks)) {}

LiveTail::~LiveTail() {
  for (uint32_t i = 0; i < kNodeChunks; ++i) delete[] nodes_[i].load();
  for (uint32_t i = 0; i < kHeadChunks; ++i) delete[] heads_[i].load();
}

LiveTail::Heads& LiveTail::MutableHead(CustomerNo customer_no) {
  std::atomic<Heads*>& chunk = heads_[customer_no / kHeadsPerChunk];
  if (chunk.load(std::memory_order_relaxed) == nullptr) {
    chunk.store(new Heads[kHeadsPerChunk](), std::memory_order_release);
  }
  return chunk.load(std::memory_order_relaxed)[customer_no % kHeadsPerChunk];
}

LiveTail::Node& LiveTail::NewNode(uint32_t index) {
  std::atomic<Node*>& chunk = nodes_[index / kNodesPerChunk];
  if (chunk.load(std::memory_order_relaxed) == nullptr) {
    chunk.store(new Node[kNodesPerChunk], std::memory_order_release);
  }
  return chunk.load(std::memory_order_relaxed)[index % kNodesPerChunk];
}

void LiveTail::Append(const EventRow& row, LogPlace place) {
  RAPPORT_CHECK(place.sequence > base_ && place.sequence - base_ <= UINT32_MAX);
  const uint32_t at = count_.load(std::memory_order_relaxed) + 1;
  RAPPORT_CHECK(at < kMaxEvents);
  Heads& head = MutableHead(row.customer_no);
  Node& node = NewNode(at);
  node.time = row.time;
  node.value = row.value;
  node.aux = row.aux;
  node.touchpoint_no = row.touchpoint_no;
  node.campaign_no = row.campaign_no;
  node.previous = head.load(std::memory_order_relaxed);
  node.entry = static_cast<uint32_t>(place.sequence - base_);
  node.index = static_cast<uint16_t>(place.index);
  node.type = row.type;
  node.currency = row.currency;
  node.channel = row.channel;
  head.store(at, std::memory_order_release);
  count_.store(at, std::memory_order_release);
}

void LiveTail::PrefetchHead(CustomerNo customer_no) const {
  const Heads* chunk = heads_[customer_no / kHeadsPerChunk].load(std::memory_order_relaxed);
  if (chunk != nullptr) __builtin_prefetch(&chunk[customer_no % kHeadsPerChunk], 1);
}

EventRow LiveTail::RowOf(const Node& node, CustomerNo customer_no) {
  EventRow row;
  row.time = node.time;
  row.value = node.value;
  row.aux = node.aux;
  row.customer_no = customer_no;
  row.touchpoint_no = node.touchpoint_no;
  row.campaign_no = node.campaign_no;
  row.type = node.type;
  row.currency = node.currency;
  row.channel = node.channel;
  return row;
}

CustomerNo LiveTail::NextWithEvents(CustomerNo from, CustomerNo end) const {
  while (from < end) {
    const Heads* chunk = heads_[from / kHeadsPerChunk].load(std::memory_order_acquire);
    const uint64_t chunk_end = (uint64_t{from} / kHeadsPerChunk + 1) * kHeadsPerChunk;
    const auto stop = static_cast<CustomerNo>(std::min<uint64_t>(end, chunk_end));
    for (; chunk != nullptr && from < stop; ++from) {
      if (chunk[from % kHeadsPerChunk].load(std::memory_order_acquire) != 0) return from;
    }
    from = stop;
  }
  return end;
}

bool LiveTail::HasEvents(CustomerNo customer_no, store::Sequence after, uint32_t last) const {
  for (uint32_t at = Head(customer_no); at != 0; at = At(at).previous) {
    if (base_ + At(at).entry <= after) return false;
    if (at <= last) return true;
  }
  return false;
}

void LiveTail::AddCells(const CellMap& cells) {
  absl::MutexLock lock(&cells_mutex_);
  for (const auto& [key, sums] : cells) {
    CellSums& sum = cells_[key];
    sum.count += sums.count;
    sum.value_sum += sums.value_sum;
    sum.square_sum += sums.square_sum;
  }
}

void LiveTail::ReplaceCells(CellMap cells) {
  absl::MutexLock lock(&cells_mutex_);
  cells_ = std::move(cells);
}

}  // namespace rapport::events
