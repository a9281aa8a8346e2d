// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/chart.h"

#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

constexpr int kPlotWidth = 48;

struct Scale {
  double low = 0;
  double high = 1;
  int At(double value) const {
    const double share = (value - low) / (high - low);
    return std::clamp(static_cast<int>(std::lround(share * (kPlotWidth - 1))), 0, kPlotWidth - 1);
  }
};

Scale ScaleOf(const google::protobuf::RepeatedPtrField<v1::MetricPoint>& points) {
  Scale scale{INFINITY, -INFINITY};
  for (const auto& point : points) {
    if (!point.has_value()) continue;
    const bool ranged = point.interval().level() > 0;
    scale.low = std::min(scale.low, ranged ? point.interval().low() : point.value());
    scale.high = std::max(scale.high, ranged ? point.interval().high() : point.value());
  }
  if (scale.low > scale.high) return {0, 1};
  // Whole tens at the ends of points and percents; equal ends get room.
  const double step = scale.high - scale.low > 5 ? 10 : 1;
  scale.low = std::floor(scale.low / step) * step;
  scale.high = std::ceil(scale.high / step) * step;
  if (scale.high <= scale.low) scale.high = scale.low + step;
  return scale;
}

std::string PlotLine(const v1::MetricPoint& point, const Scale& scale) {
  std::vector<std::string> cells(kPlotWidth, " ");
  if (point.interval().level() > 0) {
    const int low = scale.At(point.interval().low());
    const int high = scale.At(point.interval().high());
    for (int i = low; i <= high; ++i) cells[static_cast<size_t>(i)] = "─";
    cells[static_cast<size_t>(low)] = "├";
    cells[static_cast<size_t>(high)] = "┤";
  }
  cells[static_cast<size_t>(scale.At(point.value()))] = "●";
  std::string line;
  for (const std::string& cell : cells) line += cell;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string CellText(const v1::RetentionCell& cell, HeatValue value) {
  const std::string mark = cell.incomplete() ? "*" : "";
  switch (value) {
    case HeatValue::kRate:
      return Cat(FormatNumber(cell.rate() * 100, 0), mark);
    case HeatValue::kReturned:
      return Cat(FormatCount(cell.returned()), mark);
    case HeatValue::kRevenue:
      return Cat(FormatNumber(static_cast<double>(cell.revenue().micros()) / 1e6, 0), mark);
  }
  return "";
}

// Month 0 is always full, so the shades are scaled by the best later month.
double Shade(const v1::RetentionCell& cell, double best) {
  return cell.period() == 0 || best <= 0 ? 1 : std::min(1.0, cell.rate() / best) * 0.9;
}

double BestLaterRate(const v1::RetentionReport& report) {
  double best = 0;
  for (const auto& cohort : report.cohorts()) {
    for (const auto& cell : cohort.cells()) {
      if (cell.period() > 0 && !cell.incomplete()) best = std::max(best, cell.rate());
    }
  }
  return best;
}

}  // namespace

std::string Bar(double share, int width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::string TrendChart(const google::protobuf::RepeatedPtrField<v1::MetricPoint>& points,
                       int decimals, const Terminal& terminal) {
  const Scale scale = ScaleOf(points);
  int value_width = 0;
  int sample_width = 0;
  for (const auto& point : points) {
    value_width = std::max(value_width, DisplayWidth(FormatNumber(point.value(), decimals)));
    sample_width = std::max(sample_width, DisplayWidth(FormatCount(point.sample_size())));
  }
  std::string text;
  for (const auto& point : points) {
    const std::string value = point.has_value() ? FormatNumber(point.value(), decimals) : "-";
    const std::string mark = point.incomplete() ? "*" : " ";
    std::string line = Cat(point.start_date(), mark, " ", Pad(value, value_width, true), "  n ",
                           Pad(FormatCount(point.sample_size()), sample_width, true), "  ");
    if (point.has_value()) line += terminal.In(Paint::kCyan, PlotLine(point, scale));
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text = Cat(text, line, "\n");
  }
  const std::string low = FormatNumber(scale.low, 0);
  const std::string high = FormatNumber(scale.high, 0);
  const std::string indent(static_cast<size_t>(17 + value_width + sample_width), ' ');
  return Cat(text, indent, low, Pad(high, kPlotWidth - DisplayWidth(low), true), "\n");
}

std::string HeatMap(const v1::RetentionReport& report, const HeatMapOptions& options,
                    const Terminal& terminal) {
  int width = 5;
  int periods = 0;
  for (const auto& cohort : report.cohorts()) {
    if (cohort.size() == 0) continue;
    const int shown = std::min(cohort.cells_size(), options.last_period + 1);
    periods = std::max(periods, shown);
    for (int i = 0; i < shown; ++i) {
      width = std::max(width, DisplayWidth(CellText(cohort.cells(i), options.value)) + 1);
    }
  }
  const double best = BestLaterRate(report);
  std::string text = Cat("cohort      customers");
  for (int i = 0; i < periods; ++i) text += Pad(Cat("+", i), width, true);
  text = Cat(terminal.In(Paint::kBold, text), "\n");
  const auto add_line = [&](std::string_view title, const std::string& size, const auto& cells) {
    text = Cat(text, Pad(title, 10), "  ", Pad(size, 9, true));
    for (int i = 0; i < std::min(cells.size(), periods); ++i) {
      const std::string padded = Pad(CellText(cells.Get(i), options.value), width, true);
      text += terminal.Shaded(Shade(cells.Get(i), best), padded);
    }
    text += "\n";
  };
  for (const auto& cohort : report.cohorts()) {
    if (cohort.size() == 0) continue;
    add_line(cohort.start_date(), FormatCount(cohort.size()), cohort.cells());
  }
  if (options.value == HeatValue::kRate && !report.pooled().empty()) {
    add_line("all", "", report.pooled());
  }
  return text;
}

}  // namespace rapport::ctl
