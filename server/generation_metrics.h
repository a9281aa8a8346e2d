// SPDX-License-Identifier: Apache-2.0
// What metric answers need of one generation of one workspace, read once and shared: its
// event cells in memory, which measures it stores, the merges it knew, and - when first
// asked for - the sealed events later than its as_of and columns of its customers.
//
// Thread-safe. Reading costs about 0.5 us a cell; 60 bytes of memory a cell. Whoever asks
// first reads, the others wait; a reader that is cancelled leaves it to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/text.h"
#include "lib/events/scan_ground.h"
#include "lib/metrics/event_cells.h"
#include "server/customer_columns.h"
#include "server/metric_listing.h"

namespace rapport::server {

// A value that the first who needs it makes.
template <typename T>
class MadeOnce {
 public:
  using Handle = std::shared_ptr<const T>;
  absl::StatusOr<Handle> Get(const std::function<absl::StatusOr<Handle>()>& make) {
    absl::MutexLock lock(&mutex_);
    if (value_ != nullptr) return value_;
    auto made = make();
    if (made.ok()) value_ = *made;
    return made;
  }

 private:
  absl::Mutex mutex_;
  Handle value_ ABSL_GUARDED_BY(mutex_);
};

// Sealed events after the generation's as_of: in its segments, but not in its answers.
struct LaterEvents {
  std::vector<uint32_t> customers;  // As stored, sorted; without merges.
  metrics::EventCellTable cells;
};

struct StoredMetric {
  uint32_t number = 0;
  std::string fingerprint;  // As metrics::FingerprintOf.
};

class GenerationMetrics {
 public:
  // `generation` may be nullptr: before the first.
  static absl::StatusOr<std::shared_ptr<GenerationMetrics>> Load(
      const CallContext& call, const WorkspaceScope& scope,
      const store::GenerationHandle& generation);

  const store::GenerationHandle& generation() const { return generation_; }
  const metrics::EventCellTable& cells() const { return cells_; }
  // Whether cells know campaigns; generations of manifest format 1 do not.
  bool has_campaigns() const { return has_campaigns_; }
  const std::vector<events::Alias>& merges() const { return merges_; }
  // nullopt when the night stored no measures of it.
  std::optional<StoredMetric> Stored(std::string_view metric) const;

  absl::StatusOr<std::shared_ptr<const LaterEvents>> Later(const CallContext& call,
                                                           const WorkspaceScope& scope);
  // The column of a customer dimension of metrics::Grouping.
  absl::StatusOr<CodeColumnHandle> Column(const CallContext& call, const WorkspaceScope& scope,
                                          std::string_view dimension);

 private:
  absl::Status ReadCells(const CallContext& call, uint32_t workspace_no);
  absl::StatusOr<std::shared_ptr<const LaterEvents>> FindLater(const CallContext& call,
                                                               const WorkspaceScope& scope) const;

  store::GenerationHandle generation_;
  metrics::EventCellTable cells_;
  bool has_campaigns_ = true;
  bool any_later_ = false;
  std::vector<events::Alias> merges_;
  TextMap<StoredMetric> stored_;
  MadeOnce<LaterEvents> later_;
  MadeOnce<TextMap<CodeColumnHandle>> fact_columns_;
  absl::Mutex attributes_mutex_;
  TextMap<CodeColumnHandle> attributes_ ABSL_GUARDED_BY(attributes_mutex_);
};

// Those of the generations in use, the last few, and the last lists of customers.
class MetricStore {
 public:
  MetricListings listings;

  absl::StatusOr<std::shared_ptr<GenerationMetrics>> Of(const CallContext& call,
                                                        const WorkspaceScope& scope,
                                                        const store::GenerationHandle& generation);
  // Reads the current generation for the workspaces in use, so that nobody waits for it
  // after a publish.
  void Warm(Env& env);

 private:
  struct Entry {
    uint32_t workspace_no = 0;
    store::Version generation = 0;
    absl::Mutex mutex;
    std::shared_ptr<GenerationMetrics> metrics ABSL_GUARDED_BY(mutex);
  };
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);  // Newest use last.
};

}  // namespace rapport::server
