// SPDX-License-Identifier: Apache-2.0
#include "lib/events/seal_ids.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(Hash128) == 16,
              "fingerprints are copied as they stand");

absl::Status ReadFolded(const store::Dataset& dataset, const SealOptions& options,
                        std::map<IdDay, std::vector<Hash128>>& ids) {
  const int64_t keep_from_day = std::max<int64_t>(options.keep_ids_since_micros / kMicrosPerDay, 0);
  for (const store::Version segment : options.fold) {
    auto cursor = dataset.Scan(store::DatasetId::kEventIds, segment, {});
    for (; cursor->Valid(); cursor->Next()) {
      const auto key = store::IdChunkKey::Decode(cursor->Key());
      const std::string_view bytes = cursor->Value();
      if (!key.has_value() || bytes.size() % sizeof(Hash128) != 0) {
        return DataLoss(Cat("event_ids/", segment), "chunk does not decode");
      }
      if (key->arrival_day < keep_from_day || bytes.empty()) continue;
      std::vector<Hash128>& to = ids[{key->workspace_no, key->arrival_day}];
      const size_t before = to.size();
      to.resize(before + bytes.size() / sizeof(Hash128));
      std::memcpy(to.data() + before, bytes.data(), bytes.size());
    }
    RETURN_IF_ERROR(cursor->status());
  }
  return absl::OkStatus();
}

// Sorts fingerprints, which are evenly spread: first into buckets by their leading bits,
// then each bucket. Several times faster than one sort of everything.
void SortIds(std::vector<Hash128>& ids) {
  constexpr size_t kPerBucket = 1024;
  const size_t buckets = std::bit_ceil(ids.size() / kPerBucket + 1);
  if (buckets == 1) {
    std::ranges::sort(ids);
    return;
  }
  const int shift = 64 - std::countr_zero(buckets);
  std::vector<size_t> starts(buckets + 1);
  for (const Hash128& id : ids) ++starts[(id.low >> shift) + 1];
  for (size_t i = 1; i <= buckets; ++i) starts[i] += starts[i - 1];
  std::vector<Hash128> sorted(ids.size());
  std::vector<size_t> next(starts.begin(), starts.end() - 1);
  for (const Hash128& id : ids) sorted[next[id.low >> shift]++] = id;
  for (size_t i = 0; i < buckets; ++i) {
    std::sort(sorted.begin() + static_cast<ptrdiff_t>(starts[i]),
              sorted.begin() + static_cast<ptrdiff_t>(starts[i + 1]));
  }
  ids.swap(sorted);
}

}  // namespace

absl::Status SealIds(store::Store& store, const SealOptions& options,
                     std::map<IdDay, std::vector<Hash128>>& ids,
                     std::vector<store::DatasetFile>& files) {
  RETURN_IF_ERROR(ReadFolded(store.dataset(), options, ids));
  ASSIGN_OR_RETURN(auto builder, store.NewBuilder(store::DatasetId::kEventIds, options.version,
                                                  options.folder, "ids"));
  for (auto& [day, of_day] : ids) {
    SortIds(of_day);
    of_day.erase(std::unique(of_day.begin(), of_day.end()), of_day.end());
    store::IdChunkKey key{day.first, day.second, 0};
    for (size_t at = 0; at < of_day.size(); at += kIdsPerChunk, ++key.chunk) {
      const size_t count = std::min(kIdsPerChunk, of_day.size() - at);
      const std::string_view bytes(reinterpret_cast<const char*>(&of_day[at]),
                                   count * sizeof(Hash128));
      RETURN_IF_ERROR(builder->Add(key.Encode(), bytes));
    }
    std::vector<Hash128>().swap(of_day);
  }
  ASSIGN_OR_RETURN(store::DatasetFile file, builder->Finish());
  if (file.row_count > 0) files.push_back(std::move(file));
  return absl::OkStatus();
}

}  // namespace rapport::events
