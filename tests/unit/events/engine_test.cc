// SPDX-License-Identifier: Apache-2.0
// The engine on both stores: exactly once, durable, visible, also when the store fails.
#include <atomic>
#include <random>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "tests/unit/events/engine_rig.h"

namespace rapport::events {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class EngineTest : public ::testing::TestWithParam<Backend> {
 protected:
  Rig rig{GetParam()};

  // Live cells of a type with day in [begin, end), for a pinned generation.
  std::vector<LiveCell> Cells(const store::GenerationHandle& generation, TypeNo type, int32_t begin,
                              int32_t end) const {
    std::vector<LiveCell> cells;
    rig.engine->ForEachLiveCell(generation, rig.shop, [&](const LiveCell& cell) {
      if (cell.type == type && cell.day >= begin && cell.day < end) cells.push_back(cell);
    });
    return cells;
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, EngineTest, ::testing::Values(Backend::kMemory, Backend::kRocks),
                         [](const auto& param) {
                           return param.param == Backend::kMemory ? "Memory" : "Rocks";
                         });

std::vector<std::string> IdsOf(const std::vector<v1::Event>& events) {
  std::vector<std::string> ids;
  for (const v1::Event& event : events) ids.push_back(event.event_id());
  return ids;
}

TEST_P(EngineTest, AcceptedIsVisibleAtOnce) {
  const IngestOutcome outcome =
      rig.Ingest({OrderOf("e2", "c1", kNow - 5, 12'500'000), PageView("e1", "c1", kNow - 10)});
  RAPPORT_EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.accepted, 2);
  const std::vector<EventRow> rows = rig.All("c1");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].type, v1::EVENT_TYPE_PAGE_VIEWED);
  EXPECT_EQ(rows[1].value, 12'500'000);
  EXPECT_EQ(rows[1].time, kNow - 5);
  EXPECT_THAT(IdsOf(rig.Timeline("c1")), ElementsAre("e1", "e2"));
  EXPECT_THAT(IdsOf(rig.Timeline("c1", false)), ElementsAre("e2", "e1"));
  EXPECT_EQ(rig.engine->tail_event_count(), 2);
  EXPECT_EQ(rig.engine->customer_count(), 1);
}

TEST_P(EngineTest, DuplicatesWithinAndBetweenBatchesAndAfterRestart) {
  const v1::Event first = PageView("e1", "c1", kNow);
  const v1::Event other = PageView("e1", "c2", kNow - 7);  // Same id, other content: first wins.
  IngestOutcome outcome = rig.Ingest({first, other, PageView("e2", "c1", kNow)});
  EXPECT_EQ(outcome.accepted, 2);
  EXPECT_THAT(outcome.duplicates, ElementsAre(1));
  EXPECT_EQ(rig.No("c2"), 0u);  // A duplicate leaves no trace.
  outcome = rig.Ingest({PageView("e3", "c1", kNow), first});
  EXPECT_EQ(outcome.accepted, 1);
  EXPECT_THAT(outcome.duplicates, ElementsAre(1));
  rig.Restart();
  outcome = rig.Ingest({first, PageView("e3", "c1", kNow)});
  EXPECT_EQ(outcome.accepted, 0);
  EXPECT_THAT(outcome.duplicates, ElementsAre(0, 1));
  EXPECT_EQ(rig.All("c1").size(), 3u);
  rig.Night();
  rig.Restart();
  EXPECT_EQ(rig.engine->tail_event_count(), 0);
  EXPECT_EQ(rig.engine->remembered_id_count(), 3);
  EXPECT_EQ(rig.Ingest({first}).accepted, 0);
  EXPECT_EQ(rig.All("c1").size(), 3u);
}

