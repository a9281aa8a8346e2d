// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/table_file.h"

#include <memory>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "tools/rapportctl/decimal.h"
#include "tools/rapportctl/input.h"

namespace rapport::ctl {

absl::StatusOr<std::vector<TableRow>> ReadTable(const std::string& path,
                                                const std::vector<std::string>& columns) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Input> input, Input::Open(path));
  ASSIGN_OR_RETURN(const std::unique_ptr<RowReader> reader, ReadCsv(*input, {}, columns));
  std::vector<TableRow> rows;
  Row row;
  while (true) {
    ASSIGN_OR_RETURN(const bool any, reader->Next(row));
    if (!any) return rows;
    TableRow& kept = rows.emplace_back();
    kept.place = Cat(row.file, ":", row.line);
    if (!row.error.empty()) return absl::InvalidArgumentError(Cat(kept.place, ": ", row.error));
    kept.cells.assign(row.cells.begin(), row.cells.end());
  }
}

absl::Status BadCell(const TableRow& row, std::string_view column, std::string_view text,
                     std::string_view wanted) {
  return absl::InvalidArgumentError(Cat(row.place, ": ", column, " '", text, "' ", wanted));
}

absl::StatusOr<double> NumberIn(const TableRow& row, size_t cell, std::string_view column) {
  const auto parsed = ParseDecimal(row.cells[cell]);
  if (!parsed.ok()) return BadCell(row, column, row.cells[cell], "is no number");
  return ToDouble(*parsed);
}

absl::StatusOr<int64_t> NanosIn(const TableRow& row, size_t cell, std::string_view column) {
  const auto parsed = ParseDecimal(row.cells[cell]);
  if (!parsed.ok()) return BadCell(row, column, row.cells[cell], "is no number");
  const auto nanos = ToWhole(Product(*parsed, {.digits = 1'000'000'000, .places = 0}));
  if (!nanos.ok()) return BadCell(row, column, row.cells[cell], "has more than 9 decimals");
  return *nanos;
}

}  // namespace rapport::ctl
