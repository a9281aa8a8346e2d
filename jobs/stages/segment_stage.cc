// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/segment_stage.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "jobs/pipeline/writer.h"
#include "jobs/stages/metric_scope.h"
#include "jobs/stages/segment_pass.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/segment_store/definition_rows.h"
#include "lib/store/definitions.h"

namespace rapport::jobs {
namespace {

using segment_store::NightRows;
using segment_store::NightWriter;
using store::v1::SegmentNight;

constexpr TimeMicros kHistoryKept = 400 * kMicrosPerDay;
constexpr TimeMicros kChangesKept = 90 * kMicrosPerDay;
constexpr int64_t kMostChanges = 1'000'000;  // Of a segment, carried over.

TimeMicros MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
}
void SetTime(TimeMicros time, google::protobuf::Timestamp& out) {
  const TimeMicros micros = (time % kMicrosPerSecond + kMicrosPerSecond) % kMicrosPerSecond;
  out.set_seconds((time - micros) / kMicrosPerSecond);
  out.set_nanos(static_cast<int32_t>(micros * 1000));
}

// One workspace's segments in the generation before.
struct Before {
  std::vector<SegmentBefore> segments;
  std::vector<std::optional<SegmentNight>> nights;
};

// Members under today's numbers: whoever was merged since stands for the survivor.
void FollowMerges(const WorkspaceRun& workspace, segments::Bitmap& members) {
  for (const events::Alias& alias : workspace.aliases) {
    if (!members.Has(alias.customer_no)) continue;
    members.Remove(alias.customer_no);
    members.Add(alias.survivor_no);
  }
}

absl::StatusOr<Before> ReadBefore(const Run& run, const WorkspaceRun& workspace,
                                  const segments::SegmentBook& book) {
  Before before;
  before.segments.resize(book.rules().size());
  before.nights.resize(book.rules().size());
  if (run.base == nullptr) return before;
  const NightRows rows(run.store->dataset(), run.base_version(), workspace.number);
  for (size_t i = 0; i < book.rules().size(); ++i) {
    ASSIGN_OR_RETURN(before.nights[i], rows.Night(book.number(i)));
    SegmentBefore& segment = before.segments[i];
    segment.comparable = before.nights[i] && run.as_of() >= run.base->as_of_micros() &&
                         before.nights[i]->rule_fingerprint() == book.rules().RuleFingerprint(i);
    if (!segment.comparable) continue;
    ASSIGN_OR_RETURN(segment.members, rows.Set(store::SegmentRow::kMembers, book.number(i)));
    FollowMerges(workspace, segment.members);
  }
  return before;
}

// Changes of earlier nights that are still shown, newest first.
absl::Status CarryOver(const Run& run, const WorkspaceRun& workspace, uint32_t segment_no,
                       NightWriter& writer) {
  if (run.base == nullptr) return absl::OkStatus();
  const NightRows rows(run.store->dataset(), run.base_version(), workspace.number);
  int64_t kept = 0;
  return rows.ForEachChanges(
      segment_no, 0,
      [&](uint64_t position, const store::v1::SegmentChanges& changes) -> absl::StatusOr<bool> {
        kept += changes.customers_size();
        if (kept > kMostChanges || changes.night() < run.as_of() - kChangesKept) return false;
        writer.KeepChanges(segment_no, position, changes);
        return true;
      });
}

// Customers in order of value, and where each stands.
struct Order {
  std::vector<uint32_t> customers;
  std::vector<uint32_t> places;  // By customer number.
};
Order OrderOf(std::vector<CustomerWorth> worths) {
  Order order;
  const CustomerNo last = worths.empty() ? 0 : worths.back().customer_no;
  order.places.resize(size_t{last} + 1);
  std::ranges::sort(worths, [](const CustomerWorth& a, const CustomerWorth& b) {
    return std::tuple(-a.predicted, -a.historic, a.customer_no) <
           std::tuple(-b.predicted, -b.historic, b.customer_no);
  });
  for (const CustomerWorth& worth : worths) {
    order.places[worth.customer_no] = static_cast<uint32_t>(order.customers.size());
    order.customers.push_back(worth.customer_no);
  }
  return order;
}

// Writes what a workspace's pass found.
class Outcome {
 public:
  Outcome(const Run& run, const WorkspaceRun& workspace, const segments::SegmentBook& book,
          const SegmentPassResult& found)
      : run_(run),
        workspace_(workspace),
        book_(book),
        found_(found),
        order_(OrderOf(found.worths)),
        worth_of_(order_.places.size()) {
    for (const CustomerWorth& worth : found.worths) {
      worth_of_[worth.customer_no] = worth;
      all_.predicted += worth.predicted;
      all_.historic += worth.historic;
    }
  }

  absl::Status Write(const Before& before, NightWriter& writer) const {
    writer.AddOrder(order_.customers);
    writer.AddRfm(found_.rfm.Encode());
    for (size_t i = 0; i < found_.segments.size(); ++i) {
      const SegmentPassResult::OfSegment& segment = found_.segments[i];
      const uint32_t number = book_.number(i);
      writer.AddNight(number, NightOf(i, before.nights[i], before.segments[i].comparable));
      writer.AddSet(store::SegmentRow::kMembers, number, segment.members);
      writer.AddSet(store::SegmentRow::kRanked, number, Ranked(segment.members));
      writer.AddSet(store::SegmentRow::kDue, number, segment.due);
      writer.AddChanges(number, run_.version(), run_.as_of(), segment.changes);
      RETURN_IF_ERROR(CarryOver(run_, workspace_, number, writer));
    }
    return absl::OkStatus();
  }

