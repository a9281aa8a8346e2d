// SPDX-License-Identifier: Apache-2.0
// The part of ingest that needs no order: a submitted batch checked and turned into
// columns, fingerprints and payload bytes, in the submitting thread.
//
// A Prepared batch keeps nothing of the caller's events. Pure, thread-safe; about 0.4 us a
// small event.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "lib/base/hash.h"
#include "lib/customers/directory.h"
#include "lib/events/dictionary.h"
#include "lib/events/workspace_events.h"

namespace rapport::events {

struct Workspace;

// A piece of Prepared::text.
struct Piece {
  uint32_t offset = 0;
  uint32_t length = 0;
};

// Whom an event names: a customer id alone, or a run of Prepared::identities.
struct Who {
  uint64_t hash = 0;  // Of the customer id.
  Piece customer_id;
  uint32_t first_identity = 0;
  uint32_t identity_count = 0;  // 0: the customer id alone.
};

struct PreparedIdentity {
  v1::IdentityKind kind = v1::IDENTITY_KIND_UNSPECIFIED;
  Piece value;
};

// A touchpoint, campaign or custom type of the batch, each once.
struct Word {
  DictionaryKind kind = store::v1::DICTIONARY_KIND_UNSPECIFIED;
  Piece text;
};

// Words of an event, as places in Prepared::words + 1; 0 = none.
struct WordRefs {
  uint32_t touchpoint = 0;
  uint32_t campaign = 0;
  uint32_t custom_type = 0;
};

// Valid events of a batch; the vectors run in parallel unless said otherwise.
struct Prepared {
  Workspace* workspace = nullptr;
  size_t submitted = 0;
  std::vector<EventRow> rows;
  std::vector<int32_t> positions;  // In the submitted batch.
  std::vector<Hash128> ids;
  std::vector<Who> who;
  std::vector<WordRefs> word_refs;
  std::vector<uint32_t> payload_sizes;
  std::string payloads;
  std::string text;
  std::vector<PreparedIdentity> identities;  // Not parallel.
  std::vector<Word> words;                   // Not parallel.
  IngestOutcome outcome;                     // Refused events so far, or a status.
  absl::AnyInvocable<void(IngestOutcome)> done;

  std::string_view At(Piece piece) const {
    return std::string_view(text).substr(piece.offset, piece.length);
  }
};

struct PrepareTimes {
  TimeMicros now = 0;          // Stored as receive time.
  TimeMicros latest_time = 0;  // Later events are refused.
};

// Fills `prepared` (workspace and done are left alone).
void Prepare(std::span<const v1::Event* const> events, PrepareTimes times, Prepared& prepared);

// An event that was refused, from the status of a check.
v1::RejectedEvent RejectionOf(int32_t index, const std::string& event_id,
                              const absl::Status& status);

}  // namespace rapport::events
