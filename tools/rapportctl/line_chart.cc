// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/line_chart.h"

#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

constexpr int kMostColumns = 78;
constexpr int kFewestColumns = 20;

// 1, 2 or 5 times a power of ten, at least `value`.
double RoundedUp(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

struct Cell {
  std::string mark = " ";
  Paint paint = Paint::kNone;
};
using Grid = std::vector<std::vector<Cell>>;  // [row from the top][column].

class Canvas {
 public:
  Canvas(size_t steps, int columns, int height, double top)
      : steps_(steps), columns_(columns), height_(height), top_(top) {
    grid_.assign(static_cast<size_t>(height), std::vector<Cell>(static_cast<size_t>(columns)));
  }
  int ColumnOf(int step) const {
    if (steps_ < 2) return 0;
    return static_cast<int>(std::lround(step * (columns_ - 1) / static_cast<double>(steps_ - 1)));
  }
  void DrawBorder(int column) {
    for (auto& row : grid_) row[static_cast<size_t>(column)] = {"┊", Paint::kDim};
  }
  void Draw(const LineSeries& series) {
    for (int column = 0; column < columns_; ++column) {
      const double share = std::clamp(ValueAt(series.values, column) / top_, 0.0, 1.0);
      const auto row = height_ - 1 - static_cast<int>(std::lround(share * (height_ - 1)));
      grid_[static_cast<size_t>(row)][static_cast<size_t>(column)] = {series.mark, series.paint};
    }
  }
  std::string Row(size_t row, const Terminal& terminal) const {
    std::string line;
    size_t last = grid_[row].size();
    while (last > 0 && grid_[row][last - 1].mark == " ") --last;
    for (size_t i = 0; i < last; ++i) line += terminal.In(grid_[row][i].paint, grid_[row][i].mark);
    return line;
  }

 private:
  // The value at a column, between two steps on the straight line.
  double ValueAt(const std::vector<double>& values, int column) const {
    if (values.size() < 2) return values.empty() ? 0 : values[0];
    const double at = column * static_cast<double>(values.size() - 1) / (columns_ - 1);
    const auto low = std::min(static_cast<size_t>(at), values.size() - 2);
    const double part = at - static_cast<double>(low);
    return values[low] + part * (values[low + 1] - values[low]);
  }

  size_t steps_;
  int columns_;
  int height_;
  double top_;
  Grid grid_;
};

// Labels under the first, the border's and the last column, where they have room.
std::string Labels(const LineChartOptions& options, int border, int columns) {
  std::string line = options.labels.front();
  const auto put = [&](const std::string& label, int column) {
    const int at = std::min(column, columns - DisplayWidth(label));
    if (at <= DisplayWidth(line)) return;
    line = Cat(Pad(line, at), label);
  };
  const std::string& last = options.labels.back();
  if (border >= 0 && border + 2 * DisplayWidth(last) < columns) {
    put(options.labels[static_cast<size_t>(options.border)], border);
  }
  put(last, columns);
  return line;
}

}  // namespace

std::string LineChart(const std::vector<LineSeries>& series, const LineChartOptions& options,
                      const Terminal& terminal) {
  if (series.empty() || series[0].values.empty() || options.labels.empty()) return "";
  double most = 0;
  for (const LineSeries& one : series) {
    for (const double value : one.values) most = std::max(most, value);
  }
  const double top = RoundedUp(most);
  const int decimals = top < 10 ? 1 : 0;
  const int margin = DisplayWidth(FormatNumber(top, decimals)) + 2;
  const int columns = std::clamp(terminal.width - margin, kFewestColumns, kMostColumns);
  Canvas canvas(series[0].values.size(), columns, options.height, top);
  const int border = options.border < 0 ? -1 : canvas.ColumnOf(options.border);
  if (border >= 0) canvas.DrawBorder(border);
  for (const LineSeries& one : series) canvas.Draw(one);
  std::string text;
  for (int row = 0; row < options.height; ++row) {
    const bool middle = 2 * row == options.height - 1;
    const bool labelled = row == 0 || middle || row + 1 == options.height;
    const double level = top * (options.height - 1 - row) / (options.height - 1);
    const std::string label = labelled ? FormatNumber(level, decimals) : "";
    text = Cat(text, Pad(label, margin - 2, true), labelled ? " ┤" : " │",
               canvas.Row(static_cast<size_t>(row), terminal), "\n");
  }
  text = Cat(text, Pad("", margin), Labels(options, border, columns), "\n", Pad("", margin));
  for (const LineSeries& one : series) {
    text =
        Cat(text, &one == &series[0] ? "" : "   ", terminal.In(one.paint, one.mark), " ", one.name);
  }
  if (border >= 0) {
    text = Cat(text, "   ┊ ", options.border_name, " ",
               options.labels[static_cast<size_t>(options.border)]);
  }
  return text + "\n";
}

}  // namespace rapport::ctl
