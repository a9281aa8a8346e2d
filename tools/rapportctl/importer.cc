// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/importer.h"

#include <sys/stat.h>

#include <cstdio>
#include <deque>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

constexpr int64_t kSaveMicros = 500'000;

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == text.npos) return std::string(text);
  return Cat("\"", absl::StrReplaceAll(ToAbsl(text), {{"\"", "\"\""}}), "\"");
}

class RejectFile {
 public:
  absl::Status Open(const std::string& path, bool append) {
    if (path.empty()) return absl::OkStatus();
    file_.open(path, append ? std::ios::app : std::ios::trunc);
    if (!file_) return absl::PermissionDeniedError(Cat("cannot write ", path));
    if (!append) file_ << "file,line,field,reason,message,row\n";
    return absl::OkStatus();
  }
  void Add(const RefusedRow& row) {
    if (!file_.is_open()) return;
    file_ << CsvField(row.file) << ',' << row.line << ',' << CsvField(row.field) << ','
          << CsvField(row.reason) << ',' << CsvField(row.message) << ',' << CsvField(row.raw)
          << '\n';
  }
  absl::Status Close() {
    if (!file_.is_open()) return absl::OkStatus();
    file_.close();
    return file_ ? absl::OkStatus() : absl::DataLossError("the reject file is incomplete");
  }

 private:
  std::ofstream file_;
};

// "fingerprint acknowledged_events server_rejects", replaced whole.
class ResumeFile {
 public:
  ResumeFile(std::string path, std::string fingerprint)
      : path_(std::move(path)), fingerprint_(std::move(fingerprint)) {}

  absl::Status Load() {
    std::ifstream file(path_);
    std::string fingerprint;
    if (path_.empty() || !file) return absl::OkStatus();
    file >> fingerprint >> events >> rejects;
    if (file && fingerprint == fingerprint_) return absl::OkStatus();
    return FailedPrecondition("RESUME_MISMATCH",
                              Cat(path_,
                                  " belongs to another import (mapping, files or "
                                  "workspace differ); remove it to start over"));
  }
  absl::Status Save() const {
    if (path_.empty()) return absl::OkStatus();
    const std::string next = Cat(path_, ".next");
    std::ofstream file(next, std::ios::trunc);
    file << fingerprint_ << ' ' << events << ' ' << rejects << '\n';
    file.close();
    if (file && std::rename(next.c_str(), path_.c_str()) == 0) return absl::OkStatus();
    return absl::PermissionDeniedError(Cat("cannot write ", path_));
  }

  int64_t events = 0;
  int64_t rejects = 0;

 private:
  const std::string path_;
  const std::string fingerprint_;
};

std::string Fingerprint(const store::v1::ImportMapping& mapping, const ImportOptions& options) {
  std::string text = Cat(mapping.SerializeAsString(), "|", options.workspace);
  for (const std::string& file : options.files) {
    struct stat info {};
    const bool known = stat(file.c_str(), &info) == 0;
    text = Cat(text, "|", file, "|", known ? static_cast<int64_t>(info.st_size) : 0);
  }
  return absl::StrCat(absl::Hex(HashText64(text), absl::kZeroPad16));
}

// Where the events of a batch came from, until it is acknowledged. Only line, file and
// raw of the rows are set.
struct BatchOrigin {
  std::vector<RefusedRow> rows;
};

class Run {
 public:
  Run(Connection* connection, const ImportOptions& options, ProgressBar& progress,
      const std::function<int64_t()>& now_micros, std::string fingerprint)
      : options_(options),
        progress_(progress),
        now_micros_(now_micros),
        resume_(options.resume_path, std::move(fingerprint)) {
    if (connection == nullptr) return;
    sender_ = std::make_unique<EventSender>(
        *connection, SendOptions{.workspace = options.workspace, .window = options.window},
        [this](const auto& batch, const auto& ack) { TakeAck(batch, ack); });
  }

