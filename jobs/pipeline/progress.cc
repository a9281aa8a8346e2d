// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/time/clock.h"
#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

constexpr int kBarWidth = 24;
constexpr absl::Duration kDrawEvery = absl::Milliseconds(100);
// Back to the line's start, and clear what was there.
constexpr char kRedraw[] = "\r\x1b[K";

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
  return text;
}

}  // namespace

std::string Grouped(int64_t number) {
  const std::string digits = Cat(number);
  const size_t first = number < 0 ? 1 : 0;
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > first && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string ProgressText(int64_t done, int64_t total, double seconds) {
  const double share =
      total <= 0 ? 1 : std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const int filled = static_cast<int>(share * kBarWidth);
  std::string text = "[";
  text.append(static_cast<size_t>(filled), '#');
  text.append(static_cast<size_t>(kBarWidth - filled), '.');
  char percent[16];
  std::snprintf(percent, sizeof percent, "] %3.0f %%", share * 100);
  text += percent;
  if (done > 0 && seconds > 0) {
    const double rate = static_cast<double>(done) / seconds;
    text += Cat("  ", Grouped(std::llround(rate)), " customers/s");
    if (done < total) text += Cat("  ", Seconds(static_cast<double>(total - done) / rate), " left");
  }
  return text;
}

void Progress::Begin(const std::string& step, int64_t total) {
  const absl::MutexLock lock(&mutex_);
  step_ = step;
  total_ = total;
  done_ = 0;
  begin_ = drawn_ = absl::Now();
  if (style_ == ProgressStyle::kBar) Draw(begin_);
}

void Progress::Advance(int64_t customers) {
  const absl::MutexLock lock(&mutex_);
  done_ += customers;
  if (style_ != ProgressStyle::kBar) return;
  const absl::Time now = absl::Now();
  if (now - drawn_ >= kDrawEvery) Draw(now);
}

void Progress::End() {
  const absl::MutexLock lock(&mutex_);
  if (style_ == ProgressStyle::kQuiet) return;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin_);
  const std::string customers =
      done_ == 0 ? std::string() : Cat("  ", Grouped(done_), " customers");
  std::fprintf(stderr, "%s%s: %s%s\n", style_ == ProgressStyle::kBar ? kRedraw : "", step_.c_str(),
               Seconds(seconds).c_str(), customers.c_str());
}

void Progress::Say(const std::string& line) {
  const absl::MutexLock lock(&mutex_);
  if (style_ == ProgressStyle::kQuiet) return;
  std::fprintf(stderr, "%s%s\n", style_ == ProgressStyle::kBar ? kRedraw : "", line.c_str());
}

void Progress::Draw(absl::Time now) {
  drawn_ = now;
  const double seconds = absl::ToDoubleSeconds(now - begin_);
  const std::string bar = total_ == 0 ? "..." : ProgressText(done_, total_, seconds);
  std::fprintf(stderr, "%s%s %s", kRedraw, step_.c_str(), bar.c_str());
  std::fflush(stderr);
}

}  // namespace rapport::jobs
