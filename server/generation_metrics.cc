// SPDX-License-Identifier: Apache-2.0
#include "server/generation_metrics.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <utility>

#include "lib/base/day_clock.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/score_bucket.h"
#include "lib/base/status_macros.h"
#include "lib/events/customer_pass.h"
#include "lib/events/merge_rows.h"
#include "lib/store/keys.h"
#include "server/segment_column.h"

namespace rapport::server {
namespace {

using metrics::SeriesFamily;
using store::SeriesKey;

constexpr int64_t kRowsBetweenLooks = 4096;
constexpr size_t kKeptGenerations = 6;  // Over all workspaces, of those with queries.
constexpr std::string_view kAttributePrefix = "attribute.";

metrics::CellKey CellKeyOf(const SeriesKey& key) {
  return {.family = static_cast<SeriesFamily>(key.family),
          .type = key.event_type,
          .day = key.day,
          .channel = key.channel,
          .touchpoint_no = key.touchpoint_no,
          .campaign_no = key.campaign_no,
          .currency = key.currency,
          .bucket = key.bucket};
}

// Customers with events after a moment, and the cells of these events.
class LaterStep final : public events::PassStep {
 public:
  LaterStep(TimeMicros as_of, const Calendar& calendar) : as_of_(as_of), days_(calendar) {}
  absl::Status Customer(events::CustomerWalk& walk) override {
    const auto events = walk.events();
    if (events.back().time <= as_of_) return absl::OkStatus();
    customers.push_back(walk.customer_no());
    const auto first = std::ranges::upper_bound(events, as_of_, {}, &EventColumns::time);
    for (const EventColumns& event : std::span(first, events.end())) Add(event);
    return absl::OkStatus();
  }
  std::vector<uint32_t> customers;
  std::vector<std::pair<metrics::CellKey, metrics::Cell>> cells;

