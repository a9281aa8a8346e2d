// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "lib/base/calendar.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

std::string Grouped(std::string digits) {
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string TrimRight(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

std::string FormatCount(int64_t count) {
  const bool negative = count < 0;
  const uint64_t size = negative ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  return Cat(negative ? "-" : "", Grouped(std::to_string(size)));
}

std::string FormatNumber(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, std::abs(value));
  std::string whole(text);
  const size_t point = std::min(whole.find('.'), whole.size());
  const std::string fraction = whole.substr(point);
  const bool zero = whole.find_first_not_of("0.") == std::string::npos;
  return Cat(value < 0 && !zero ? "-" : "", Grouped(whole.substr(0, point)), fraction);
}

std::string FormatShare(double share, int decimals) {
  return Cat(FormatNumber(share * 100, decimals), " %");
}

std::string FormatMoneyShort(const v1::Money& money) {
  const bool negative = money.micros() < 0;
  const uint64_t size =
      negative ? 0 - static_cast<uint64_t>(money.micros()) : static_cast<uint64_t>(money.micros());
  const uint64_t cents = (size + 5'000) / 10'000;
  const uint64_t rest = cents % 100;
  std::string text = Cat(negative && cents != 0 ? "-" : "", Grouped(std::to_string(cents / 100)),
                         rest < 10 ? ".0" : ".", rest);
  return money.currency().empty() ? text : Cat(text, " ", money.currency());
}

std::string FormatBytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  for (; size >= 1024 && unit < 4; ++unit) size /= 1024;
  return Cat(FormatNumber(size, unit == 0 ? 0 : 1), " ", kUnits[unit]);
}

std::string FormatStamp(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  std::string text = FormatTime(time.seconds() * kMicrosPerSecond);
  if (text.size() < 19) return text;
  text[10] = ' ';
  return text.substr(0, 19);
}

std::string FormatDuration(const google::protobuf::Duration& duration) {
  const double seconds = static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
  return Cat(FormatNumber(seconds, seconds < 10 ? 2 : 1), " s");
}

std::string FormatEnum(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  std::string text = absl::AsciiStrToLower(ToAbsl(name));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text == "unspecified" ? "-" : text;
}

std::string FormatInterval(const v1::Interval& interval, int decimals) {
  if (interval.level() == 0) return "";
  return Cat(FormatNumber(interval.low(), decimals), " to ",
             FormatNumber(interval.high(), decimals));
}

std::string LastSegment(std::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

std::string ContextText(const v1::AnswerContext& context, const Terminal& terminal) {
  std::string text = Cat("n ", FormatCount(context.sample_size()));
  if (!context.start_date().empty()) text = Cat(text, ", from ", context.start_date());
  if (!context.end_date().empty()) text = Cat(text, ", before ", context.end_date());
  if (context.has_as_of()) text = Cat(text, ", as of ", FormatStamp(context.as_of()), " UTC");
  if (!context.generation().empty()) {
    text = Cat(text, ", generation ", LastSegment(context.generation()));
  }
  text = Cat(terminal.In(Paint::kDim, text), "\n");
  for (const std::string& note : context.notes()) {
    text = Cat(text, terminal.In(Paint::kDim, Cat("note: ", note)), "\n");
  }
  return text;
}

std::string Table::Text(const Terminal& terminal) const {
  std::vector<int> widths;
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  int used = 0;
  for (size_t i = 0; i + 1 < widths.size(); ++i) used += widths[i] + 2;
  if (terminal.tty && !columns_.back().right) {
    widths.back() = std::clamp(widths.back(), 8, std::max(8, terminal.width - used));
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == columns_.size();
      const std::string cell = last ? Shorten(cells[i], widths[i]) : cells[i];
      text += Pad(cell, widths[i], columns_[i].right);
      if (!last) text += "  ";
    }
    return TrimRight(std::move(text));
  };
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::string text = Cat(terminal.In(Paint::kBold, line(titles)), "\n");
  for (const auto& row : rows_) text = Cat(text, line(row), "\n");
  return text;
}

void Sheet::Add(std::string_view name, std::string_view value) {
  if (!value.empty()) rows_.emplace_back(name, value);
}

std::string Sheet::Text(const Terminal& terminal) const {
  int width = 0;
  for (const auto& [name, value] : rows_) width = std::max(width, DisplayWidth(name));
  std::string text;
  for (const auto& [name, value] : rows_) {
    text = Cat(text, terminal.In(Paint::kDim, Pad(name, width)), "  ", value, "\n");
  }
  return text;
}

}  // namespace rapport::ctl
