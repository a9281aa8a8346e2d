// SPDX-License-Identifier: Apache-2.0
#include "lib/events/ingest_group.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/events/batch.h"

namespace rapport::events {
namespace {

// An entry is what a reader of one payload has to fetch, so it stays small.
constexpr size_t kMaxEntryRows = 1024;
constexpr size_t kMaxEntryBytes = 256 * 1024;
// How many events ahead memory is asked for: first tables, then what they point to.
constexpr size_t kFarAhead = 16;
constexpr size_t kNearAhead = 8;
constexpr uint32_t kNotAsked = UINT32_MAX;

bool IsFull(const LogEntry& entry) {
  return entry.rows.size() >= kMaxEntryRows || entry.payloads.size() >= kMaxEntryBytes;
}

void PrefetchAhead(const IdSet& ids, const Prepared& batch, size_t i) {
  const customers::Directory& directory = *batch.workspace->directory;
  if (i + kFarAhead < batch.rows.size()) {
    ids.Prefetch(batch.ids[i + kFarAhead]);
    directory.PrefetchSlot(batch.who[i + kFarAhead].hash);
  }
  if (i + kNearAhead < batch.rows.size()) {
    directory.PrefetchRecord(batch.who[i + kNearAhead].hash);
  }
}

// The event id at the front of a payload that WritePayload made.
std::string IdOf(std::string_view payload) {
  std::string_view id;
  payload.remove_prefix(1);
  return GetBytes(payload, id) ? std::string(id) : std::string();
}

absl::Status TooMany(std::string_view field) {
  return InvalidField(field, "TOO_MANY", "the workspace has too many different values");
}

}  // namespace

LogEntry& IngestGroup::EntryFor(Workspace& workspace, size_t rows) {
  const auto it = open_entries_.find(workspace.number);
  if (it != open_entries_.end()) {
    LogEntry& open = entries_[it->second];
    if (!IsFull(open) && open.rows.size() + std::min(rows, kMaxEntryRows) <= kMaxEntryRows) {
      return open;
    }
  }
  open_entries_[workspace.number] = entries_.size();
  LogEntry& entry = entries_.emplace_back();
  entry.workspace = &workspace;
  return entry;
}

void IngestGroup::Take(Prepared& batch) {
  Taking taking{batch, &EntryFor(*batch.workspace, batch.rows.size()),
                std::vector<uint32_t>(batch.words.size(), kNotAsked)};
  const size_t refused_before = batch.outcome.rejected.size();
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    PrefetchAhead(context_.ids, batch, i);
    TakeEvent(taking, i);
    taking.payload_at += batch.payload_sizes[i];
  }
  auto merges = batch.workspace->directory->TakeMerges();
  std::ranges::move(merges, std::back_inserter(context_.unsaved.customers));
  std::vector<v1::RejectedEvent>& rejected = batch.outcome.rejected;
  if (rejected.size() > refused_before) std::ranges::sort(rejected, {}, &v1::RejectedEvent::index);
}

void IngestGroup::TakeEvent(Taking& taking, size_t i) {
  Prepared& batch = taking.batch;
  if (!context_.ids.Insert(batch.ids[i], context_.today, context_.horizon)) {
    batch.outcome.duplicates.push_back(batch.positions[i]);
    return;
  }
  EventRow& row = batch.rows[i];
  if (!NumberWords(taking, i, row)) {
    context_.ids.Erase(batch.ids[i]);
    return;
  }
  row.customer_no = CustomerOf(batch, batch.who[i]);
  inserted_.push_back(batch.ids[i]);
  if (IsFull(*taking.entry)) taking.entry = &EntryFor(*batch.workspace, batch.rows.size() - i);
  LogEntry& entry = *taking.entry;
  entry.rows.push_back(row);
  entry.ids.push_back(batch.ids[i]);
  entry.payload_sizes.push_back(batch.payload_sizes[i]);
  entry.payloads.append(batch.payloads, taking.payload_at, batch.payload_sizes[i]);
  ++batch.outcome.accepted;
}

// False when a dictionary is full: the event is refused.
bool IngestGroup::NumberWords(Taking& taking, size_t i, EventRow& row) {
  Prepared& batch = taking.batch;
  const WordRefs& refs = batch.word_refs[i];
  const auto number = [&](uint32_t ref, std::string_view field, uint32_t& out) {
    if (ref == 0) return true;
    out = NumberOf(taking, ref);
    if (out != 0) return true;
    const std::string_view payload =
        std::string_view(batch.payloads).substr(taking.payload_at, batch.payload_sizes[i]);
    batch.outcome.rejected.push_back(
        RejectionOf(batch.positions[i], IdOf(payload), TooMany(field)));
    return false;
  };
  uint32_t custom_type = 0;
  const bool fits = number(refs.touchpoint, "touchpoint", row.touchpoint_no) &&
                    number(refs.campaign, "campaign", row.campaign_no) &&
                    number(refs.custom_type, "custom_type", custom_type);
  if (custom_type != 0) row.type = static_cast<TypeNo>(kCustomTypeBase + custom_type);
  return fits;
}

uint32_t IngestGroup::NumberOf(Taking& taking, uint32_t word_ref) {
  uint32_t& number = taking.words[word_ref - 1];
  if (number == kNotAsked) {
    const Word& word = taking.batch.words[word_ref - 1];
    number = taking.batch.workspace->dictionary->Add(word.kind, taking.batch.At(word.text),
                                                     context_.unsaved.words);
  }
  return number;
}

CustomerNo IngestGroup::CustomerOf(Prepared& batch, const Who& who) {
  customers::Directory& directory = *batch.workspace->directory;
  if (who.identity_count == 0) {
    bool created = false;
    return directory.ResolveOrCreate(who.hash, batch.At(who.customer_id),
                                     context_.unsaved.identities, created);
  }
  identities_.clear();
  for (uint32_t i = 0; i < who.identity_count; ++i) {
    const PreparedIdentity& identity = batch.identities[who.first_identity + i];
    identities_.push_back({identity.kind, batch.At(identity.value)});
  }
  return directory.ResolveOrCreate(identities_, context_.unsaved.identities).customer_no;
}

void IngestGroup::Undo() {
  for (const Hash128& id : inserted_) context_.ids.Erase(id);
}

std::vector<std::string> IngestGroup::Encode(TimeMicros receive_time) const {
  std::vector<std::string> encoded;
  for (const LogEntry& entry : entries_) {
    if (entry.rows.empty()) continue;
    encoded.push_back(EncodeBatch(BatchView{entry.workspace->number, receive_time, entry.rows,
                                            entry.ids, entry.payload_sizes, entry.payloads}));
  }
  return encoded;
}

}  // namespace rapport::events
