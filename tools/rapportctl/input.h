// SPDX-License-Identifier: Apache-2.0
// Lines of a file or of standard input, unpacking gzip on the way, and rows of CSV and
// JSONL made of them. Views stay valid until the next call. Memory: the longest line
// plus 256 KiB. Not thread-safe.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rapport::ctl {

class Input {
 public:
  // "-" is standard input. NotFound if the file cannot be read.
  static absl::StatusOr<std::unique_ptr<Input>> Open(const std::string& path);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // The next line without its end (LF or CRLF); false at the end. DataLoss for broken gzip.
  absl::StatusOr<bool> NextLine(std::string_view& line);
  // Of the line last read, from 1.
  int64_t line_number() const { return line_number_; }
  // Stored (packed) bytes read and in all; size 0 when not known.
  int64_t offset() const;
  int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  Input(gzFile file, std::string path, int64_t size);
  absl::StatusOr<bool> Fill();

  gzFile file_;
  std::string path_;
  int64_t size_;
  std::string buffer_;
  size_t begin_ = 0;
  int64_t line_number_ = 0;
  bool at_end_ = false;
};

// One row: the cells of the columns asked for, in that order; absent ones are empty.
struct Row {
  int64_t line = 0;
  std::string_view file;  // Name without folders.
  std::string_view raw;   // As in the file.
  std::vector<std::string_view> cells;
  std::string error;  // Why the row cannot be read; cells are not set then.
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  // False at the end. An unreadable row is a Row with `error`.
  virtual absl::StatusOr<bool> Next(Row& row) = 0;
};

// Splits a CSV record (RFC 4180). Unquoted fields are views into `record`, quoted ones
// into `scratch`. False when the record ends inside quotes: add the next line.
bool SplitCsv(std::string_view record, char delimiter, std::vector<std::string_view>& fields,
              std::string& scratch);

struct CsvOptions {
  char delimiter = ',';
  std::vector<std::string> columns;  // Of a file without header.
};

// InvalidArgument if a wanted column is not in the header.
absl::StatusOr<std::unique_ptr<RowReader>> ReadCsv(Input& input, const CsvOptions& options,
                                                   const std::vector<std::string>& wanted);
// `a.b` in `wanted` is field b of object a. Numbers, truth values and null become text.
std::unique_ptr<RowReader> ReadJsonLines(Input& input, const std::vector<std::string>& wanted);

}  // namespace rapport::ctl
