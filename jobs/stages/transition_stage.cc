// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/transition_stage.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "jobs/pipeline/parallel.h"
#include "jobs/pipeline/writer.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

// Rows per file; fixed, because totals depend on the files.
constexpr size_t kRowsPerFile = 500'000;

// A transition without its words, which many share.
struct Entry {
  TimeMicros time = 0;
  CustomerNo customer_no = 0;
  uint32_t cause = 0;  // Index into the causes.
  uint8_t from = 0;
  uint8_t to = 0;
};

bool KeyLess(const Entry& a, const Entry& b) {
  return a.time != b.time ? a.time > b.time : a.customer_no < b.customer_no;
}
bool SameKey(const Entry& a, const Entry& b) {
  return a.time == b.time && a.customer_no == b.customer_no;
}

struct Transitions {
  std::vector<Entry> entries;
  std::vector<std::string> causes;
  TextMap<uint32_t> cause_numbers;

  uint32_t CauseNumber(std::string_view cause) {
    const auto [at, added] = cause_numbers.try_emplace(cause, static_cast<uint32_t>(causes.size()));
    if (added) causes.emplace_back(cause);
    return at->second;
  }
  void Merge(const Transitions& other) {
    std::vector<uint32_t> numbers;
    for (const std::string& cause : other.causes) numbers.push_back(CauseNumber(cause));
    for (Entry entry : other.entries) {
      entry.cause = numbers[entry.cause];
      entries.push_back(entry);
    }
  }
};

class TransitionStep final : public ShardStep {
 public:
  explicit TransitionStep(const Run& run) : as_of_(run.as_of()) {}

  absl::Status Customer(const CustomerView& view) override {
    auto& entries = transitions_.entries;
    const size_t first = entries.size();
    for (const v1::Transition& transition : facts::TransitionsOf(*view.fold, as_of_)) {
      Entry entry;
      entry.time = transition.transition_time().seconds() * kMicrosPerSecond +
                   transition.transition_time().nanos() / 1000;
      entry.customer_no = view.customer_no;
      entry.cause = transitions_.CauseNumber(transition.cause());
      entry.from = static_cast<uint8_t>(transition.from_stage());
      entry.to = static_cast<uint8_t>(transition.to_stage());
      // Two steps in one instant are one row: from where it began to where it ended.
      if (entries.size() > first && SameKey(entries.back(), entry)) {
        entry.from = entries.back().from;
        entries.back() = entry;
      } else {
        entries.push_back(entry);
      }
    }
    return absl::OkStatus();
  }
  const Transitions& transitions() const { return transitions_; }

 private:
  const TimeMicros as_of_;
  Transitions transitions_;
};

std::string RowOf(const Entry& entry, const std::string& cause) {
  v1::Transition transition;
  transition.set_from_stage(static_cast<v1::LifecycleStage>(entry.from));
  transition.set_to_stage(static_cast<v1::LifecycleStage>(entry.to));
  auto& time = *transition.mutable_transition_time();
  TimeMicros seconds = entry.time / kMicrosPerSecond;
  TimeMicros micros = entry.time % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(micros * 1000));
  transition.set_cause(cause);
  return transition.SerializeAsString();
}

absl::StatusOr<store::DatasetFile> WriteSlice(const Run& run, uint32_t workspace_no,
                                              const Transitions& all, size_t slice) {
  char label[40];
  std::snprintf(label, sizeof label, "w%u-%05zu", workspace_no, slice);
  ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kTransitions, label));
  const size_t end = std::min(all.entries.size(), (slice + 1) * kRowsPerFile);
  for (size_t i = slice * kRowsPerFile; i < end; ++i) {
    const Entry& entry = all.entries[i];
    const store::TransitionKey key{workspace_no, entry.time, entry.customer_no};
    RETURN_IF_ERROR(writer->Add(key.Encode(), RowOf(entry, all.causes[entry.cause])));
  }
  RETURN_IF_ERROR(writer->Finish());
  return writer->file();
}

class TransitionStage final : public Stage {
 public:
  std::string_view name() const override { return "transitions"; }
  std::vector<std::string_view> needs() const override { return {"fold"}; }
  Source source() const override { return Source::kFolds; }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard&) override {
    return std::make_unique<TransitionStep>(run);
  }
  absl::Status Merge(Run&, const Shard& shard, ShardStep& step) override {
    transitions_[shard.workspace->number].Merge(
        static_cast<const TransitionStep&>(step).transitions());
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (auto& [workspace_no, all] : transitions_) {
      std::sort(all.entries.begin(), all.entries.end(), KeyLess);
      const size_t slices = (all.entries.size() + kRowsPerFile - 1) / kRowsPerFile;
      std::vector<store::DatasetFile> files(slices);
      RETURN_IF_ERROR(
          InParallel(run.threads, slices, [&, number = workspace_no](size_t slice) -> absl::Status {
            ASSIGN_OR_RETURN(files[slice], WriteSlice(run, number, all, slice));
            return absl::OkStatus();
          }));
      for (const store::DatasetFile& file : files) RETURN_IF_ERROR(RecordFile(run, file));
      rows += static_cast<int64_t>(all.entries.size());
      all = {};
    }
    return rows;
  }

 private:
  std::map<uint32_t, Transitions> transitions_;
};

}  // namespace

std::unique_ptr<Stage> NewTransitionStage() { return std::make_unique<TransitionStage>(); }

}  // namespace rapport::jobs
