// SPDX-License-Identifier: Apache-2.0
#include "lib/events/customer_walk.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/block.h"
#include "lib/events/payload_reader.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

using store::BlockKey;
using store::DatasetId;

constexpr uint32_t kPerBlock = store::kCustomersPerBlock;
constexpr uint32_t kNoBlock = std::numeric_limits<uint32_t>::max();

// A part of a block, decoded.
struct Source {
  store::Version segment = 0;
  uint16_t part = 0;
  BlockColumns columns;
};

// Where an event is: whose block, and where in it.
struct OwnedPlace {
  CustomerNo owner = 0;
  EventPlace place;
};
struct PlacedEvent {
  EventColumns event;
  OwnedPlace at;
};

auto Order(const PlacedEvent& placed) {
  const EventColumns& event = placed.event;
  return std::tuple(event.time, event.type, event.value, event.aux, event.channel, event.currency,
                    event.touchpoint_no, event.campaign_no);
}

// One segment's blocks in order.
class SegmentFeed {
 public:
  SegmentFeed(const store::Dataset& dataset, store::Version segment,
              const store::ScanOptions& range, uint32_t workspace_no)
      : segment_(segment),
        workspace_no_(workspace_no),
        cursor_(dataset.Scan(DatasetId::kEventBlocks, segment, range)) {
    Look();
  }
  uint32_t block_no() const { return block_no_; }  // That comes next; kNoBlock at the end.
  store::Version segment() const { return segment_; }
  const absl::Status& status() const { return status_; }

  void SkipTo(uint32_t block_no) {
    if (block_no_ >= block_no) return;
    cursor_->Seek(BlockKey{workspace_no_, block_no, 0}.Encode());
    Look();
  }
  // Decodes the part the feed stands on and moves behind it.
  void Take(std::span<const TypeNo> types, Source& source) {
    source.segment = segment_;
    source.part = part_;
    status_.Update(Annotate(DecodeColumns(cursor_->Value(), block_no_, types, source.columns),
                            Cat("segment ", segment_)));
    cursor_->Next();
    Look();
  }

 private:
  void Look() {
    block_no_ = kNoBlock;
    if (!status_.ok()) return;
    if (!cursor_->Valid()) {
      status_ = cursor_->status();
      return;
    }
    const auto key = BlockKey::Decode(cursor_->Key());
    if (!key.has_value()) {
      status_ = DataLoss(Cat("event_blocks/", segment_), "key does not decode");
      return;
    }
    block_no_ = key->block_no;
    part_ = key->part;
  }

  store::Version segment_;
  uint32_t workspace_no_;
  std::unique_ptr<store::Cursor> cursor_;
  uint32_t block_no_ = kNoBlock;
  uint16_t part_ = 0;
  absl::Status status_;
};

store::ScanOptions BlocksOf(uint32_t workspace_no, CustomerRange range) {
  store::ScanOptions options;
  options.begin = BlockKey{workspace_no, range.begin / kPerBlock, 0}.Encode();
  options.end = range.end == std::numeric_limits<CustomerNo>::max()
                    ? store::WorkspaceEnd(workspace_no)
                    : BlockKey{workspace_no, range.end / kPerBlock, 0}.Encode();
  return options;
}

}  // namespace

struct CustomerWalk::State {
  State(const ScanGround& ground_in, CustomerRange range_in, WalkOptions options_in)
      : ground(ground_in),
        range(range_in),
        options(std::move(options_in)),
        payloads(*ground_in.dataset, ground_in.log, ground_in.workspace_no) {}

  const ScanGround& ground;
  const CustomerRange range;
  const WalkOptions options;
  PayloadReader payloads;
  std::vector<SegmentFeed> feeds;
  std::vector<std::unique_ptr<Source>> sources;  // Kept for their capacity.
  size_t source_count = 0;                       // Of the block at hand.
  std::vector<Alias> by_survivor;                // Of the range: whom to add to whom.
  size_t next_survivor = 0;                      // In by_survivor.
  size_t next_merged = 0;                        // In ground.aliases.
  size_t next_only = 0;                          // In options.only.
  uint32_t block_no = kNoBlock;
  uint32_t slot = kPerBlock;          // In the block at hand; the next to look at.
  CustomerNo next_block_from = 0;     // Customers below it are done.
  std::vector<PlacedEvent> gathered;  // Of a customer with events in several places.
  std::vector<EventColumns> joined;   // The same, events only.
  std::span<const EventColumns> events;
  const Source* direct = nullptr;  // Where `events` points into; nullptr: joined.
  CustomerNo customer_no = 0;
  store::v1::EventPayload payload;  // The last one asked for by At().
  absl::Status status;

