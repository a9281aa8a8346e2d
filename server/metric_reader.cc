// SPDX-License-Identifier: Apache-2.0
#include "server/metric_reader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/event_cells.h"
#include "lib/metrics/kinds.h"
#include "lib/metrics/respond.h"
#include "lib/store/keys.h"
#include "server/live_measures.h"
#include "server/metric_scan.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

using metrics::Plan;
using metrics::PreparedQuery;

constexpr int64_t kRowsBetweenLooks = 4096;
constexpr std::string_view kCampaign = "campaign";

metrics::CellKey KeyOf(const events::LiveCell& live) {
  return {.family = metrics::SeriesFamily::kEvents,
          .type = live.type,
          .day = live.day,
          .channel = live.channel,
          .touchpoint_no = live.touchpoint_no,
          .campaign_no = live.campaign_no,
          .currency = live.currency,
          .bucket = live.bucket};
}

void Cover(CivilDays first, CivilDays last, metrics::Scope& scope) {
  if (last < first) return;
  const bool none = scope.last_day < scope.first_day;
  scope.first_day = none ? first : std::min(scope.first_day, first);
  scope.last_day = none ? last : std::max(scope.last_day, last);
}

// Types whose days stand for those of a metric; empty: all types.
std::set<uint16_t> DayTypes(const v1::MetricDefinition& definition) {
  std::set<uint16_t> types;
  if (!metrics::IsDated(definition.kind()) || definition.numerator_custom_types_size() > 0 ||
      definition.denominator_custom_types_size() > 0) {
    return types;
  }
  for (const auto* list :
       {&definition.numerator(), &definition.denominator(), &definition.subtracted()}) {
    for (const int type : *list) types.insert(static_cast<uint16_t>(type));
  }
  return types;
}

bool ReadsCampaign(const PreparedQuery& query) {
  const auto dimensions = query.grouping().dimensions();
  const std::vector<std::string> paths = query.expression().Paths();
  const v1::MetricDefinition& definition = query.definition();
  return std::ranges::any_of(dimensions,
                             [](const auto& dimension) {
                               return dimension.kind == metrics::DimensionKind::kCampaign;
                             }) ||
         std::ranges::find(paths, kCampaign) != paths.end() ||
         definition.numerator_filter().find(kCampaign) != std::string::npos ||
         definition.denominator_filter().find(kCampaign) != std::string::npos;
}

}  // namespace

absl::StatusOr<v1::View> MetricView(v1::View asked, const store::GenerationHandle& generation) {
  if (asked != v1::VIEW_NIGHTLY) return v1::VIEW_LIVE;
  if (generation == nullptr) return NoGeneration();
  return v1::VIEW_NIGHTLY;
}

absl::StatusOr<MetricReader> MetricReader::Open(const CallContext& call, const ReadPoint& at) {
  MetricReader reader(call, at);
  ASSIGN_OR_RETURN(reader.generation_, call.env().metric_store.Of(call, at.scope, at.generation));
  return reader;
}

absl::StatusOr<const v1::MetricDefinition*> MetricReader::Find(std::string_view metric) const {
  return at_.scope.registry->Find(metric);
}

absl::Status MetricReader::CoverDays(const v1::MetricDefinition& definition,
                                     metrics::Scope& scope) {
  const metrics::EventCellTable& sealed = generation_->cells();
  std::set<uint16_t> types = DayTypes(definition);
  const bool all = types.empty();
  if (all) types.insert(sealed.types().begin(), sealed.types().end());
  for (const uint16_t type : types) {
    const auto days = sealed.DaysOf(type);
    Cover(days.first, days.last, scope);
  }
  if (!at_.live()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto later, generation_->Later(call_, at_.scope));
  if (all) types.insert(later->cells.types().begin(), later->cells.types().end());
  for (const uint16_t type : types) {
    const auto days = later->cells.DaysOf(type);
    Cover(days.first, days.last, scope);
  }
  at_.env.engine.ForEachLiveCell(at_.generation, at_.scope.workspace_no,
                                 [&](const events::LiveCell& cell) {
                                   if (all || types.contains(cell.type)) {
                                     Cover(cell.day, cell.day, scope);
                                   }
                                 });
  return absl::OkStatus();
}

