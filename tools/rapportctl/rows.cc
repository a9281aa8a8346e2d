// SPDX-License-Identifier: Apache-2.0
// Rows of CSV and JSONL.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_split.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "tools/rapportctl/input.h"

namespace rapport::ctl {
namespace {

constexpr size_t kMaxRecord = 4 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Appends the quoted field that starts after `at`; returns the position after its
// closing quote, npos if there is none.
size_t Unquote(std::string_view record, size_t at, std::string& scratch) {
  while (true) {
    const size_t quote = record.find('"', at);
    if (quote == record.npos) return record.npos;
    scratch.append(record.substr(at, quote - at));
    if (quote + 1 >= record.size() || record[quote + 1] != '"') return quote + 1;
    scratch.push_back('"');
    at = quote + 2;
  }
}

class CsvRows final : public RowReader {
 public:
  CsvRows(Input& input, char delimiter) : input_(input), delimiter_(delimiter) {}

  absl::Status Begin(const CsvOptions& options, const std::vector<std::string>& wanted) {
    std::vector<std::string> header = options.columns;
    if (header.empty()) {
      ASSIGN_OR_RETURN(const bool any, NextRecord());
      if (!any) return InvalidField("header", "NO_HEADER", Cat(input_.path(), " is empty"));
      header.assign(fields_.begin(), fields_.end());
      if (header[0].starts_with(kByteOrderMark)) header[0].erase(0, kByteOrderMark.size());
    }
    width_ = header.size();
    for (const std::string& column : wanted) {
      const auto found = std::find(header.begin(), header.end(), column);
      if (found == header.end()) {
        return InvalidField(column, "UNKNOWN_COLUMN",
                            Cat("the file ", input_.path(), " has no such column"));
      }
      positions_.push_back(static_cast<size_t>(found - header.begin()));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row& row) override {
    do {
      ASSIGN_OR_RETURN(const bool any, NextRecord());
      if (!any) return false;
    } while (record_.empty());
    row.line = first_line_;
    row.file = BaseName(input_.path());
    row.raw = record_;
    row.error.clear();
    if (!complete_) {
      row.error = "a quoted field does not end";
    } else if (fields_.size() != width_) {
      row.error = Cat("has ", fields_.size(), " fields instead of ", width_);
    }
    if (!row.error.empty()) return true;
    row.cells.resize(positions_.size());
    for (size_t i = 0; i < positions_.size(); ++i) row.cells[i] = fields_[positions_[i]];
    return true;
  }

 private:
  // One record, over as many lines as its quotes span.
  absl::StatusOr<bool> NextRecord() {
    ASSIGN_OR_RETURN(const bool any, input_.NextLine(record_));
    if (!any) return false;
    first_line_ = input_.line_number();
    complete_ = SplitCsv(record_, delimiter_, fields_, scratch_);
    if (complete_) return true;
    joined_ = record_;
    while (!complete_ && joined_.size() < kMaxRecord) {
      std::string_view line;
      ASSIGN_OR_RETURN(const bool more, input_.NextLine(line));
      if (!more) break;
      joined_ += '\n';
      joined_ += line;
      if (line.find('"') == line.npos) continue;
      complete_ = SplitCsv(joined_, delimiter_, fields_, scratch_);
    }
    record_ = joined_;
    return true;
  }

  Input& input_;
  const char delimiter_;
  size_t width_ = 0;
  std::vector<size_t> positions_;
  std::string_view record_;
  std::string joined_;
  std::string scratch_;
  std::vector<std::string_view> fields_;
  int64_t first_line_ = 0;
  bool complete_ = true;
};

class JsonRows final : public RowReader {
 public:
  JsonRows(Input& input, const std::vector<std::string>& wanted) : input_(input) {
    for (const std::string& column : wanted) paths_.push_back(absl::StrSplit(column, '.'));
    texts_.resize(wanted.size());
  }

  absl::StatusOr<bool> Next(Row& row) override {
    std::string_view line;
    do {
      ASSIGN_OR_RETURN(const bool any, input_.NextLine(line));
      if (!any) return false;
    } while (line.empty());
    row.line = input_.line_number();
    row.file = BaseName(input_.path());
    row.raw = line;
    row.error.clear();
    const auto object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      row.error = "is not a JSON object";
      return true;
    }
    row.cells.resize(paths_.size());
    for (size_t i = 0; i < paths_.size(); ++i) {
      texts_[i] = TextAt(object, paths_[i]);
      row.cells[i] = texts_[i];
    }
    return true;
  }

 private:
  static std::string TextAt(const nlohmann::json& object, const std::vector<std::string>& path) {
    const nlohmann::json* value = &object;
    for (const std::string& key : path) {
      if (!value->is_object()) return "";
      const auto found = value->find(key);
      if (found == value->end()) return "";
      value = &*found;
    }
    if (value->is_null()) return "";
    return value->is_string() ? value->get_ref<const std::string&>() : value->dump();
  }

  Input& input_;
  std::vector<std::vector<std::string>> paths_;
  std::vector<std::string> texts_;
};

}  // namespace

bool SplitCsv(std::string_view record, char delimiter, std::vector<std::string_view>& fields,
              std::string& scratch) {
  fields.clear();
  scratch.clear();
  scratch.reserve(record.size());  // Views into it must not move.
  size_t at = 0;
  while (true) {
    if (at < record.size() && record[at] == '"') {
      const size_t begin = scratch.size();
      at = Unquote(record, at + 1, scratch);
      if (at == record.npos) return false;
      const size_t end = std::min(record.find(delimiter, at), record.size());
      scratch.append(record.substr(at, end - at));  // Text after the quotes is kept.
      fields.push_back(std::string_view(scratch).substr(begin));
      at = end;
    } else {
      const size_t end = std::min(record.find(delimiter, at), record.size());
      fields.push_back(record.substr(at, end - at));
      at = end;
    }
    if (at >= record.size()) return true;
    ++at;
  }
}

absl::StatusOr<std::unique_ptr<RowReader>> ReadCsv(Input& input, const CsvOptions& options,
                                                   const std::vector<std::string>& wanted) {
  auto rows = std::make_unique<CsvRows>(input, options.delimiter);
  RETURN_IF_ERROR(rows->Begin(options, wanted));
  return rows;
}

std::unique_ptr<RowReader> ReadJsonLines(Input& input, const std::vector<std::string>& wanted) {
  return std::make_unique<JsonRows>(input, wanted);
}

}  // namespace rapport::ctl
