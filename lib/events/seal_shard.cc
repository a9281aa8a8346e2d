// SPDX-License-Identifier: Apache-2.0
#include "lib/events/seal_shard.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/block.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

using store::BlockKey;
using store::DatasetFile;
using store::DatasetId;

constexpr uint32_t kPerBlock = store::kCustomersPerBlock;
constexpr uint32_t kNoBlock = std::numeric_limits<uint32_t>::max();
// Sizes of one part: rows first, then bytes.
constexpr size_t kMaxPartRows = 4096;
constexpr size_t kMaxPartBytes = 48 * 1024;
constexpr size_t kMaxPayloadBytes = 256 * 1024;
// How many rows ahead of reading memory is asked for.
constexpr uint32_t kRowsAhead = 16;

// An event on its way into the new segment.
struct SealedEvent {
  EventRow row;
  std::string_view payload;
};

bool EventLess(const SealedEvent& a, const SealedEvent& b) {
  return a.row.customer_no != b.row.customer_no ? a.row.customer_no < b.row.customer_no
                                                : TimelineLess(a.row, b.row);
}

// Reads one segment's blocks and payloads side by side.
class FoldReader {
 public:
  FoldReader(const store::Dataset& dataset, store::Version segment, const Shard& shard)
      : segment_(segment) {
    store::ScanOptions range;
    range.begin = BlockKey{shard.workspace_no, shard.begin_block, 0}.Encode();
    range.end = BlockKey{shard.workspace_no, shard.end_block, 0}.Encode();
    blocks_ = dataset.Scan(DatasetId::kEventBlocks, segment, range);
    payloads_ = dataset.Scan(DatasetId::kEventPayloads, segment, range);
  }
  // Block that comes next; kNoBlock at the end.
  uint32_t block_no() const {
    if (!blocks_->Valid()) return kNoBlock;
    const auto key = BlockKey::Decode(blocks_->Key());
    return key.has_value() ? key->block_no : kNoBlock;
  }
  // Appends the next block's events; their payloads stay good until the next call.
  absl::Status Take(std::vector<SealedEvent>& out) {
    const uint32_t block_no = this->block_no();
    arena_ = std::make_unique<ByteArena>();
    while (blocks_->Valid() && this->block_no() == block_no) {
      RETURN_IF_ERROR(TakePart(block_no, out));
      blocks_->Next();
      payloads_->Next();
    }
    return blocks_->status();
  }
  absl::Status status() const {
    RETURN_IF_ERROR(blocks_->status());
    if (blocks_->Valid()) return DataLoss(Cat("event_blocks/", segment_), "key does not decode");
    return payloads_->status();
  }

 private:
  absl::Status TakePart(uint32_t block_no, std::vector<SealedEvent>& out) {
    if (!payloads_->Valid() || payloads_->Key() != blocks_->Key()) {
      return DataLoss(Cat("event_payloads/", segment_, "/", block_no), "payloads are missing");
    }
    rows_.clear();
    views_.clear();
    RETURN_IF_ERROR(DecodeBlock(blocks_->Value(), block_no, rows_));
    RETURN_IF_ERROR(DecodePayloads(payloads_->Value(), views_));
    if (rows_.size() != views_.size()) {
      return DataLoss(Cat("event_payloads/", segment_, "/", block_no),
                      "count differs from the block's");
    }
    for (size_t i = 0; i < rows_.size(); ++i) out.push_back({rows_[i], arena_->Keep(views_[i])});
    return absl::OkStatus();
  }

  store::Version segment_;
  std::unique_ptr<store::Cursor> blocks_, payloads_;
  std::unique_ptr<ByteArena> arena_;
  std::vector<EventRow> rows_;
  std::vector<std::string_view> views_;
};

// Writes blocks and payloads of one shard.
class ShardWriter {
 public:
  static absl::StatusOr<ShardWriter> Open(store::Store& store, const SealOptions& options,
                                          const Shard& shard) {
    ASSIGN_OR_RETURN(auto blocks, store.NewBuilder(DatasetId::kEventBlocks, options.version,
                                                   options.folder, shard.name));
    ASSIGN_OR_RETURN(auto payloads, store.NewBuilder(DatasetId::kEventPayloads, options.version,
                                                     options.folder, shard.name));
    return ShardWriter(shard.workspace_no, std::move(blocks), std::move(payloads));
  }

  // All events of one block, sorted.
  absl::Status Write(uint32_t block_no, std::span<const SealedEvent> events) {
    BlockKey key{workspace_no_, block_no, 0};
    while (!events.empty()) {
      size_t count = PartLength(events);
      rows_.clear();
      for (size_t i = 0; i < count; ++i) rows_.push_back(events[i].row);
      std::string block = EncodeBlock(rows_);
      while (block.size() > kMaxPartBytes && count > 1) {
        count = (count + 1) / 2;
        block = EncodeBlock(std::span(rows_).first(count));
      }
      views_.clear();
      for (size_t i = 0; i < count; ++i) views_.push_back(events[i].payload);
      RETURN_IF_ERROR(blocks_->Add(key.Encode(), block));
      RETURN_IF_ERROR(payloads_->Add(key.Encode(), EncodePayloads(views_)));
      if (key.part == UINT16_MAX)
        return ResourceExhausted("BLOCK_TOO_LARGE", "too many events in a block");
      ++key.part;
      events = events.subspan(count);
    }
    return absl::OkStatus();
  }