absl::StatusOr<metrics::Scope> MetricReader::ScopeOf(const v1::MetricDefinition& definition) {
  metrics::Scope scope;
  const WorkspaceScope& workspace = at_.scope;
  scope.calendar = workspace.settings.calendar;
  scope.base_currency = workspace.settings.base_currency;
  scope.rules = workspace.settings.rules;
  scope.business_hours = workspace.workspace.business_hours();
  scope.rates = &workspace.book->rates;
  scope.references = &workspace.book->references;
  scope.names = workspace.names.get();
  scope.customer_label = [this](std::string_view dimension, uint32_t code) {
    const auto column = generation_->Column(call_, at_.scope, dimension);
    return column.ok() ? (*column)->Label(code) : std::string();
  };
  scope.as_of = at_.as_of();
  if (!at_.live()) scope.event_end = scope.as_of + 1;
  RETURN_IF_ERROR(CoverDays(definition, scope));
  return scope;
}

metrics::PlanChoice MetricReader::Choose(const PreparedQuery& query) const {
  if (at_.generation == nullptr) {
    metrics::PlanChoice choice = query.Choose({});
    if (choice.plan == Plan::kMeasureCells) choice.plan = Plan::kScan;
    return choice;
  }
  metrics::StoredMeasures stored;
  stored.as_of = at_.generation->as_of_micros();
  stored.has = [this](std::string_view metric, std::string_view fingerprint) {
    const auto found = generation_->Stored(metric);
    return found.has_value() && found->fingerprint == fingerprint;
  };
  metrics::PlanChoice choice = query.Choose(stored);
  if (choice.plan == Plan::kCells && !generation_->has_campaigns() && ReadsCampaign(query)) {
    return {Plan::kScan, "campaigns, which this generation did not count"};
  }
  return choice;
}

absl::Status MetricReader::RunCells(size_t index, const PreparedQuery& query, Use use) {
  metrics::CellGather gather(query);
  int64_t read = 0;
  const auto add = [&](const metrics::CellKey& key, const metrics::Cell& cell) {
    gather.Add(key, cell);
    ++read;
  };
  const std::vector<metrics::CellRead> reads = gather.Reads();
  for (const metrics::CellRead& wanted : reads) {
    RETURN_IF_ERROR(call_.Alive());
    generation_->cells().Visit(wanted.type, wanted.begin, wanted.end, add);
  }
  if (at_.live()) {
    ASSIGN_OR_RETURN(const auto later, generation_->Later(call_, at_.scope));
    for (const metrics::CellRead& wanted : reads) {
      later->cells.Visit(wanted.type, wanted.begin, wanted.end, add);
    }
    at_.env.engine.ForEachLiveCell(
        at_.generation, at_.scope.workspace_no, [&](const events::LiveCell& live) {
          const bool wanted = std::ranges::any_of(reads, [&live](const auto& one) {
            return one.type == live.type && live.day >= one.begin && live.day < one.end;
          });
          if (!wanted) return;
          add(KeyOf(live),
              {.count = live.count, .value_sum = live.value_sum, .square_sum = live.square_sum});
        });
  }
  return use(index, gather.table(), Cat("cells: ", read, " read"));
}