TEST_P(EngineTest, IdsAreForgottenAfterTheHorizon) {
  const v1::Event event = PageView("e1", "c1", kNow);
  EXPECT_EQ(rig.Ingest({event}).accepted, 1);
  rig.clock.Advance(30 * kMicrosPerDay);
  EXPECT_EQ(rig.Ingest({event}).accepted, 0);
  rig.Night();
  rig.clock.Advance(kMicrosPerDay);
  rig.Restart();
  EXPECT_EQ(rig.Ingest({event}).accepted, 1);
  EXPECT_EQ(rig.All("c1").size(), 2u);
}

TEST_P(EngineTest, BadEventsAreRefusedOthersStored) {
  v1::Event bad = OrderOf("bad", "c1", kNow, -1);
  const IngestOutcome outcome = rig.Ingest({PageView("e1", "c1", kNow), bad,
                                            PageView("future", "c1", kNow + 25 * 3'600'000'000),
                                            PageView("e2", "c1", kNow + 23 * 3'600'000'000)});
  EXPECT_EQ(outcome.accepted, 2);
  ASSERT_EQ(outcome.rejected.size(), 2u);
  EXPECT_EQ(outcome.rejected[0].index(), 1);
  EXPECT_EQ(outcome.rejected[0].event_id(), "bad");
  EXPECT_EQ(outcome.rejected[0].field(), "order.amount.micros");
  EXPECT_EQ(outcome.rejected[0].reason(), "NEGATIVE_AMOUNT");
  EXPECT_EQ(outcome.rejected[1].reason(), "FUTURE_TIME");
  const QualityCounts quality = rig.engine->Quality(rig.shop);
  EXPECT_EQ(quality.accepted, 2);
  EXPECT_EQ(quality.rejections.size(), 2u);
  EXPECT_EQ(rig.Ingest({bad}).duplicates.size(), 0u);  // A refused id is not remembered.
}

TEST_P(EngineTest, UnknownWorkspaceIsNotFound) {
  const v1::Event event = PageView("e1", "c1", kNow);
  const v1::Event* pointer = &event;
  EXPECT_THAT(rig.engine->Ingest("nowhere", {&pointer, 1}).status,
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(EngineTest, FailedAppendAcknowledgesNothingAndCanBeRepeated) {
  EXPECT_EQ(rig.Ingest({PageView("e0", "c0", kNow)}).accepted, 1);
  rig.store->flaky_log.fail_appends = 1;
  const std::vector<v1::Event> events = {PageView("e1", "c1", kNow), PageView("e1", "c1", kNow)};
  IngestOutcome outcome = rig.Ingest(events);
  EXPECT_THAT(outcome.status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(outcome.accepted, 0);
  EXPECT_THAT(outcome.duplicates, IsEmpty());
  EXPECT_THAT(rig.All("c1"), IsEmpty());
  EXPECT_EQ(rig.engine->remembered_id_count(), 1);
  outcome = rig.Ingest(events);
  EXPECT_EQ(outcome.accepted, 1);
  EXPECT_THAT(outcome.duplicates, ElementsAre(1));
  rig.Restart();
  EXPECT_EQ(rig.All("c1").size(), 1u);
  EXPECT_EQ(rig.All("c0").size(), 1u);
}

TEST_P(EngineTest, FailedIdentityWriteIsMadeUpForLater) {
  rig.store->identities.fail_writes = 1;
  EXPECT_THAT(rig.Ingest({PageView("e1", "c1", kNow)}).status,
              StatusIs(absl::StatusCode::kUnavailable));
  // c1 is in memory already; its row must be stored before an event names its number.
  EXPECT_EQ(rig.Ingest({PageView("e1", "c1", kNow), PageView("e2", "c2", kNow)}).accepted, 2);
  rig.Restart();
  EXPECT_EQ(rig.All("c1").size(), 1u);
  EXPECT_EQ(rig.All("c2").size(), 1u);
}

TEST_P(EngineTest, BatchesThatWaitTogetherShareOneAppendAndEndInOrder) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 50; ++i) events.push_back(PageView(Cat("e", i), "c1", kNow));
  std::vector<int> order;  // Touched by the writer thread alone until it is done.
  absl::Notification finished;
  RAPPORT_ASSERT_OK(rig.engine->WithWriterLock([&] {
    for (int i = 0; i < 50; ++i) {
      const v1::Event* pointer = &events[static_cast<size_t>(i)];
      rig.engine->Submit(kShop, {&pointer, 1}, [&, i](IngestOutcome outcome) {
        EXPECT_EQ(outcome.accepted, 1);
        order.push_back(i);
        if (i == 49) finished.Notify();
      });
    }
    return absl::OkStatus();
  }));
  finished.WaitForNotification();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_LE(rig.store->flaky_log.appends, 2);  // The first may have been on its way alone.
  EXPECT_LE(rig.store->log().last(), 2u);      // And one log entry holds the others.
  EXPECT_EQ(rig.All("c1").size(), 50u);
}

TEST_P(EngineTest, ManyCallersStoreEachIdOnce) {
  std::atomic<int64_t> accepted = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int batch = 0; batch < 10; ++batch) {
        std::vector<v1::Event> events;
        for (int i = 0; i < 50; ++i) {
          events.push_back(PageView(Cat("e", batch * 40 + i), Cat("c", i % 7), kNow - i));
        }
        accepted += rig.Ingest(events).accepted;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(accepted, 9 * 40 + 50);
  EXPECT_EQ(rig.engine->tail_event_count(), 9 * 40 + 50);
  EXPECT_EQ(rig.engine->customer_count(), 7);
}

TEST_P(EngineTest, SubmitHoldsBackAndStillFinishes) {
  rig.options.max_waiting_events = 10;
  rig.Restart();
  std::atomic<int> done = 0;
  for (int i = 0; i < 200; ++i) {
    const v1::Event event = PageView(Cat("e", i), "c1", kNow);
    const v1::Event* pointer = &event;
    rig.engine->Submit(kShop, {&pointer, 1}, [&](IngestOutcome) { ++done; });
  }
  rig.Stop();  // Finishes what was submitted.
  EXPECT_EQ(done, 200);
}

TEST_P(EngineTest, FullEventComesBackAsItWasSent) {
  v1::Event event = OrderOf("e1", "c1", kNow - 123'456, 99'990'000);
  event.set_channel(v1::CHANNEL_WEB);
  event.set_touchpoint("checkout_page");
  event.set_campaign("autumn");
  event.set_session_id("s-1");
  auto* item = event.mutable_order()->add_items();
  item->set_product_id("p1");
  item->set_quantity(2.5);
  (*event.mutable_properties())["b"].set_number_value(2);
  (*event.mutable_properties())["a"].set_string_value("x");
  v1::Event custom = PageView("e2", "", kNow);
  custom.set_type(v1::EVENT_TYPE_CUSTOM);
  custom.set_custom_type("quiz.done");
  auto* identity = custom.add_identities();
  identity->set_kind(v1::IDENTITY_KIND_CUSTOMER_ID);
  identity->set_value("c1");
  identity = custom.add_identities();
  identity->set_kind(v1::IDENTITY_KIND_EMAIL);
  identity->set_value("Ann@Example.org");
  EXPECT_EQ(rig.Ingest({event, custom}).accepted, 2);
  for (const bool sealed : {false, true}) {
    SCOPED_TRACE(sealed);
    if (sealed) rig.Night();
    std::vector<v1::Event> events = rig.Timeline("c1");
    ASSERT_EQ(events.size(), 2u);
    for (v1::Event& back : events) {
      EXPECT_EQ(back.receive_time().seconds(), kNow / kMicrosPerSecond);
      back.clear_receive_time();
    }
    google::protobuf::util::MessageDifferencer differencer;
    std::string report;
    differencer.ReportDifferencesToString(&report);
    EXPECT_TRUE(differencer.Compare(event, events[0])) << report;
    EXPECT_TRUE(differencer.Compare(custom, events[1])) << report;
  }
  EXPECT_EQ(rig.engine->directory(rig.shop).Find(v1::IDENTITY_KIND_EMAIL, "ann@example.org"),
            rig.No("c1"));
}

TEST_P(EngineTest, NanosecondsAreCutToMicroseconds) {
  v1::Event event = PageView("e1", "c1", 0);
  event.mutable_event_time()->set_seconds(-1);
  event.mutable_event_time()->set_nanos(999'999'999);
  EXPECT_EQ(rig.Ingest({event}).accepted, 1);
  EXPECT_EQ(rig.All("c1")[0].time, -1);
  EXPECT_EQ(rig.Timeline("c1")[0].event_time().seconds(), -1);
  EXPECT_EQ(rig.Timeline("c1")[0].event_time().nanos(), 999'999'000);
}

TEST_P(EngineTest, TailFollowsTheGeneration) {
  rig.Ingest({PageView("e1", "c1", kNow - 1)});
  store::Manifest manifest = rig.Seal(false);
  rig.Ingest({PageView("e2", "c1", kNow - 2), PageView("late", "c1", kNow - 90 * kMicrosPerDay)});
  // Published, but the engine does not know yet: no event twice, none missing.
  rig.Publish(manifest);
  const auto generation = rig.generations->Current();
  EXPECT_EQ(rig.All("c1").size(), 3u);
  std::vector<EventRow> tail;
  rig.engine->TailEvents(generation, rig.shop, rig.No("c1"), tail);
  EXPECT_EQ(tail.size(), 2u);
  EXPECT_EQ(Cells(generation, 10, -100'000, 100'000).size(), 2u);
  RAPPORT_ASSERT_OK(rig.engine->OnGenerationChange(generation));
  EXPECT_EQ(rig.engine->tail_event_count(), 2);
  EXPECT_EQ(rig.All("c1").size(), 3u);
  EXPECT_THAT(IdsOf(rig.Timeline("c1")), ElementsAre("late", "e2", "e1"));
  // A request that pinned the time before the first generation still gets everything.
  tail.clear();
  rig.engine->TailEvents(nullptr, rig.shop, rig.No("c1"), tail);
  EXPECT_EQ(tail.size(), 3u);
  rig.Ingest({PageView("e3", "c1", kNow)});
  tail.clear();
  rig.engine->TailEvents(nullptr, rig.shop, rig.No("c1"), tail);
  EXPECT_EQ(tail.size(), 4u);
  EXPECT_EQ(rig.engine->Quality(rig.shop).late, 0);
  rig.Ingest({PageView("e4", "c1", kNow - 5 * kMicrosPerDay)});
  EXPECT_EQ(rig.engine->Quality(rig.shop).late, 1);
}

TEST_P(EngineTest, RollbackBringsTheTailBack) {
  rig.Ingest({PageView("e1", "c1", kNow)});
  rig.Night();
  rig.Ingest({PageView("e2", "c1", kNow)});
  rig.Night();
  rig.Ingest({PageView("e3", "c1", kNow)});
  EXPECT_EQ(rig.engine->tail_event_count(), 1);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto back, rig.generations->Rollback());
  EXPECT_EQ(rig.All("c1").size(), 3u);
  RAPPORT_ASSERT_OK(rig.engine->OnGenerationChange(back));
  EXPECT_EQ(rig.engine->tail_event_count(), 2);
  EXPECT_THAT(IdsOf(rig.Timeline("c1")), UnorderedElementsAre("e1", "e2", "e3"));
  rig.Restart();
  EXPECT_EQ(rig.All("c1").size(), 3u);
  EXPECT_EQ(rig.Ingest({PageView("e1", "c1", kNow), PageView("e2", "c1", kNow),
                        PageView("e3", "c1", kNow)})
                .accepted,
            0);
}

TEST_P(EngineTest, LiveCellsCountByDayInTheWorkspaceZone) {
  // 2026-11-21T23:30:00Z is the 22nd in Berlin.
  const TimeMicros late = (1'795'262'400 + 41'400) * kMicrosPerSecond;
  const auto day = static_cast<int32_t>(late / kMicrosPerDay);
  rig.Ingest({OrderOf("o1", "c1", late, 5'000'000), OrderOf("o2", "c2", late, 7'000'000),
              PageView("p1", "c1", late)});
  auto cells = Cells(nullptr, v1::EVENT_TYPE_ORDER_PLACED, day, day + 1);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].count, 2);
  EXPECT_EQ(cells[0].value_sum, 12'000'000);
  v1::Workspace berlin = rig.engine->FindWorkspace(kShop)->workspace();
  berlin.set_time_zone("Europe/Berlin");
  RAPPORT_ASSERT_OK(rig.engine->UpdateWorkspace(kShop, berlin));
  EXPECT_THAT(Cells(nullptr, v1::EVENT_TYPE_ORDER_PLACED, day, day + 1), IsEmpty());
  rig.Ingest({OrderOf("o3", "c2", late, 1'000'000)});
  rig.Restart();
  cells = Cells(nullptr, v1::EVENT_TYPE_ORDER_PLACED, day + 1, day + 2);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].count, 3);
}

TEST_P(EngineTest, MergedCustomersReadAsOne) {
  rig.Ingest({PageView("e1", "c1", kNow - 3), PageView("e2", "c2", kNow - 2)});
  rig.Night();
  rig.Ingest({PageView("e3", "c1", kNow - 1), PageView("e4", "c2", kNow)});
  customers::Directory& directory = rig.engine->directory(rig.shop);
  RAPPORT_ASSERT_OK(
      rig.engine->WithWriterLock([&] { return directory.Merge(rig.No("c1"), rig.No("c2")); }));
  EXPECT_THAT(IdsOf(rig.Timeline("c2")), ElementsAre("e1", "e2", "e3", "e4"));
  rig.Ingest({PageView("e5", "c2", kNow)});
  EXPECT_EQ(rig.All("c1").size(), 5u);
  for (const EventRow& row : rig.All("c2")) EXPECT_EQ(row.customer_no, rig.No("c1"));
  EXPECT_EQ(rig.engine->customer_count(), 1);
}

TEST_P(EngineTest, TimelineSlices) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 3000; ++i) events.push_back(PageView(Cat("e", i), "c1", kNow - i * 1000));
  rig.Ingest({events.begin(), events.begin() + 1500});
  rig.Night();
  rig.Ingest({events.begin() + 1500, events.end()});
  for (const size_t offset : {size_t{0}, size_t{1498}, size_t{2995}, size_t{5000}}) {
    const auto slice = rig.Timeline("c1", false, offset, 10);
    ASSERT_EQ(slice.size(), std::min<size_t>(10, offset > 3000 ? 0 : 3000 - offset));
    for (size_t i = 0; i < slice.size(); ++i) EXPECT_EQ(slice[i].event_id(), Cat("e", offset + i));
  }
}

TEST_P(EngineTest, Workspaces) {
  v1::Workspace workspace;
  RAPPORT_ASSERT_OK(CompleteWorkspace(workspace));
  EXPECT_THAT(rig.engine->CreateWorkspace(kShop, workspace),
              StatusIs(absl::StatusCode::kAlreadyExists));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto second, rig.engine->CreateWorkspace("b", workspace));
  EXPECT_EQ(second.workspace_no(), 2u);
  EXPECT_THAT(rig.engine->UpdateWorkspace("c", workspace), StatusIs(absl::StatusCode::kNotFound));
  const v1::Event event = PageView("e1", "c1", kNow);
  const v1::Event* pointer = &event;
  EXPECT_EQ(rig.engine->Ingest("b", {&pointer, 1}).accepted, 1);
  rig.Restart();
  ASSERT_EQ(rig.engine->Workspaces().size(), 2u);
  EXPECT_EQ(rig.engine->Workspaces()[0].workspace_no(), 2u);
  EXPECT_EQ(rig.engine->tail_event_count(), 1);
}

}  // namespace
}  // namespace rapport::events