 private:
  segments::Bitmap Ranked(const segments::Bitmap& members) const {
    std::vector<uint32_t> places;
    members.ForEach([&](uint32_t customer_no) { places.push_back(order_.places[customer_no]); });
    return segments::Bitmap(places);
  }

  SegmentNight NightOf(size_t segment, const std::optional<SegmentNight>& before,
                       bool comparable) const {
    const SegmentPassResult::OfSegment& of_segment = found_.segments[segment];
    SegmentNight night;
    night.set_segment(book_.rules().id(segment));
    night.set_fingerprint(book_.rules().Fingerprint(segment));
    night.set_rule_fingerprint(book_.rules().RuleFingerprint(segment));
    night.set_workspace_predicted_micros(all_.predicted);
    night.set_workspace_historic_micros(all_.historic);
    night.set_due_until(run_.as_of() + kForeseen);
    v1::SegmentFigures& figures = *night.mutable_figures();
    SetTime(run_.as_of(), *figures.mutable_as_of());
    figures.set_customer_count(static_cast<int64_t>(of_segment.members.size()));
    figures.set_universe(static_cast<int64_t>(found_.worths.size()));
    const auto entered = std::ranges::count_if(of_segment.changes,
                                               [](const auto& change) { return change.entered; });
    figures.set_entered_count(entered);
    figures.set_left_count(static_cast<int64_t>(of_segment.changes.size()) - entered);
    SetWorth(of_segment.members, figures);
    if (comparable) AddHistory(*before, night);
    return night;
  }

  void SetWorth(const segments::Bitmap& members, v1::SegmentFigures& figures) const {
    CustomerWorth sum;
    members.ForEach([&](uint32_t customer_no) {
      sum.predicted += worth_of_[customer_no].predicted;
      sum.historic += worth_of_[customer_no].historic;
    });
    const std::string currency = UnpackCurrency(workspace_.settings.base_currency);
    figures.mutable_predicted_value()->set_micros(sum.predicted);
    figures.mutable_predicted_value()->set_currency(currency);
    figures.mutable_historic_value()->set_micros(sum.historic);
    figures.mutable_historic_value()->set_currency(currency);
  }

  void AddHistory(const SegmentNight& before, SegmentNight& night) const {
    const auto keep = [&](const v1::SegmentFigures& figures) {
      const TimeMicros at = MicrosOf(figures.as_of());
      if (at >= run_.as_of() - kHistoryKept && at < run_.as_of()) *night.add_history() = figures;
    };
    for (const v1::SegmentFigures& figures : before.history()) keep(figures);
    keep(before.figures());
  }

  const Run& run_;
  const WorkspaceRun& workspace_;
  const segments::SegmentBook& book_;
  const SegmentPassResult& found_;
  const Order order_;
  std::vector<CustomerWorth> worth_of_;  // By customer number.
  CustomerWorth all_;
};

absl::StatusOr<NightWriter> EvaluateWorkspace(const Run& run, const WorkspaceRun& workspace) {
  ASSIGN_OR_RETURN(const auto metrics, LoadMetricScope(run, workspace));
  const store::Definitions definitions(run.store->table(store::TableId::kDefinitions),
                                       workspace.number);
  ASSIGN_OR_RETURN(auto stored, segment_store::ReadSegments(definitions));
  const auto book = segments::SegmentBook::Create(
      std::move(stored), metrics->scope,
      [&](uint32_t customer_no) { return Resolve(workspace, customer_no); });
  for (const auto& broken : book->broken()) {
    Log(LogLevel::kWarning, "segment is not evaluated",
        {{"segment", broken.segment.id}, {"error", broken.status.ToString()}});
  }
  ASSIGN_OR_RETURN(const SegmentAttributes attributes,
                   SegmentAttributes::Load(run, workspace, book->rules().AttributeKeys()));
  ASSIGN_OR_RETURN(const Before before, ReadBefore(run, workspace, *book));
  ASSIGN_OR_RETURN(const SegmentPassResult found,
                   PassForSegments(run, workspace, {*book, attributes, before.segments}));
  NightWriter writer(workspace.number);
  RETURN_IF_ERROR(Outcome(run, workspace, *book, found).Write(before, writer));
  return writer;
}

class SegmentStage final : public Stage {
 public:
  std::string_view name() const override { return "segments"; }
  std::vector<std::string_view> needs() const override { return {"facts"}; }
  Source source() const override { return Source::kNone; }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    RETURN_IF_ERROR(TakeIn(run, {store::DatasetId::kFacts}));
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      ASSIGN_OR_RETURN(const NightWriter found, EvaluateWorkspace(run, workspace));
      ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kSegments,
                                                    Cat("w", workspace.number)));
      for (const auto& [key, value] : found.rows()) RETURN_IF_ERROR(writer->Add(key, value));
      RETURN_IF_ERROR(writer->Finish());
      RETURN_IF_ERROR(RecordFile(run, writer->file()));
      rows += static_cast<int64_t>(writer->file().row_count);
    }
    return rows;
  }
};

}  // namespace

std::unique_ptr<Stage> NewSegmentStage() { return std::make_unique<SegmentStage>(); }

}  // namespace rapport::jobs
