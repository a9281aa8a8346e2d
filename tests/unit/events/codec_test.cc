// SPDX-License-Identifier: Apache-2.0
// Batches, blocks and payloads: round trips, sizes, and broken bytes that must not crash.
#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lib/base/score_bucket.h"
#include "lib/events/batch.h"
#include "lib/events/block.h"
#include "lib/events/columns.h"
#include "tests/support/matchers.h"
#include "tests/unit/events/random_events.h"

namespace rapport::events {
namespace {

using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(Columns, RoundTripAndWidth) {
  struct Case {
    std::vector<int64_t> values;
    size_t bytes;  // Whole column with a common divisor: header, then count x width.
  };
  const Case cases[] = {
      {{}, 3},
      {{7, 7, 7, 7}, 3},      // Constant: nothing but the header.
      {{0, 255}, 3 + 2 * 1},  // Divisor 255.
      {{1, 2, 256}, 3 + 3 * 1},
      {{1, 2, 258}, 3 + 3 * 2},
      {{10'000, 30'000, 1'270'000}, 3 + 2 + 2 + 3 * 1},  // Cents: 5-byte header more.
      {{kMin, kMax, 0}, 1 + 10 + 1 + 3 * 8},
  };
  for (const Case& test : cases) {
    std::string bytes;
    PutColumn(bytes, test.values, Divide::kYes);
    EXPECT_LE(bytes.size(), test.bytes + 1);
    for (const Divide divide : {Divide::kYes, Divide::kNo}) {
      bytes.clear();
      PutColumn(bytes, test.values, divide);
      std::string_view in = bytes;
      ColumnReader column;
      ASSERT_TRUE(column.Open(in, test.values.size(), kMin, kMax));
      EXPECT_TRUE(in.empty());
      for (size_t i = 0; i < test.values.size(); ++i) EXPECT_EQ(column.At(i), test.values[i]);
    }
  }
}

TEST(Columns, RefusesValuesOutsideTheType) {
  std::string bytes;
  PutColumn(bytes, std::vector<int64_t>{0, 70'000}, Divide::kNo);
  std::string_view in = bytes;
  ColumnReader column;
  EXPECT_FALSE(column.Open(in, 2, 0, 0xFFFF));
  EXPECT_TRUE(column.Open(in, 2, 0, 0xFFFFFFFF));
  std::string negative;
  PutColumn(negative, std::vector<int64_t>{-1}, Divide::kNo);
  in = negative;
  EXPECT_FALSE(column.Open(in, 1, 0, 255));
}

Batch RandomBatch(Random& random) {
  Batch batch;
  batch.workspace_no = static_cast<uint32_t>(random.Between(1, 5));
  batch.receive_time = random.Between(0, kMax);
  const int64_t count = random.Between(0, 60);
  for (int64_t i = 0; i < count; ++i) {
    batch.rows.push_back(RandomRow(random, 1, 1'000'000));
    batch.ids.push_back({random.engine()(), random.engine()()});
    batch.payloads.push_back(random.Bytes(random.OneIn(10) ? 3000 : 40));
  }
  return batch;
}

TEST(Batch, RoundTrip) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Batch batch = RandomBatch(random);
    const std::string bytes = EncodeBatch(batch);
    Batch back;
    RAPPORT_ASSERT_OK(DecodeBatch(bytes, true, back));
    EXPECT_EQ(back.workspace_no, batch.workspace_no);
    EXPECT_EQ(back.receive_time, batch.receive_time);
    EXPECT_EQ(back.rows, batch.rows);
    EXPECT_EQ(back.ids, batch.ids);
    EXPECT_EQ(back.payloads, batch.payloads);
    RAPPORT_ASSERT_OK(DecodeBatch(bytes, false, back));
    EXPECT_EQ(back.rows, batch.rows);
    EXPECT_TRUE(back.payloads.empty());
  }
}

TEST(Batch, TruncatedIsDataLoss) {
  Random random(7);
  Batch batch = RandomBatch(random);
  batch.payloads.resize(batch.rows.size(), "x");
  const std::string bytes = EncodeBatch(batch);
  for (size_t length = 0; length < bytes.size(); ++length) {
    Batch back;
    EXPECT_THAT(DecodeBatch(std::string_view(bytes).substr(0, length), true, back),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

// Decoders may accept changed bytes but must stay inside them (run under ASan too).
TEST(Codecs, GarbageIsRefusedOrReadSafely) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<EventRow> rows;
    for (int i = 0; i < 20; ++i) rows.push_back(RandomRow(random, 64, 127));
    SortRows(rows);
    std::string block = EncodeBlock(rows);
    std::string batch = EncodeBatch(RandomBatch(random));
    std::string payloads = EncodePayloads(std::vector<std::string>{"a", "", "bcd"});
    for (std::string* bytes : {&block, &batch, &payloads}) {
      if (random.OneIn(3)) *bytes = random.Bytes(200);
      for (int64_t i = random.Between(1, 4); i > 0 && !bytes->empty(); --i) {
        (*bytes)[static_cast<size_t>(random.Between(0, static_cast<int64_t>(bytes->size()) - 1))] =
            static_cast<char>(random.Between(0, 255));
      }
    }
    std::vector<EventRow> out;
    size_t first = 0;
    DecodeBlock(block, 1, out).IgnoreError();
    DecodeCustomer(block, 70, out, first).IgnoreError();
    Batch back;
    DecodeBatch(batch, true, back).IgnoreError();
    std::vector<std::string> texts;
    DecodePayloads(payloads, texts).IgnoreError();
  }
}

TEST(Block, RoundTripWholeAndByCustomer) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<EventRow> rows;
    for (int64_t i = random.Between(1, 300); i > 0; --i)
      rows.push_back(RandomRow(random, 640, 703));
    SortRows(rows);
    const std::string bytes = EncodeBlock(rows);
    std::vector<EventRow> back;
    RAPPORT_ASSERT_OK(DecodeBlock(bytes, 10, back));
    EXPECT_EQ(back, rows);
    for (CustomerNo customer = 640; customer < 704; ++customer) {
      std::vector<EventRow> own, expected;
      std::copy_if(rows.begin(), rows.end(), std::back_inserter(expected),
                   [&](const EventRow& row) { return row.customer_no == customer; });
      size_t first = 0;
      RAPPORT_ASSERT_OK(DecodeCustomer(bytes, customer, own, first));
      EXPECT_EQ(own, expected);
      if (!own.empty()) {
        EXPECT_EQ(rows[first], own[0]);
      }
    }
  }
}

TEST(Block, TruncatedIsDataLoss) {
  Random random(3);
  std::vector<EventRow> rows;
  for (int i = 0; i < 50; ++i) rows.push_back(RandomRow(random, 0, 63));
  SortRows(rows);
  const std::string bytes = EncodeBlock(rows);
  for (size_t length = 0; length < bytes.size(); ++length) {
    std::vector<EventRow> out;
    EXPECT_THAT(DecodeBlock(std::string_view(bytes).substr(0, length), 0, out),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

// An order a month, a page view a day, a ticket at times: what a shop sends.
TEST(Block, IsAboutTenBytesAnEvent) {
  Random random(11);
  std::vector<EventRow> rows;
  for (int i = 0; i < 1280; ++i) {
    EventRow row;
    row.customer_no = static_cast<CustomerNo>(random.Between(64, 127));
    row.time = random.Between(1'700'000'000, 1'760'000'000) * 1'000'000;
    row.channel = static_cast<uint8_t>(random.Between(1, 4));
    row.touchpoint_no = static_cast<uint32_t>(random.Between(0, 30));
    row.type = random.OneIn(5) ? 81 : random.OneIn(20) ? 110 : 10;
    if (row.type == 81) {
      row.value = random.Between(100, 20'000) * 10'000;
      row.aux = random.Between(1, 5);
      row.currency = 5778;
    }
    if (row.type == 110) row.value = random.Between(0, kMax);
    rows.push_back(row);
  }
  SortRows(rows);
  EXPECT_LT(EncodeBlock(rows).size(), rows.size() * 10);
}

TEST(Payloads, RoundTrip) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<std::string> payloads;
    for (int64_t i = random.Between(0, 50); i > 0; --i) payloads.push_back(random.Bytes(500));
    std::vector<std::string> back;
    RAPPORT_ASSERT_OK(DecodePayloads(EncodePayloads(payloads), back));
    EXPECT_EQ(back, payloads);
  }
}

// The sum of two ticket ids' hashes overflowed once.
TEST(SummedValue, LeavesOutWhatNamesATicket) {
  EXPECT_EQ(SummedValue(59, INT64_MAX), 0);
  for (uint16_t type = 110; type <= 113; ++type) EXPECT_EQ(SummedValue(type, INT64_MAX), 0);
  EXPECT_EQ(SummedValue(81, 12'340'000), 12'340'000);
  EXPECT_EQ(SummedValue(120, 15'000), 15'000);
}

TEST(ScoreBucket, KnowsScoreAndScale) {
  EXPECT_EQ(ScoreBucket(30, 9, 10), 9);
  EXPECT_EQ(ScoreBucket(31, 4, 5), 5 * 256 + 4);
  EXPECT_EQ(ScoreBucket(32, 7, 7), 7 * 256 + 7);
  EXPECT_EQ(ScoreBucket(33, 1, 100), 100 * 256 + 1);
  EXPECT_EQ(ScoreBucket(34, 9, 10), 0);
  EXPECT_EQ(ScoreBucket(81, 9, 10), 0);
  EXPECT_EQ(ScoreBucket(1030, 9, 10), 0);
}

}  // namespace
}  // namespace rapport::events
