// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/progress.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "lib/base/text.h"
#include "tools/rapportctl/format.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 24;
constexpr int64_t kRedrawMicros = 100'000;

std::string Repeated(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

std::string Clock(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  const int64_t rest = whole % 60;
  return Cat(whole / 60, rest < 10 ? ":0" : ":", rest);
}

}  // namespace

std::string ProgressLine(const ProgressState& state, std::string_view unit) {
  const double seconds = std::max(1e-6, static_cast<double>(state.elapsed_micros) / 1e6);
  const double rate = static_cast<double>(state.count) / seconds;
  const std::string counts =
      Cat(FormatCount(state.count), " ", unit, "  ", FormatCount(std::llround(rate)), "/s");
  if (state.total <= 0) return counts;
  const double share =
      std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0);
  const int full = static_cast<int>(share * kBarWidth);
  const std::string bar = Cat("[", Repeated("█", full), Repeated("░", kBarWidth - full), "]");
  const std::string percent = Pad(Cat(static_cast<int>(share * 100), " %"), 6, /*right=*/true);
  const std::string left = share > 0.01 ? Cat("  ", Clock(seconds * (1 / share - 1)), " left") : "";
  return Cat(bar, percent, "  ", counts, left);
}

ProgressBar::ProgressBar(std::ostream& out, const Terminal& terminal, std::string unit,
                         int64_t now_micros)
    : out_(out), active_(terminal.tty), unit_(std::move(unit)), start_micros_(now_micros) {}

void ProgressBar::Show(int64_t done, int64_t total, int64_t count, int64_t now_micros) {
  if (!active_ || now_micros - last_micros_ < kRedrawMicros) return;
  last_micros_ = now_micros;
  out_ << "\r\x1b[K" << ProgressLine({done, total, count, now_micros - start_micros_}, unit_);
  out_.flush();
}

void ProgressBar::End() {
  if (active_) out_ << "\r\x1b[K" << std::flush;
}

double ProgressBar::ElapsedSeconds(int64_t now_micros) const {
  return static_cast<double>(now_micros - start_micros_) / 1e6;
}

}  // namespace rapport::ctl