  absl::StatusOr<ImportSummary> Go(Mapping& mapping) {
    RETURN_IF_ERROR(resume_.Load());
    to_skip_ = summary_.resumed_events = resume_.events;
    summary_.rejects = resume_.rejects;  // Of batches acknowledged before.
    RETURN_IF_ERROR(rejects_.Open(options_.rejects_path, to_skip_ > 0));
    const Mapping::Sink sink{.event = [this](MappedEvent&& made) { return Take(std::move(made)); },
                             .refused = [this](const RefusedRow& row) { return Refuse(row); },
                             .keep_rows = !options_.rejects_path.empty()};
    absl::Status status = ReadAll(mapping, sink);
    if (status.ok()) status = SendBatch();
    if (status.ok() && sender_ != nullptr) status = sender_->Finish();
    if (sender_ != nullptr) RETURN_IF_ERROR(resume_.Save());
    RETURN_IF_ERROR(rejects_.Close());
    RETURN_IF_ERROR(status);
    summary_.mapping = mapping.totals();
    if (sender_ != nullptr) summary_.sent = sender_->totals();
    return std::move(summary_);
  }

 private:
  absl::Status ReadAll(Mapping& mapping, const Mapping::Sink& sink) {
    for (const std::string& path : options_.files) {
      ASSIGN_OR_RETURN(const auto input, Input::Open(path));
      input_ = input.get();
      mapping_ = &mapping;
      const absl::Status status = mapping.Read(*input, sink);
      input_ = nullptr;
      RETURN_IF_ERROR(status);
    }
    return mapping.Finish(sink);
  }

  absl::Status Take(MappedEvent&& made) {
    Show();
    if (to_skip_ > 0) {
      --to_skip_;
      return absl::OkStatus();
    }
    if (sender_ == nullptr) return absl::OkStatus();
    *batch_.add_events() = std::move(made.event);
    origin_.rows.push_back({.line = made.line,
                            .file = std::move(made.file),
                            .field = "",
                            .reason = "",
                            .message = "",
                            .raw = std::move(made.raw)});
    const bool full = origin_.rows.size() >= options_.batch_size;
    return full ? SendBatch() : absl::OkStatus();
  }

  absl::Status Refuse(const RefusedRow& row) {
    Show();
    ++summary_.rejects;
    ++summary_.reject_reasons[Cat(row.reason, " ", row.field)];
    rejects_.Add(row);
    return absl::OkStatus();
  }

  absl::Status SendBatch() {
    if (origin_.rows.empty()) return absl::OkStatus();
    origins_.push_back(std::exchange(origin_, {}));
    RETURN_IF_ERROR(sender_->Send(std::exchange(batch_, {})));
    if (now_micros_() - saved_micros_ < kSaveMicros) return absl::OkStatus();
    saved_micros_ = now_micros_();
    return resume_.Save();
  }

  void TakeAck(const v1::StreamEventsRequest& batch, const v1::StreamEventsResponse& ack) {
    const BatchOrigin origin = std::move(origins_.front());
    origins_.pop_front();
    resume_.events += batch.events_size();
    resume_.rejects += ack.rejected_size();
    for (const auto& rejected : ack.rejected()) {
      const auto index = static_cast<size_t>(rejected.index());
      RefusedRow row = index < origin.rows.size() ? origin.rows[index] : RefusedRow{};
      row.field = rejected.field();
      row.reason = rejected.reason();
      row.message = rejected.message();
      ++summary_.rejects;
      ++summary_.reject_reasons[Cat(row.reason, " ", row.field)];
      rejects_.Add(row);
    }
  }

  void Show() {
    if (++shown_ % 512 != 0 || input_ == nullptr) return;
    progress_.Show(input_->offset(), input_->size(), mapping_->totals().rows, now_micros_());
  }

  const ImportOptions& options_;
  ProgressBar& progress_;
  const std::function<int64_t()>& now_micros_;
  ResumeFile resume_;
  RejectFile rejects_;
  std::unique_ptr<EventSender> sender_;
  ImportSummary summary_;
  const Input* input_ = nullptr;
  const Mapping* mapping_ = nullptr;
  v1::StreamEventsRequest batch_;
  BatchOrigin origin_;
  std::deque<BatchOrigin> origins_;
  int64_t to_skip_ = 0;
  int64_t shown_ = 0;
  int64_t saved_micros_ = 0;
};

}  // namespace

absl::StatusOr<ImportSummary> Import(Connection* connection,
                                     const store::v1::ImportMapping& mapping,
                                     const ImportOptions& options, ProgressBar& progress,
                                     const std::function<int64_t()>& now_micros) {
  ASSIGN_OR_RETURN(const auto compiled, Mapping::Compile(mapping));
  Run run(options.dry_run ? nullptr : connection, options, progress, now_micros,
          Fingerprint(mapping, options));
  auto summary = run.Go(*compiled);
  progress.End();
  return summary;
}

}  // namespace rapport::ctl
