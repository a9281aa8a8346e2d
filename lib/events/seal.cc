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
#include "lib/events/seal_ids.h"
#include "lib/events/seal_input.h"
#include "lib/events/seal_shard.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

using store::BlockKey;
using store::DatasetFile;
using store::DatasetId;

constexpr uint32_t kPerBlock = store::kCustomersPerBlock;
// A workspace's customers are cut into at most this many files, of at least that many blocks.
constexpr uint32_t kMaxShards = 32;
constexpr uint32_t kMinShardBlocks = 256;

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
        if (more)
          low = middle + uint64_t{1};
        else
          high = middle;
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
    return SealShard({store, options, shard, own}, files[i]);
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