  void Open();
  uint32_t FindBlock();
  bool LoadBlock();
  bool Wanted(CustomerNo customer);
  bool Show(CustomerNo customer);
  void Join(CustomerNo customer);
  void GatherTail(CustomerNo owner);
  void GatherMerged(CustomerNo owner);
  bool HasTail(CustomerNo customer) const {
    const TailSlice& slice = ground.tail;
    return slice.tail != nullptr && slice.tail->HasEvents(customer, slice.after, slice.last);
  }
  bool IsWantedType(TypeNo type) const {
    return options.types.empty() || std::ranges::binary_search(options.types, type);
  }
};

void CustomerWalk::State::Open() {
  for (const Alias& alias : ground.aliases) {
    if (alias.survivor_no >= range.begin && alias.survivor_no < range.end) {
      by_survivor.push_back(alias);
    }
  }
  std::ranges::sort(by_survivor, {}, [](const Alias& alias) {
    return std::pair(alias.survivor_no, alias.customer_no);
  });
  next_merged = static_cast<size_t>(
      std::ranges::lower_bound(ground.aliases, range.begin, {}, &Alias::customer_no) -
      ground.aliases.begin());
  next_only = static_cast<size_t>(std::ranges::lower_bound(options.only, range.begin) -
                                  options.only.begin());
  next_block_from = range.begin;
  const store::ScanOptions blocks = BlocksOf(ground.workspace_no, range);
  for (const store::Version segment : ground.segments) {
    feeds.emplace_back(*ground.dataset, segment, blocks, ground.workspace_no);
    status.Update(feeds.back().status());
  }
}

// The next block that may have something to show; kNoBlock at the end of the range.
uint32_t CustomerWalk::State::FindBlock() {
  if (options.some) {
    while (next_only < options.only.size() && options.only[next_only] < next_block_from) {
      ++next_only;
    }
    if (next_only == options.only.size() || options.only[next_only] >= range.end) return kNoBlock;
    return options.only[next_only] / kPerBlock;
  }
  uint32_t next = kNoBlock;
  for (const SegmentFeed& feed : feeds) next = std::min(next, feed.block_no());
  while (next_survivor < by_survivor.size() &&
         by_survivor[next_survivor].survivor_no < next_block_from) {
    ++next_survivor;
  }
  if (next_survivor < by_survivor.size()) {
    next = std::min(next, by_survivor[next_survivor].survivor_no / kPerBlock);
  }
  if (ground.tail.tail != nullptr) {
    const CustomerNo end = std::min(range.end, next == kNoBlock ? range.end : next * kPerBlock);
    const CustomerNo found = ground.tail.tail->NextWithEvents(next_block_from, end);
    if (found < end) next = found / kPerBlock;
  }
  return next;
}

// Decodes the next block of all segments; false at the end.
bool CustomerWalk::State::LoadBlock() {
  block_no = FindBlock();
  payloads.Forget();
  source_count = 0;
  slot = 0;
  if (block_no == kNoBlock) return false;
  next_block_from = (block_no + 1) * kPerBlock;
  for (SegmentFeed& feed : feeds) {
    feed.SkipTo(block_no);
    while (feed.block_no() == block_no && feed.status().ok()) {
      if (source_count == sources.size()) sources.push_back(std::make_unique<Source>());
      feed.Take(options.types, *sources[source_count++]);
    }
    status.Update(feed.status());
  }
  return status.ok();
}

bool CustomerWalk::State::Wanted(CustomerNo customer) {
  const auto& aliases = ground.aliases;
  while (next_merged < aliases.size() && aliases[next_merged].customer_no < customer) ++next_merged;
  if (next_merged < aliases.size() && aliases[next_merged].customer_no == customer) return false;
  if (!options.some) return true;
  while (next_only < options.only.size() && options.only[next_only] < customer) ++next_only;
  return next_only < options.only.size() && options.only[next_only] == customer;
}

void CustomerWalk::State::GatherTail(CustomerNo owner) {
  const TailSlice& slice = ground.tail;
  if (slice.tail == nullptr) return;
  const auto begin = static_cast<ptrdiff_t>(gathered.size());
  slice.tail->ReadUpTo(owner, slice.after, slice.last, [&](const EventRow& row, LogPlace place) {
    if (IsWantedType(row.type)) gathered.push_back({ColumnsOf(row), {owner, place}});
  });
  std::reverse(gathered.begin() + begin, gathered.end());  // Order of arrival.
}

// Sealed and unsealed events of somebody merged into the customer.
void CustomerWalk::State::GatherMerged(CustomerNo owner) {
  std::vector<EventRow> rows;
  std::vector<SealedPlace> places;
  status.Update(
      ReadCustomer(*ground.dataset, ground.segments, ground.workspace_no, owner, rows, places));
  for (size_t i = 0; i < rows.size() && i < places.size(); ++i) {
    if (IsWantedType(rows[i].type)) gathered.push_back({ColumnsOf(rows[i]), {owner, places[i]}});
  }
  GatherTail(owner);
}

