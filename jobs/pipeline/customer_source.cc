// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/customer_source.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/events/customer_walk.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

store::ScanOptions RowsOf(const Shard& shard) {
  const uint32_t workspace_no = shard.workspace->number;
  return {.begin = store::CustomerKey{workspace_no, shard.range.begin}.Encode(),
          .end = store::CustomerKey{workspace_no, shard.range.end}.Encode()};
}

absl::Status ReadFoldRow(const store::Cursor& cursor, CustomerNo& customer_no) {
  const auto key = store::CustomerKey::Decode(cursor.Key());
  if (!key) return DataLoss("folds", "a key that is no customer key");
  customer_no = key->customer_no;
  return absl::OkStatus();
}

absl::Status ParseFold(std::string_view bytes, const store::CustomerKey& key, facts::Fold& fold) {
  if (fold.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return DataLoss(key.DebugString(), "a fold that does not parse");
}

// The folds of the generation before that still hold, and who must be folded again.
class KeptFolds {
 public:
  absl::Status Load(const Run& run, const Shard& shard) {
    const WorkspaceRun& workspace = *shard.workspace;
    TakeChanged(workspace, shard);
    const bool moved = run.as_of() != run.base->as_of_micros();
    const auto state = run.base->workspaces().find(workspace.number);
    const bool any_later =
        moved && state != run.base->workspaces().end() && state->second.left_out_event_count() > 0;
    std::vector<CustomerNo> later;
    const auto cursor =
        run.store->dataset().Scan(store::DatasetId::kFolds, run.base_version(), RowsOf(shard));
    for (; cursor->Valid(); cursor->Next()) {
      CustomerNo customer_no = 0;
      if (auto read = ReadFoldRow(*cursor, customer_no); !read.ok()) return read;
      if (IsMerged(workspace, customer_no)) continue;
      if (std::binary_search(refold_.begin(), refold_.end(), customer_no)) continue;
      if (any_later) {
        facts::Fold fold;
        auto parsed = ParseFold(cursor->Value(), {workspace.number, customer_no}, fold);
        if (!parsed.ok()) return parsed;
        if (fold.has_later_events()) {
          later.push_back(customer_no);
          continue;
        }
      }
      kept_.emplace_back(customer_no, cursor->Value());
    }
    std::vector<CustomerNo> all;
    std::set_union(refold_.begin(), refold_.end(), later.begin(), later.end(),
                   std::back_inserter(all));
    refold_ = std::move(all);
    return cursor->status();
  }

  // Blocks of customers to be folded again, as ranges.
  std::vector<events::CustomerRange> RefoldRanges() const {
    std::vector<events::CustomerRange> ranges;
    for (const CustomerNo customer_no : refold_) {
      const CustomerNo begin = customer_no / store::kCustomersPerBlock * store::kCustomersPerBlock;
      const CustomerNo end = begin + store::kCustomersPerBlock;
      if (!ranges.empty() && ranges.back().end >= begin) {
        ranges.back().end = end;
      } else {
        ranges.push_back({begin, end});
      }
    }
    return ranges;
  }

  bool AtEnd() const { return next_ == kept_.size(); }
  CustomerNo customer_no() const { return kept_[next_].first; }
  std::string_view bytes() const { return kept_[next_].second; }
  void Next() { ++next_; }

 private:
  void TakeChanged(const WorkspaceRun& workspace, const Shard& shard) {
    const auto& changed = workspace.changed;
    const auto first = std::lower_bound(changed.begin(), changed.end(), shard.range.begin);
    refold_.assign(first, std::lower_bound(first, changed.end(), shard.range.end));
  }

  std::vector<std::pair<CustomerNo, std::string>> kept_;
  std::vector<CustomerNo> refold_;
  size_t next_ = 0;
};

class EventSource final : public CustomerSource {
 public:
  EventSource(const Run& run, const Shard& shard)
      : ground_(SealedGround(run, *shard.workspace, std::numeric_limits<TimeMicros>::max())) {
    const WorkspaceRun& workspace = *shard.workspace;
    if (!workspace.refold_all) status_ = kept_.Load(run, shard);
    if (workspace.refold_all || workspace.recount_events) {
      ranges_ = {shard.range};
    } else {
      ranges_ = kept_.RefoldRanges();
    }
    AdvanceScan();
  }

  bool Next() override {
    if (view_from_kept_) kept_.Next();
    if (view_from_scan_) AdvanceScan();
    view_from_kept_ = view_from_scan_ = false;
    if (!status_.ok() || (kept_.AtEnd() && scan_ == nullptr)) return false;
    const bool kept_first =
        !kept_.AtEnd() && (scan_ == nullptr || kept_.customer_no() <= scan_->customer_no());
    const bool scan_first =
        scan_ != nullptr && (kept_.AtEnd() || scan_->customer_no() <= kept_.customer_no());
    view_ = {};
    if (kept_first) {
      view_.customer_no = kept_.customer_no();
      view_.kept_fold = kept_.bytes();
    }
    if (scan_first) {
      view_.customer_no = scan_->customer_no();
      view_.events = scan_->events();
    }
    view_from_kept_ = kept_first;
    view_from_scan_ = scan_first;
    return true;
  }

  const CustomerView& view() const override { return view_; }
  absl::Status status() const override { return status_; }

 private:
  // Stands on the next customer of the ranges, or drops the scan at their end.
  void AdvanceScan() {
    while (status_.ok()) {
      if (scan_ != nullptr) {
        if (scan_->Next()) return;
        status_ = scan_->status();
        scan_.reset();
      }
      if (next_range_ == ranges_.size()) return;
      scan_ = std::make_unique<events::CustomerWalk>(ground_, ranges_[next_range_++],
                                                     events::WalkOptions{});
    }
  }

  const events::ScanGround ground_;
  std::vector<events::CustomerRange> ranges_;
  size_t next_range_ = 0;
  KeptFolds kept_;
  std::unique_ptr<events::CustomerWalk> scan_;
  CustomerView view_;
  bool view_from_kept_ = false;
  bool view_from_scan_ = false;
  absl::Status status_;
};

class FoldSource final : public CustomerSource {
 public:
  FoldSource(const Run& run, const Shard& shard)
      : run_(run),
        shard_(shard),
        cursor_(run.store->dataset().Scan(store::DatasetId::kFolds, run.version(), RowsOf(shard))) {
  }

  bool Next() override {
    if (shown_ && cursor_->Valid()) cursor_->Next();
    shown_ = false;
    for (; cursor_->Valid() && status_.ok(); cursor_->Next()) {
      status_ = Read();
      if (!status_.ok()) return false;
      // Known by later events only: no customer yet at as_of.
      if (fold_.summary().event_count() == 0) continue;
      shown_ = true;
      return true;
    }
    if (status_.ok()) status_ = cursor_->status();
    return false;
  }

  const CustomerView& view() const override { return view_; }
  absl::Status status() const override { return status_; }

 private:
  absl::Status Read() {
    view_ = {};
    if (auto read = ReadFoldRow(*cursor_, view_.customer_no); !read.ok()) return read;
    view_.fold_bytes = cursor_->Value();
    auto parsed = ParseFold(view_.fold_bytes, {shard_.workspace->number, view_.customer_no}, fold_);
    if (!parsed.ok()) return parsed;
    projection_ = facts::Project(shard_.workspace->settings, fold_, run_.as_of());
    projection_.attributes = shard_.workspace->attributes.Of(view_.customer_no);
    view_.fold = &fold_;
    view_.projection = &projection_;
    return absl::OkStatus();
  }

  const Run& run_;
  const Shard& shard_;
  std::unique_ptr<store::Cursor> cursor_;
  facts::Fold fold_;
  facts::Projection projection_;
  CustomerView view_;
  bool shown_ = false;  // The cursor still stands on the customer shown.
  absl::Status status_;
};

}  // namespace

std::unique_ptr<CustomerSource> NewCustomerSource(const Run& run, Source source,
                                                  const Shard& shard) {
  if (source == Source::kEvents) return std::make_unique<EventSource>(run, shard);
  return std::make_unique<FoldSource>(run, shard);
}

events::ScanGround SealedGround(const Run& run, const WorkspaceRun& workspace, TimeMicros until) {
  events::ScanGround ground;
  ground.dataset = &run.store->dataset();
  ground.segments = run.segments();
  ground.workspace_no = workspace.number;
  ground.aliases = workspace.aliases;
  ground.until = until;
  ground.last_customer_no = workspace.last_customer_no;
  return ground;
}

}  // namespace rapport::jobs
