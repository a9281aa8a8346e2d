// SPDX-License-Identifier: Apache-2.0
// Small CSV files with a header as rows of text, for commands that import tables. Any
// order of columns; others are passed over. InvalidArgument names file and line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rapport::ctl {

struct TableRow {
  std::string place;               // "rates.csv:12", for errors.
  std::vector<std::string> cells;  // Of the wanted columns, in their order.
};

// All rows; `path` may be - for standard input and packed with gzip.
absl::StatusOr<std::vector<TableRow>> ReadTable(const std::string& path,
                                                const std::vector<std::string>& columns);

// "rates.csv:12: rate 'x' ...".
absl::Status BadCell(const TableRow& row, std::string_view column, std::string_view text,
                     std::string_view wanted);
// A finite decimal number.
absl::StatusOr<double> NumberIn(const TableRow& row, size_t cell, std::string_view column);
// A decimal number in billionths, exactly: "0.92" is 920000000.
absl::StatusOr<int64_t> NanosIn(const TableRow& row, size_t cell, std::string_view column);

}  // namespace rapport::ctl
