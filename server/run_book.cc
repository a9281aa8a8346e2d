// SPDX-License-Identifier: Apache-2.0
#include "server/run_book.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/varint.h"
#include "server/resource_name.h"
#include "server/times.h"

namespace rapport::server {
namespace {

constexpr char kPartition[] = "runs";

// Later runs sort first.
std::string RowOf(const v1::Run& run) {
  std::string row;
  PutBigEndian(row, std::numeric_limits<int64_t>::max() - MicrosOf(run.start_time()));
  return row + run.name();
}

}  // namespace

absl::Status RunBook::Report(const v1::Run& run) {
  absl::MutexLock lock(&write_mutex_);
  store::PartitionWrite write{kPartition, {}};
  const std::string row = RowOf(run);
  ASSIGN_OR_RETURN(const std::vector<Entry> known, List("", std::numeric_limits<size_t>::max()));
  for (size_t i = 0; i < known.size(); ++i) {
    const bool moved = known[i].run.name() == run.name() && known[i].row != row;
    if (moved || i + 1 >= kKeptRuns) {
      write.mutations.push_back({store::MergeKind::kDelete, known[i].row, ""});
    }
  }
  write.mutations.push_back({store::MergeKind::kSet, row, run.SerializeAsString()});
  return table_.Apply(write);
}

absl::StatusOr<v1::Run> RunBook::Get(std::string_view run_id) const {
  const std::string name = FormatRunName(run_id);
  ASSIGN_OR_RETURN(std::vector<Entry> known, List("", std::numeric_limits<size_t>::max()));
  for (Entry& entry : known) {
    if (entry.run.name() == name) return std::move(entry.run);
  }
  return NotFound(name);
}

absl::StatusOr<std::vector<RunBook::Entry>> RunBook::List(std::string_view after,
                                                          size_t limit) const {
  std::vector<Entry> entries;
  const absl::Status full = absl::CancelledError();
  const absl::Status scanned = table_.Scan(
      kPartition, "",
      [&](std::string_view, std::string_view row, std::string_view value) -> absl::Status {
        if (!after.empty() && row <= after) return absl::OkStatus();
        if (entries.size() >= limit) return full;
        Entry entry{std::string(row), {}};
        if (!entry.run.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          return DataLoss("runs", "a run does not decode");
        }
        entries.push_back(std::move(entry));
        return absl::OkStatus();
      });
  if (!scanned.ok() && scanned != full) return scanned;
  return entries;
}

}  // namespace rapport::server
