// SPDX-License-Identifier: Apache-2.0
// The unsealed events of one workspace in memory: per customer, and as counts per series
// cell.
//
// One thread appends; any number read at the same time without locks (counts take a short
// one). An event's node never changes or moves once its customer's head points to it.
// Memory: 48 bytes an event, 4 a customer. Reading costs about 0.1-0.2 us an event.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/calendar.h"
#include "lib/events/row.h"
#include "lib/store/seam.h"

namespace rapport::events {

// Where an unsealed event's payload is: entry of the log, index in it.
struct LogPlace {
  store::Sequence sequence = 0;
  uint32_t index = 0;
};

// Dimensions of a live series cell.
struct CellKey {
  int32_t day = 0;
  uint32_t touchpoint_no = 0;
  uint32_t campaign_no = 0;
  TypeNo type = 0;
  uint16_t currency = 0;
  uint16_t bucket = 0;
  uint8_t channel = 0;

  friend bool operator==(const CellKey&, const CellKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const CellKey& key) {
    const uint64_t place = uint64_t{static_cast<uint32_t>(key.day)} << 32 | key.touchpoint_no;
    const uint64_t kind = uint64_t{key.type} << 48 | uint64_t{key.currency} << 32 |
                          uint64_t{key.bucket} << 16 | key.channel;
    return H::combine(std::move(state), place, kind, key.campaign_no);
  }
};
struct CellSums {
  int64_t count = 0;
  int64_t value_sum = 0;
  unsigned __int128 square_sum = 0;  // Modulo 2^128.

  // Counts one event more.
  void Count(const EventRow& row);
};
using CellMap = absl::flat_hash_map<CellKey, CellSums>;

CellKey CellOf(const EventRow& row, CivilDays day);

class LiveTail {
 public:
  // Holds events of log entries after `base`.
  explicit LiveTail(store::Sequence base);
  ~LiveTail();
  LiveTail(const LiveTail&) = delete;
  LiveTail& operator=(const LiveTail&) = delete;

  static constexpr uint32_t kMaxEvents = 1u << 30;

  // Adds a row; visible to readers on return. `place.sequence` > base, less than 2^32 after it.
  void Append(const EventRow& row, LogPlace place);
  void PrefetchHead(CustomerNo customer_no) const;
  // Adds counts.
  void AddCells(const CellMap& cells);
  // Replaces all counts (the workspace's days have moved).
  void ReplaceCells(CellMap cells);

  // Calls visit(row, place) for each event of the customer that stands after `after` in the
  // log, latest arrival first.
  template <typename Visit>
  void Read(CustomerNo customer_no, store::Sequence after, Visit visit) const {
    for (uint32_t at = Head(customer_no); at != 0;) {
      const Node& node = At(at);
      if (base_ + node.entry <= after) return;  // Older ones stand further down.
      visit(RowOf(node, customer_no), LogPlace{base_ + node.entry, node.index});
      at = node.previous;
    }
  }
  // The same for those up to number `last` (a count() of before): later ones are not seen.
  template <typename Visit>
  void ReadUpTo(CustomerNo customer_no, store::Sequence after, uint32_t last, Visit visit) const {
    for (uint32_t at = Head(customer_no); at != 0;) {
      const Node& node = At(at);
      if (base_ + node.entry <= after) return;
      if (at <= last) visit(RowOf(node, customer_no), LogPlace{base_ + node.entry, node.index});
      at = node.previous;
    }
  }
  // The first customer from `from` on, below `end`, that has an event; `end` if none has.
  CustomerNo NextWithEvents(CustomerNo from, CustomerNo end) const;
  // Whether the customer has an event after `after` up to number `last`.
  bool HasEvents(CustomerNo customer_no, store::Sequence after, uint32_t last) const;
  // Calls visit(row, sequence) for all events in order of arrival; customer_no is 0.
  template <typename Visit>
  void ReadAll(Visit visit) const {
    const uint32_t count = count_.load(std::memory_order_acquire);
    for (uint32_t at = 1; at <= count; ++at) visit(RowOf(At(at), 0), base_ + At(at).entry);
  }
  // Calls visit(key, sums) for every cell, under the lock.
  template <typename Visit>
  void ReadCells(Visit visit) const {
    absl::ReaderMutexLock lock(&cells_mutex_);
    for (const auto& [key, sums] : cells_) visit(key, sums);
  }
  uint32_t count() const { return count_.load(std::memory_order_acquire); }
  store::Sequence base() const { return base_; }

 private:
  struct Node {
    TimeMicros time;
    int64_t value;
    int64_t aux;
    uint32_t touchpoint_no;
    uint32_t campaign_no;
    uint32_t previous;  // Of the same customer; 0 = none.
    uint32_t entry;     // Log sequence after base.
    uint16_t index;     // In the entry.
    TypeNo type;
    uint16_t currency;
    uint8_t channel;
  };
  static_assert(sizeof(Node) == 48);
  using Heads = std::atomic<uint32_t>;
  static constexpr uint32_t kNodesPerChunk = 1u << 17;
  static constexpr uint32_t kHeadsPerChunk = 1u << 17;
  static constexpr uint32_t kNodeChunks = kMaxEvents / kNodesPerChunk;
  static constexpr uint32_t kHeadChunks = 1u << 15;

  static EventRow RowOf(const Node& node, CustomerNo customer_no);
  const Node& At(uint32_t index) const {
    return nodes_[index / kNodesPerChunk].load(std::memory_order_acquire)[index % kNodesPerChunk];
  }
  uint32_t Head(CustomerNo customer_no) const {
    const Heads* chunk = heads_[customer_no / kHeadsPerChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? 0
                            : chunk[customer_no % kHeadsPerChunk].load(std::memory_order_acquire);
  }
  Heads& MutableHead(CustomerNo customer_no);
  Node& NewNode(uint32_t index);

  const store::Sequence base_;
  std::unique_ptr<std::atomic<Node*>[]> nodes_;
  std::unique_ptr<std::atomic<Heads*>[]> heads_;
  std::atomic<uint32_t> count_ = 0;  // Nodes 1 .. count_ are filled.
  mutable absl::Mutex cells_mutex_;
  CellMap cells_;
};

// The tails of all workspaces since one log sequence. Immutable but for what the tails
// themselves take in; a new workspace makes a new set that shares the old tails.
struct TailSet {
  store::Sequence base = 0;
  std::vector<std::shared_ptr<LiveTail>> by_workspace;  // By workspace_no; may hold nullptr.

  LiveTail* Find(uint32_t workspace_no) const {
    return workspace_no < by_workspace.size() ? by_workspace[workspace_no].get() : nullptr;
  }
};

}  // namespace rapport::events