  absl::Status Finish(std::vector<DatasetFile>& files) {
    for (store::DatasetBuilder* builder : {blocks_.get(), payloads_.get()}) {
      ASSIGN_OR_RETURN(DatasetFile file, builder->Finish());
      if (file.row_count > 0) files.push_back(std::move(file));
    }
    return absl::OkStatus();
  }

 private:
  ShardWriter(uint32_t workspace_no, std::unique_ptr<store::DatasetBuilder> blocks,
              std::unique_ptr<store::DatasetBuilder> payloads)
      : workspace_no_(workspace_no), blocks_(std::move(blocks)), payloads_(std::move(payloads)) {}

  static size_t PartLength(std::span<const SealedEvent> events) {
    const size_t most = std::min(events.size(), kMaxPartRows);
    size_t bytes = 0;
    for (size_t i = 0; i < most; ++i) {
      bytes += events[i].payload.size();
      if (bytes > kMaxPayloadBytes && i > 0) return i;
    }
    return most;
  }

  uint32_t workspace_no_;
  std::unique_ptr<store::DatasetBuilder> blocks_, payloads_;
  std::vector<EventRow> rows_;
  std::vector<std::string_view> views_;
};

// Seals one shard: log rows and folded segments, block by block.
class ShardSealer {
 public:
  explicit ShardSealer(const ShardTask& task)
      : store_(task.store), options_(task.options), shard_(task.shard), rows_(task.rows) {}

  absl::Status Run(std::vector<DatasetFile>& files) {
    ASSIGN_OR_RETURN(ShardWriter writer, ShardWriter::Open(store_, options_, shard_));
    for (const store::Version segment : options_.fold) {
      folds_.emplace_back(store_.dataset(), segment, shard_);
    }
    next_customer_ = shard_.begin_block * kPerBlock;
    for (uint32_t block = NextBlock(); block < shard_.end_block; block = NextBlock()) {
      events_.clear();
      RETURN_IF_ERROR(Collect(block));
      RETURN_IF_ERROR(writer.Write(block, events_));
    }
    for (const FoldReader& fold : folds_) RETURN_IF_ERROR(fold.status());
    return writer.Finish(files);
  }

 private:
  CustomerNo EndCustomer() const {
    const uint64_t end = uint64_t{shard_.end_block} * kPerBlock;
    return static_cast<CustomerNo>(std::min<uint64_t>(end, UINT32_MAX));
  }
  uint32_t NextBlock() {
    uint32_t next = kNoBlock;
    for (const FoldReader& fold : folds_) next = std::min(next, fold.block_no());
    if (rows_ == nullptr) return next;
    const CustomerNo end = std::min<CustomerNo>(EndCustomer(), rows_->last_customer + 1);
    while (next_customer_ < end &&
           rows_->starts[next_customer_] == rows_->starts[next_customer_ + size_t{1}]) {
      ++next_customer_;
    }
    return next_customer_ < end ? std::min(next, next_customer_ / kPerBlock) : next;
  }
  absl::Status Collect(uint32_t block) {
    for (FoldReader& fold : folds_) {
      if (fold.block_no() == block) RETURN_IF_ERROR(fold.Take(events_));
    }
    if (rows_ != nullptr && next_customer_ / kPerBlock == block) {
      const CustomerNo end =
          std::min<CustomerNo>((block + 1) * kPerBlock, rows_->last_customer + 1);
      for (uint32_t at = rows_->starts[next_customer_]; at < rows_->starts[end]; ++at) {
        if (at + kRowsAhead < rows_->order.size()) rows_->Prefetch(rows_->order[at + kRowsAhead]);
        const uint32_t place = rows_->order[at];
        events_.push_back({rows_->rows[place], rows_->Payload(place)});
      }
      next_customer_ = end;
    }
    // Stable: of equal events those that arrived first come first, as in one single seal.
    std::ranges::stable_sort(events_, EventLess);
    return absl::OkStatus();
  }

  store::Store& store_;
  const SealOptions& options_;
  const Shard& shard_;
  const SealRows* rows_;
  std::vector<FoldReader> folds_;
  std::vector<SealedEvent> events_;
  CustomerNo next_customer_ = 0;
};

}  // namespace

absl::Status SealShard(const ShardTask& task, std::vector<DatasetFile>& files) {
  return ShardSealer(task).Run(files);
}

}  // namespace rapport::events
