// SPDX-License-Identifier: Apache-2.0
// Batches that are stored together: identified, de-duplicated and packed into log entries
// by the writer thread.
//
// Not thread-safe. About 0.4 us an event with a million customers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/events/engine_state.h"
#include "lib/events/id_set.h"
#include "lib/events/prepare.h"

namespace rapport::events {

// One entry of the log in the making.
struct LogEntry {
  Workspace* workspace = nullptr;
  std::vector<EventRow> rows;
  std::vector<Hash128> ids;
  std::vector<uint32_t> payload_sizes;
  std::string payloads;
};

class IngestGroup {
 public:
  struct Context {
    IdSet& ids;
    UnsavedRows& unsaved;
    IdSet::Day today = 1;
    IdSet::Day horizon = 0;
  };
  explicit IngestGroup(Context context) : context_(context) {}

  // Takes a batch in; fills its outcome as if the group were stored.
  void Take(Prepared& batch);
  // Forgets the ids of the group: nothing of it was stored.
  void Undo();

  const std::vector<LogEntry>& entries() const { return entries_; }
  std::vector<std::string> Encode(TimeMicros receive_time) const;

 private:
  // The batch being taken.
  struct Taking {
    Prepared& batch;
    LogEntry* entry;
    std::vector<uint32_t> words;  // Numbers of the batch's words, kNotAsked before the first use.
    size_t payload_at = 0;
  };
  LogEntry& EntryFor(Workspace& workspace, size_t rows);
  void TakeEvent(Taking& taking, size_t i);
  bool NumberWords(Taking& taking, size_t i, EventRow& row);
  uint32_t NumberOf(Taking& taking, uint32_t word_ref);
  CustomerNo CustomerOf(Prepared& batch, const Who& who);

  Context context_;
  std::vector<LogEntry> entries_;
  absl::flat_hash_map<uint32_t, size_t> open_entries_;  // By workspace number.
  std::vector<Hash128> inserted_;
  std::vector<customers::IdentityRef> identities_;  // Scratch.
};

}  // namespace rapport::events
