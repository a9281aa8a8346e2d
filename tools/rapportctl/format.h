// SPDX-License-Identifier: Apache-2.0
// Figures as people read them: grouped digits, money, percent, times, enum names, and
// tables with aligned columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "rapport/v1/answer.pb.h"
#include "rapport/v1/event.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// "1,234,567".
std::string FormatCount(int64_t count);
// "1,234.50", with that many decimals; "-" for NaN.
std::string FormatNumber(double value, int decimals);
// A share 0-1 as "65.6 %".
std::string FormatShare(double share, int decimals = 1);
// "8,911,407.90 GBP"; two decimals, rounded half away from zero.
std::string FormatMoneyShort(const v1::Money& money);
// "12.3 MiB".
std::string FormatBytes(int64_t bytes);
// "2026-11-21 20:46:51" in UTC; empty when unset.
std::string FormatStamp(const google::protobuf::Timestamp& time);
// "2.41 s".
std::string FormatDuration(const google::protobuf::Duration& duration);
// "at risk" for LIFECYCLE_STAGE_AT_RISK with prefix "LIFECYCLE_STAGE_".
std::string FormatEnum(std::string_view name, std::string_view prefix);
// "39.8 (38.1 to 41.6, 95 %)".
std::string FormatInterval(const v1::Interval& interval, int decimals);
// The last part of a resource name.
std::string LastSegment(std::string_view name);
// "n 2,746 answers, up to 2017-05-30 ..., generation 3" and notes, dim.
std::string ContextText(const v1::AnswerContext& context, const Terminal& terminal);

class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // Titles bold, columns two spaces apart, no trailing spaces. The last left-aligned
  // column is cut to the terminal's width.
  std::string Text(const Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Two columns of names and values without titles.
class Sheet {
 public:
  void Add(std::string_view name, std::string_view value);  // Nothing when value is empty.
  std::string Text(const Terminal& terminal) const;

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

}  // namespace rapport::ctl
