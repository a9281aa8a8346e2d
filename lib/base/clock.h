// SPDX-License-Identifier: Apache-2.0
// Where "now" comes from. Only servers and jobs hold a Clock; domain code takes times.
// Times are UTC microseconds since 1970 (TimeMicros).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace rapport {

using TimeMicros = int64_t;
inline constexpr TimeMicros kMicrosPerSecond = 1'000'000;
inline constexpr TimeMicros kMicrosPerDay = 86'400 * kMicrosPerSecond;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeMicros Now() const = 0;
};

// The machine's UTC clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  TimeMicros Now() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// A clock that tests move. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimeMicros now) : now_(now) {}
  TimeMicros Now() const override { return now_.load(); }
  void Set(TimeMicros now) { now_ = now; }
  void Advance(TimeMicros by) { now_ += by; }

 private:
  std::atomic<TimeMicros> now_;
};

}  // namespace rapport
