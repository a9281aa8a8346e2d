// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/stream.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/tools/fake_connection.h"

namespace rapport::ctl {
namespace {

using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;

v1::StreamEventsRequest Batch(int number, int size) {
  v1::StreamEventsRequest batch;
  for (int i = 0; i < size; ++i) batch.add_events()->set_event_id(Cat(number, ".", i));
  return batch;
}

struct Sent {
  absl::Status status;
  SendTotals totals;
  std::vector<int64_t> acknowledged;
};

Sent SendBatches(FakeServer& server, int batches, int size, size_t window = 4) {
  FakeConnection connection(server);
  Sent sent;
  EventSender sender(connection,
                     {.workspace = "workspaces/w",
                      .window = window,
                      .retries = 3,
                      .first_pause = absl::Microseconds(1)},
                     [&sent](const auto& batch, const auto& ack) {
                       EXPECT_EQ(batch.batch_id(), ack.batch_id());
                       sent.acknowledged.push_back(ack.batch_id());
                     });
  for (int i = 0; i < batches && sent.status.ok(); ++i) sent.status = sender.Send(Batch(i, size));
  if (sent.status.ok()) sent.status = sender.Finish();
  sent.totals = sender.totals();
  return sent;
}

TEST(EventSender, SendsAllAndAcknowledgesInOrder) {
  FakeServer server;
  const Sent sent = SendBatches(server, 20, 5);
  ASSERT_THAT(sent.status, IsOk());
  EXPECT_EQ(sent.totals.accepted, 100);
  EXPECT_EQ(sent.totals.batches, 20);
  EXPECT_EQ(server.streams, 1);
  for (size_t i = 0; i < sent.acknowledged.size(); ++i) {
    EXPECT_EQ(sent.acknowledged[i], static_cast<int64_t>(i) + 1);
  }
}

TEST(EventSender, NothingToSendOpensNoStream) {
  FakeServer server;
  EXPECT_THAT(SendBatches(server, 0, 0).status, IsOk());
  EXPECT_EQ(server.streams, 0);
}

TEST(EventSender, ResendsAfterBreaksWithoutLossOrRepetition) {
  for (const bool lose_ack : {false, true}) {
    for (const size_t window : {1, 2, 7}) {
      FakeServer server;
      server.break_every = 3;
      server.lose_ack = lose_ack;
      const Sent sent = SendBatches(server, 25, 4, window);
      ASSERT_THAT(sent.status, IsOk());
      EXPECT_EQ(server.stored.size(), 100u);
      EXPECT_EQ(sent.totals.accepted + sent.totals.duplicates, 100);
      EXPECT_EQ(sent.totals.batches, 25);
      EXPECT_GT(server.streams, 1);
    }
  }
}

TEST(EventSender, GivesUpWhenTheServerStaysAway) {
  FakeServer server;
  server.final_error = absl::UnavailableError("no server");
  const Sent sent = SendBatches(server, 3, 1);
  EXPECT_THAT(sent.status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server.streams, 4);  // Once and three retries.
}

TEST(EventSender, DoesNotRetryARefusal) {
  FakeServer server;
  server.final_error = absl::NotFoundError("workspaces/w does not exist");
  const Sent sent = SendBatches(server, 3, 1);
  EXPECT_THAT(sent.status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(server.streams, 1);
}

}  // namespace
}  // namespace rapport::ctl
