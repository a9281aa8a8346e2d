// SPDX-License-Identifier: Apache-2.0
#include "lib/events/seal.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/block.h"
#include "lib/events/seal_ids.h"
#include "lib/events/seal_input.h"
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
// A workspace's customers are cut into at most this many files, of at least that many blocks.
constexpr uint32_t kMaxShards = 32;
constexpr uint32_t kMinShardBlocks = 256;

// An event on its way into the new segment.
struct SealedEvent {
  EventRow row;
  std::string_view payload;
};

bool EventLess(const SealedEvent& a, const SealedEvent& b) {
  return a.row.customer_no != b.row.customer_no ? a.row.customer_no < b.row.customer_no
                                                : TimelineLess(a.row, b.row);
}

// Customers [begin_block, end_block) of a workspace: one task, one pair of files.
struct Shard {
  uint32_t workspace_no = 0;
  uint32_t begin_block = 0;
  uint32_t end_block = 0;
  std::string name;
};

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
      return DataLoss(Cat("event_payloads/", segment_, "/", block_no), "count differs from the block's");
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
      if (key.part == UINT16_MAX) return ResourceExhausted("BLOCK_TOO_LARGE", "too many events in a block");
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
  ShardSealer(store::Store& store, const SealOptions& options, const Shard& shard, const SealRows* rows)
      : store_(store), options_(options), shard_(shard), rows_(rows) {}

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
    while (next_customer_ < end && rows_->starts[next_customer_] == rows_->starts[next_customer_ + size_t{1}]) {
      ++next_customer_;
    }
    return next_customer_ < end ? std::min(next, next_customer_ / kPerBlock) : next;
  }
  absl::Status Collect(uint32_t block) {
    for (FoldReader& fold : folds_) {
      if (fold.block_no() == block) RETURN_IF_ERROR(fold.Take(events_));
    }
    if (rows_ != nullptr && next_customer_ / kPerBlock == block) {
      const CustomerNo end = std::min<CustomerNo>((block + 1) * kPerBlock, rows_->last_customer + 1);
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

// The workspaces in the segments to fold, each with the block after its last.
absl::Status AddFoldedBlocks(const store::Dataset& dataset, const SealOptions& options,
                             std::map<uint32_t, uint32_t>& end_blocks) {
  for (const store::Version segment : options.fold) {
    auto cursor = dataset.Scan(DatasetId::kEventBlocks, segment, {});
    while (cursor->Valid()) {
      const auto key = BlockKey::Decode(cursor->Key());
      if (!key.has_value()) return DataLoss(Cat("event_blocks/", segment), "key does not decode");
      uint32_t& end = end_blocks[key->workspace_no];
      // Looks for the last block by halving, so that folding does not read the segment twice.
      uint64_t low = std::max(end, key->block_no + 1);
      uint64_t high = std::numeric_limits<CustomerNo>::max() / kPerBlock + uint64_t{2};
      const std::string after = store::WorkspaceEnd(key->workspace_no);
      while (low < high) {
        const auto middle = static_cast<uint32_t>((low + high) / 2);
        cursor->Seek(BlockKey{key->workspace_no, middle, 0}.Encode());
        const bool more = cursor->Valid() && cursor->Key() < after;
        if (more) low = middle + uint64_t{1}; else high = middle;
      }
      end = static_cast<uint32_t>(low);
      cursor->Seek(after);
    }
    RETURN_IF_ERROR(cursor->status());
  }
  return absl::OkStatus();
}

std::string ShardName(uint32_t workspace_no, uint32_t index) {
  char name[32];
  std::snprintf(name, sizeof(name), "w%06u-%04u", workspace_no, index);
  return name;
}

std::vector<Shard> CutShards(const std::map<uint32_t, uint32_t>& end_blocks) {
  std::vector<Shard> shards;
  for (const auto& [workspace_no, end_block] : end_blocks) {
    const uint32_t width = std::max(kMinShardBlocks, end_block / kMaxShards + 1);
    for (uint32_t begin = 0, index = 0; begin < end_block; begin += width, ++index) {
      shards.push_back({workspace_no, begin, std::min(begin + width, end_block),
                        ShardName(workspace_no, index)});
    }
  }
  return shards;
}

std::vector<ChangedCustomers> Changed(const SealInput& input) {
  std::vector<ChangedCustomers> changed;
  for (const auto& [workspace_no, rows] : input.by_workspace) {
    ChangedCustomers& of = changed.emplace_back();
    of.workspace_no = workspace_no;
    for (CustomerNo no = 0; no <= rows.last_customer; ++no) {
      if (rows.starts[no] != rows.starts[no + size_t{1}]) of.customers.push_back(no);
    }
  }
  return changed;
}

// Runs tasks 0 .. count-1 on `threads` threads; the first error by task number wins.
absl::Status RunTasks(int threads, size_t count, absl::FunctionRef<absl::Status(size_t)> task) {
  std::atomic<size_t> next = 0;
  std::vector<absl::Status> results(count);
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++) results[i] = task(i);
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  for (const absl::Status& status : results) RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SealResult> Seal(store::Store& store, const SealOptions& options) {
  SealInput input;
  RETURN_IF_ERROR(ReadSealInput(store.log(), options.from, options.through, input));
  std::map<uint32_t, uint32_t> end_blocks;
  for (auto& [workspace_no, rows] : input.by_workspace) {
    rows.GroupByCustomer();
    end_blocks[workspace_no] = rows.last_customer / kPerBlock + 1;
  }
  RETURN_IF_ERROR(AddFoldedBlocks(store.dataset(), options, end_blocks));
  const std::vector<Shard> shards = CutShards(end_blocks);
  std::vector<std::vector<DatasetFile>> files(shards.size() + 1);
  const auto task = [&](size_t i) {
    if (i == 0) return SealIds(store, options, input.ids, files[0]);
    const Shard& shard = shards[i - 1];
    const auto rows = input.by_workspace.find(shard.workspace_no);
    const SealRows* own = rows == input.by_workspace.end() ? nullptr : &rows->second;
    return ShardSealer(store, options, shard, own).Run(files[i]);
  };
  RETURN_IF_ERROR(RunTasks(std::max(options.threads, 1), files.size(), task));
  SealResult result;
  for (size_t i = 1; i <= files.size(); ++i) {
    std::ranges::move(files[i % files.size()], std::back_inserter(result.files));
  }
  result.changed = Changed(input);
  result.event_count = input.event_count;
  return result;
}

}  // namespace rapport::events