void CustomerWalk::State::Join(CustomerNo customer) {
  gathered.clear();
  const uint32_t in_block = customer % kPerBlock;
  for (size_t i = 0; i < source_count; ++i) {
    const Source& source = *sources[i];
    for (uint32_t at = source.columns.begin[in_block]; at < source.columns.begin[in_block + 1];
         ++at) {
      const SealedPlace place{source.segment, source.part, source.columns.RowOf(at)};
      gathered.push_back({source.columns.events[at], {customer, place}});
    }
  }
  GatherTail(customer);
  for (; next_survivor < by_survivor.size() && by_survivor[next_survivor].survivor_no == customer;
       ++next_survivor) {
    GatherMerged(by_survivor[next_survivor].customer_no);
  }
  std::ranges::stable_sort(gathered, {}, Order);
  joined.clear();
  for (const PlacedEvent& placed : gathered) joined.push_back(placed.event);
  direct = nullptr;
  events = joined;
}

// Brings the customer's events together; false if it has none that count.
bool CustomerWalk::State::Show(CustomerNo customer) {
  const uint32_t in_block = customer % kPerBlock;
  const Source* only_source = nullptr;
  size_t pieces = 0;
  for (size_t i = 0; i < source_count; ++i) {
    const BlockColumns& columns = sources[i]->columns;
    if (columns.begin[in_block] == columns.begin[in_block + 1]) continue;
    ++pieces;
    only_source = sources[i].get();
  }
  while (next_survivor < by_survivor.size() && by_survivor[next_survivor].survivor_no < customer) {
    ++next_survivor;
  }
  const bool merged =
      next_survivor < by_survivor.size() && by_survivor[next_survivor].survivor_no == customer;
  if (merged || pieces > 1 || HasTail(customer)) {
    Join(customer);
  } else if (pieces == 1) {
    const BlockColumns& columns = only_source->columns;
    direct = only_source;
    events = std::span(columns.events)
                 .subspan(columns.begin[in_block],
                          columns.begin[in_block + 1] - columns.begin[in_block]);
  } else {
    events = {};
  }
  if (!events.empty() && events.back().time > ground.until) {
    const auto end = std::ranges::upper_bound(events, ground.until, {}, &EventColumns::time);
    events = events.first(static_cast<size_t>(end - events.begin()));
  }
  customer_no = customer;
  return !events.empty() && status.ok();
}

CustomerWalk::CustomerWalk(const ScanGround& ground, CustomerRange range, WalkOptions options)
    : state_(std::make_unique<State>(ground, range, std::move(options))) {
  state_->Open();
}

CustomerWalk::~CustomerWalk() = default;

bool CustomerWalk::Next() {
  State& s = *state_;
  while (s.status.ok()) {
    while (s.block_no != kNoBlock && s.slot < kPerBlock) {
      const CustomerNo customer = s.block_no * kPerBlock + s.slot++;
      if (s.Wanted(customer) && s.Show(customer)) return true;
      if (!s.status.ok()) return false;
    }
    if (!s.LoadBlock()) return false;
  }
  return false;
}

CustomerNo CustomerWalk::customer_no() const { return state_->customer_no; }
std::span<const EventColumns> CustomerWalk::events() const { return state_->events; }
absl::Status CustomerWalk::status() const { return state_->status; }

absl::StatusOr<std::string_view> CustomerWalk::PayloadBytes(size_t index) {
  State& s = *state_;
  RAPPORT_CHECK(index < s.events.size());
  if (s.direct == nullptr) {
    const OwnedPlace& at = s.gathered[index].at;
    return s.payloads.Bytes(at.owner, at.place);
  }
  const BlockColumns& columns = s.direct->columns;
  const size_t event = columns.begin[s.customer_no % kPerBlock] + index;
  return s.payloads.Bytes(s.customer_no,
                          SealedPlace{s.direct->segment, s.direct->part, columns.RowOf(event)});
}

absl::StatusOr<store::v1::EventPayload> CustomerWalk::Payload(size_t index) {
  ASSIGN_OR_RETURN(const std::string_view bytes, PayloadBytes(index));
  store::v1::EventPayload payload;
  if (!payload.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss(Cat("customers/", state_->customer_no), "payload does not decode");
  }
  return payload;
}

const store::v1::EventPayload* CustomerWalk::At(size_t index) {
  auto payload = Payload(index);
  if (!payload.ok()) {
    state_->status.Update(payload.status());
    return nullptr;
  }
  state_->payload = *std::move(payload);
  return &state_->payload;
}

}  // namespace rapport::events