absl::Status MetricReader::RunMeasures(size_t index, const PreparedQuery& query, Use use) {
  metrics::MeasureGather gather(query);
  const auto stored = generation_->Stored(query.definition().metric());
  if (!stored.has_value()) return Internal("measures that are not stored");
  const std::vector<metrics::MeasureRead> reads = gather.Reads();
  int64_t read = 0;
  for (const metrics::MeasureRead& wanted : reads) {
    store::SeriesKey key;
    key.workspace_no = at_.scope.workspace_no;
    key.family = static_cast<uint8_t>(metrics::SeriesFamily::kMeasures);
    key.event_type = metrics::MeasureType(stored->number, wanted.granularity);
    key.day = wanted.begin;
    store::SeriesKey end = key;
    end.day = wanted.end;
    const auto cursor = at_.env.store.dataset().Scan(
        store::DatasetId::kSeries, at_.generation->generation(),
        {.begin = key.EncodeDay(), .end = end.EncodeDay(), .fill_cache = true});
    for (; cursor->Valid(); cursor->Next()) {
      if (read++ % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call_.Alive());
      const auto row = store::SeriesKey::Decode(cursor->Key());
      if (!row.has_value()) return DataLoss("series", "foreign key");
      ASSIGN_OR_RETURN(const metrics::Sums sums, metrics::Sums::Decode(cursor->Value()));
      gather.Add({wanted.granularity, row->day, row->channel, row->touchpoint_no, row->campaign_no},
                 sums);
    }
    RETURN_IF_ERROR(cursor->status());
  }
  std::string plan = Cat("cells: ", read, " read");
  if (at_.live()) {
    ASSIGN_OR_RETURN(const LiveChange change, ChangeSince(call_, at_, *generation_, query));
    for (const auto& [key, sums] : change.sums.Sorted()) {
      const bool wanted = std::ranges::any_of(reads, [&key = key](const auto& one) {
        return one.granularity == key.granularity && key.day >= one.begin && key.day < one.end;
      });
      if (wanted) gather.Add(key, *sums);
    }
    plan = Cat("cells and live customers: ", read, " read, ", change.customers, " put right");
  }
  return use(index, gather.Finish(), plan);
}

absl::Status MetricReader::Run(std::span<const PreparedQuery* const> queries, Use use) {
  std::vector<const PreparedQuery*> scans;
  std::vector<size_t> places;
  std::string reason;
  for (size_t i = 0; i < queries.size(); ++i) {
    const metrics::PlanChoice choice = Choose(*queries[i]);
    if (choice.plan == Plan::kCells) {
      RETURN_IF_ERROR(RunCells(i, *queries[i], use));
    } else if (choice.plan == Plan::kMeasureCells) {
      RETURN_IF_ERROR(RunMeasures(i, *queries[i], use));
    } else {
      scans.push_back(queries[i]);
      places.push_back(i);
      reason = choice.reason;
    }
  }
  if (scans.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ScanAnswer answer,
                   ScanMetrics(call_, at_, *generation_, scans, /*listing=*/nullptr));
  const std::string plan =
      Cat("scan: ", answer.customers, " customers, ", answer.events, " events (", reason, ")");
  for (size_t i = 0; i < scans.size(); ++i) {
    RETURN_IF_ERROR(use(places[i], answer.evaluations[i].table(), plan));
  }
  return absl::OkStatus();
}

absl::Status MetricReader::Query(const v1::QueryMetricRequest& request,
                                 const metrics::QueryLimits& limits,
                                 v1::QueryMetricResponse& response) {
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, Find(request.metric()));
  ASSIGN_OR_RETURN(const metrics::Scope scope, ScopeOf(*definition));
  ASSIGN_OR_RETURN(const PreparedQuery query,
                   PreparedQuery::Create(request, *definition, scope, limits));
  const PreparedQuery* one = &query;
  RETURN_IF_ERROR(
      Run({&one, 1}, [&](size_t, const metrics::SumTable& table, std::string_view plan) {
        return metrics::Respond(query, table, plan, response);
      }));
  response.mutable_definition()->set_name(
      FormatMetricName(at_.scope.id, response.definition().metric()));
  FillContext(at_, response.mutable_context());
  return absl::OkStatus();
}

absl::StatusOr<v1::QueryMetricResponse> MetricReader::Query(const v1::QueryMetricRequest& request) {
  v1::QueryMetricResponse response;
  RETURN_IF_ERROR(Query(request, {}, response));
  return response;
}

}  // namespace rapport::server
