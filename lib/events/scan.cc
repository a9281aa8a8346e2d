// SPDX-License-Identifier: Apache-2.0
#include "lib/events/scan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/block.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

using store::BlockKey;
using store::DatasetId;

constexpr uint32_t kPerBlock = store::kCustomersPerBlock;
constexpr uint32_t kNoBlock = std::numeric_limits<uint32_t>::max();

// One segment's blocks in order.
class SegmentWalk {
 public:
  SegmentWalk(const store::Dataset& dataset, store::Version segment,
              const store::ScanOptions& range)
      : segment_(segment), cursor_(dataset.Scan(DatasetId::kEventBlocks, segment, range)) {
    Look();
  }
  // Block that comes next; kNoBlock at the end.
  uint32_t block_no() const { return block_no_; }
  const absl::Status& status() const { return status_; }

  // Appends the rows of all parts of the next block and moves behind it.
  void Take(std::vector<EventRow>& rows) {
    const uint32_t block_no = block_no_;
    while (block_no_ == block_no && status_.ok()) {
      status_.Update(
          Annotate(DecodeBlock(cursor_->Value(), block_no, rows), Cat("segment ", segment_)));
      cursor_->Next();
      Look();
    }
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
  }

  store::Version segment_;
  std::unique_ptr<store::Cursor> cursor_;
  uint32_t block_no_ = kNoBlock;
  absl::Status status_;
};

bool ByCustomer(const EventRow& a, const EventRow& b) { return a.customer_no < b.customer_no; }
bool RowLess(const EventRow& a, const EventRow& b) {
  return a.customer_no != b.customer_no ? a.customer_no < b.customer_no : TimelineLess(a, b);
}

}  // namespace

struct CustomerScan::State {
  const store::Dataset& dataset;
  std::vector<store::Version> segments;
  uint32_t workspace_no;
  std::vector<Alias> by_merged;    // By customer_no: whom to leave out.
  std::vector<Alias> by_survivor;  // Of the range: whom to add to whom.
  std::vector<SegmentWalk> walks;
  std::vector<EventRow> rows;    // Of the block at hand, sorted.
  std::vector<EventRow> joined;  // Of a survivor with merged customers.
  size_t at = 0;                 // In rows.
  size_t next_survivor = 0;      // In by_survivor.
  std::span<const EventRow> events;
  CustomerNo customer_no = 0;
  absl::Status status;

  uint32_t NextBlock() const;
  bool LoadBlock();
  bool IsMerged(CustomerNo customer) const;
  // Survivor with merged customers that comes next in the block at hand; 0 if none.
  CustomerNo PendingSurvivor() const;
  void Join(CustomerNo survivor, std::span<const EventRow> own);
  uint32_t block_no = kNoBlock;
};

uint32_t CustomerScan::State::NextBlock() const {
  uint32_t next = next_survivor < by_survivor.size()
                      ? by_survivor[next_survivor].survivor_no / kPerBlock
                      : kNoBlock;
  for (const SegmentWalk& walk : walks) next = std::min(next, walk.block_no());
  return next;
}

// Reads the next block of all segments; false at the end.
bool CustomerScan::State::LoadBlock() {
  rows.clear();
  at = 0;
  block_no = NextBlock();
  if (block_no == kNoBlock) return false;
  int sources = 0;
  for (SegmentWalk& walk : walks) {
    if (walk.block_no() == block_no) {
      walk.Take(rows);
      ++sources;
    }
    status.Update(walk.status());
  }
  if (sources > 1) std::ranges::stable_sort(rows, RowLess);
  return status.ok();
}

bool CustomerScan::State::IsMerged(CustomerNo customer) const {
  return std::ranges::binary_search(by_merged, customer, {}, &Alias::customer_no);
}

CustomerNo CustomerScan::State::PendingSurvivor() const {
  if (next_survivor == by_survivor.size()) return 0;
  const CustomerNo survivor = by_survivor[next_survivor].survivor_no;
  return survivor / kPerBlock == block_no ? survivor : 0;
}

void CustomerScan::State::Join(CustomerNo survivor, std::span<const EventRow> own) {
  joined.assign(own.begin(), own.end());
  for (; next_survivor < by_survivor.size() && by_survivor[next_survivor].survivor_no == survivor;
       ++next_survivor) {
    status.Update(ReadCustomer(dataset, segments, workspace_no,
                               by_survivor[next_survivor].customer_no, joined));
  }
  for (EventRow& row : joined) row.customer_no = survivor;
  std::ranges::stable_sort(joined, TimelineLess);
  events = joined;
  customer_no = survivor;
}

CustomerScan::CustomerScan(const store::Dataset& dataset, std::span<const store::Version> segments,
                           uint32_t workspace_no, std::span<const Alias> aliases,
                           CustomerRange range)
    : state_(new State{dataset,
                       {segments.begin(), segments.end()},
                       workspace_no,
                       {aliases.begin(), aliases.end()},
                       {},
                       {},
                       {},
                       {},
                       0,
                       0,
                       {},
                       0,
                       {}}) {
  std::ranges::sort(state_->by_merged, {}, &Alias::customer_no);
  for (const Alias& alias : aliases) {
    if (alias.survivor_no >= range.begin && alias.survivor_no < range.end) {
      state_->by_survivor.push_back(alias);
    }
  }
  std::ranges::sort(state_->by_survivor, {}, [](const Alias& alias) {
    return std::pair(alias.survivor_no, alias.customer_no);
  });
  store::ScanOptions options;
  options.begin = BlockKey{workspace_no, range.begin / kPerBlock, 0}.Encode();
  options.end = range.end == std::numeric_limits<CustomerNo>::max()
                    ? store::WorkspaceEnd(workspace_no)
                    : BlockKey{workspace_no, range.end / kPerBlock, 0}.Encode();
  for (const store::Version segment : segments) {
    state_->walks.emplace_back(dataset, segment, options);
    state_->status.Update(state_->walks.back().status());
  }
}

CustomerScan::~CustomerScan() = default;

bool CustomerScan::Next() {
  State& s = *state_;
  while (s.status.ok()) {
    const CustomerNo survivor = s.PendingSurvivor();
    if (s.at == s.rows.size() && survivor == 0) {
      if (!s.LoadBlock()) return false;
      continue;
    }
    const CustomerNo own =
        s.at < s.rows.size() ? s.rows[s.at].customer_no : std::numeric_limits<CustomerNo>::max();
    std::span<const EventRow> events;
    if (survivor == 0 || own <= survivor) {
      const auto begin = s.rows.begin() + static_cast<ptrdiff_t>(s.at);
      const auto end = std::upper_bound(begin, s.rows.end(), *begin, ByCustomer);
      events = {begin, end};
      s.at += events.size();
    }
    if (survivor != 0 && survivor <= own) {
      s.Join(survivor, events);
      if (s.events.empty()) continue;
      return s.status.ok();
    }
    if (s.IsMerged(own)) continue;
    s.events = events;
    s.customer_no = own;
    return true;
  }
  return false;
}

CustomerNo CustomerScan::customer_no() const { return state_->customer_no; }
std::span<const EventRow> CustomerScan::events() const { return state_->events; }
absl::Status CustomerScan::status() const { return state_->status; }

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
