// SPDX-License-Identifier: Apache-2.0
#include "lib/events/live_tail.h"

#include <map>
#include <thread>

#include "gtest/gtest.h"
#include "tests/unit/events/random_events.h"

namespace rapport::events {
namespace {

TEST(LiveTail, ReadsLatestArrivalFirstAndStopsAtASequence) {
  LiveTail tail(10);
  EventRow row;
  row.customer_no = 7;
  for (store::Sequence sequence = 11; sequence <= 15; ++sequence) {
    row.value = static_cast<int64_t>(sequence);
    tail.Append(row, {sequence, static_cast<uint32_t>(sequence * 2)});
  }
  std::vector<store::Sequence> seen;
  tail.Read(7, 12, [&](const EventRow& event, LogPlace place) {
    EXPECT_EQ(event.value, static_cast<int64_t>(place.sequence));
    EXPECT_EQ(event.customer_no, 7u);
    EXPECT_EQ(place.index, place.sequence * 2);
    seen.push_back(place.sequence);
  });
  EXPECT_EQ(seen, (std::vector<store::Sequence>{15, 14, 13}));
  tail.Read(8, 0, [](const EventRow&, LogPlace) { FAIL(); });
  tail.Read(4'000'000'000u, 0, [](const EventRow&, LogPlace) { FAIL(); });
}

TEST(LiveTail, KeepsAllRows) {
  Random random(1);
  LiveTail tail(0);
  std::map<CustomerNo, std::vector<EventRow>> oracle;
  for (uint32_t i = 0; i < 300'000; ++i) {
    const EventRow row = RandomRow(random, 1, 500);
    tail.Append(row, {1 + i / 1000, i % 1000});
    oracle[row.customer_no].push_back(row);
  }
  EXPECT_EQ(tail.count(), 300'000u);
  for (auto& [customer, rows] : oracle) {
    std::vector<EventRow> read;
    tail.Read(customer, 0, [&](const EventRow& row, LogPlace) { read.push_back(row); });
    std::reverse(rows.begin(), rows.end());
    ASSERT_EQ(read, rows);
  }
}

// Readers beside the writer see whole rows only (TSan watches the rest).
TEST(LiveTail, ReadersRunBesideTheWriter) {
  LiveTail tail(0);
  std::atomic<bool> finished = false;
  std::thread reader([&] {
    while (!finished) {
      int64_t expected = -1;
      tail.Read(3, 0, [&](const EventRow& row, LogPlace) {
        ASSERT_EQ(row.value, row.aux);
        if (expected >= 0) {
          ASSERT_EQ(row.value, expected);
        }
        expected = row.value - 1;
      });
    }
  });
  for (uint32_t i = 0; i < 20'000; ++i) {
    EventRow row;
    row.customer_no = 3;
    row.value = row.aux = i;
    tail.Append(row, {i / 100 + 1, i % 100});
    if (i % 2000 == 0) std::this_thread::yield();
  }
  finished = true;
  reader.join();
  EXPECT_EQ(tail.count(), 20'000u);
}

}  // namespace
}  // namespace rapport::events
