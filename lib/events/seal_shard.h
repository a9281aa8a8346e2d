// SPDX-License-Identifier: Apache-2.0
// One shard of a seal: a run of customers of one workspace, written to one file of blocks
// and one of payloads.
//
// Shards have disjoint keys and run in parallel. Memory: the events of one block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/events/seal.h"
#include "lib/events/seal_input.h"

namespace rapport::events {

// Blocks [begin_block, end_block) of a workspace.
struct Shard {
  uint32_t workspace_no = 0;
  uint32_t begin_block = 0;
  uint32_t end_block = 0;
  std::string name;  // Of its files.
};

struct ShardTask {
  store::Store& store;
  const SealOptions& options;
  const Shard& shard;
  const SealRows* rows;  // The workspace's events from the log, grouped; nullptr if none.
};

// Joins the shard's events from the log and from the segments to fold; adds the files.
absl::Status SealShard(const ShardTask& task, std::vector<store::DatasetFile>& files);

}  // namespace rapport::events