 private:
  void Add(const EventColumns& event) {
    cells.push_back({{.family = SeriesFamily::kEvents,
                      .type = event.type,
                      .day = days_.DayOf(event.time),
                      .channel = event.channel,
                      .touchpoint_no = event.touchpoint_no,
                      .campaign_no = event.campaign_no,
                      .currency = event.currency,
                      .bucket = ScoreBucket(event.type, event.value, event.aux)},
                     {.count = 1,
                      .value_sum = SummedValue(event.type, event.value),
                      .square_sum = SummedSquare(event.type, event.value)}});
  }
  const TimeMicros as_of_;
  DayClock days_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<GenerationMetrics>> GenerationMetrics::Load(
    const CallContext& call, const WorkspaceScope& scope,
    const store::GenerationHandle& generation) {
  auto metrics = std::make_shared<GenerationMetrics>();
  metrics->generation_ = generation;
  if (generation != nullptr) {
    metrics->has_campaigns_ = generation->format_version() >= 2;
    RETURN_IF_ERROR(metrics->ReadCells(call, scope.workspace_no));
    ASSIGN_OR_RETURN(metrics->merges_,
                     events::ReadMerges(call.env().store.dataset(), generation->generation(),
                                        scope.workspace_no));
    const auto state = generation->workspaces().find(scope.workspace_no);
    if (state != generation->workspaces().end()) {
      metrics->any_later_ = state->second.left_out_event_count() > 0;
      for (const auto& measured : state->second.measured_metrics()) {
        char fingerprint[24];
        std::snprintf(fingerprint, sizeof fingerprint, "%016llx",
                      static_cast<unsigned long long>(measured.fingerprint()));
        metrics->stored_[measured.metric()] = {measured.number(), fingerprint};
      }
    }
  }
  metrics->cells_.Seal();
  return metrics;
}

absl::Status GenerationMetrics::ReadCells(const CallContext& call, uint32_t workspace_no) {
  SeriesKey first;
  first.workspace_no = workspace_no;
  first.family = static_cast<uint8_t>(SeriesFamily::kEvents);
  first.day = std::numeric_limits<int32_t>::min();
  SeriesKey end = first;
  ++end.family;
  const auto cursor =
      call.env().store.dataset().Scan(store::DatasetId::kSeries, generation_->generation(),
                                      {.begin = first.EncodeDay(), .end = end.EncodeDay()});
  for (int64_t row = 0; cursor->Valid(); cursor->Next(), ++row) {
    if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    const auto key =
        has_campaigns_ ? SeriesKey::Decode(cursor->Key()) : SeriesKey::DecodeFormat1(cursor->Key());
    if (!key.has_value()) return DataLoss("series", "foreign key");
    ASSIGN_OR_RETURN(const metrics::Cell cell, metrics::DecodeCell(cursor->Value()));
    cells_.Add(CellKeyOf(*key), cell);
  }
  return cursor->status();
}

std::optional<StoredMetric> GenerationMetrics::Stored(std::string_view metric) const {
  const auto found = stored_.find(metric);
  return found == stored_.end() ? std::nullopt : std::optional(found->second);
}

absl::StatusOr<std::shared_ptr<const LaterEvents>> GenerationMetrics::Later(
    const CallContext& call, const WorkspaceScope& scope) {
  return later_.Get([&] { return FindLater(call, scope); });
}

absl::StatusOr<std::shared_ptr<const LaterEvents>> GenerationMetrics::FindLater(
    const CallContext& call, const WorkspaceScope& scope) const {
  auto later = std::make_shared<LaterEvents>();
  if (any_later_) {
    events::ScanGround ground =
        call.env().engine.GroundOf(generation_, scope.workspace_no, events::ScanExtent::kSealed);
    ground.until = std::numeric_limits<TimeMicros>::max();
    ground.aliases.clear();
    events::PassOptions options;
    options.threads = 2;
    options.check = [&call] { return call.Alive(); };
    const TimeMicros as_of = generation_->as_of_micros();
    const auto done = events::ScanCustomers(
        ground, options,
        [&] { return std::make_unique<LaterStep>(as_of, scope.settings.calendar); },
        [&](events::PassStep& step) {
          const auto& found = static_cast<const LaterStep&>(step);
          later->customers.insert(later->customers.end(), found.customers.begin(),
                                  found.customers.end());
          for (const auto& [key, cell] : found.cells) later->cells.Add(key, cell);
          return absl::OkStatus();
        });
    RETURN_IF_ERROR(done.status());
  }
  later->cells.Seal();
  return std::shared_ptr<const LaterEvents>(std::move(later));
}

absl::StatusOr<CodeColumnHandle> GenerationMetrics::Column(const CallContext& call,
                                                           const WorkspaceScope& scope,
                                                           std::string_view dimension) {
  if (dimension.starts_with(kAttributePrefix)) {
    absl::MutexLock lock(&attributes_mutex_);
    CodeColumnHandle& column = attributes_[std::string(dimension)];
    if (column == nullptr) {
      ASSIGN_OR_RETURN(column,
                       LoadAttributeColumn(call, scope, dimension.substr(kAttributePrefix.size())));
    }
    return column;
  }
  // Not kept: it stands for the definition of now.
  if (dimension.starts_with(kSegmentDimension)) {
    return LoadSegmentColumn(call, scope, dimension.substr(kSegmentDimension.size()));
  }
  using Columns = TextMap<CodeColumnHandle>;
  ASSIGN_OR_RETURN(const auto columns,
                   fact_columns_.Get([&]() -> absl::StatusOr<std::shared_ptr<const Columns>> {
                     ASSIGN_OR_RETURN(Columns loaded, LoadFactColumns(call, scope, generation_));
                     return std::make_shared<const Columns>(std::move(loaded));
                   }));
  const auto found = columns->find(dimension);
  if (found == columns->end()) return Internal(Cat("no column of ", dimension));
  return found->second;
}

absl::StatusOr<std::shared_ptr<GenerationMetrics>> MetricStore::Of(
    const CallContext& call, const WorkspaceScope& scope,
    const store::GenerationHandle& generation) {
  const store::Version version = generation == nullptr ? 0 : generation->generation();
  std::shared_ptr<Entry> entry;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = std::ranges::find_if(entries_, [&](const auto& known) {
      return known->workspace_no == scope.workspace_no && known->generation == version;
    });
    if (found != entries_.end()) {
      entry = *found;
      entries_.erase(found);
    } else {
      entry = std::make_shared<Entry>();
      entry->workspace_no = scope.workspace_no;
      entry->generation = version;
      if (entries_.size() == kKeptGenerations) entries_.erase(entries_.begin());
    }
    entries_.push_back(entry);
  }
  absl::MutexLock lock(&entry->mutex);
  if (entry->metrics == nullptr) {
    ASSIGN_OR_RETURN(entry->metrics, GenerationMetrics::Load(call, scope, generation));
  }
  return entry->metrics;
}

void MetricStore::Warm(Env& env) {
  std::vector<uint32_t> in_use;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& entry : entries_) in_use.push_back(entry->workspace_no);
  }
  const CallContext call(env);
  for (const store::v1::WorkspaceRecord& record : env.engine.Workspaces()) {
    if (std::ranges::find(in_use, record.workspace_no()) == in_use.end()) continue;
    const std::string& name = record.workspace().name();
    const auto scope = env.workspaces.Find(name.substr(name.rfind('/') + 1));
    if (!scope.ok()) continue;
    const auto loaded = Of(call, **scope, env.serving.Current());
    if (loaded.ok()) continue;
    Log(LogLevel::kWarning, "metrics are not read ahead",
        {{"workspace", name}, {"error", loaded.status().ToString()}});
  }
}

}  // namespace rapport::server
