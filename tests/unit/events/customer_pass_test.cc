// SPDX-License-Identifier: Apache-2.0
// A pass over all customers shows what AllEvents and Timeline answer for each of them.
#include "lib/events/customer_pass.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "lib/base/errors.h"
#include "tests/unit/events/engine_rig.h"

namespace rapport::events {
namespace {

constexpr int kCustomers = 300;

struct Seen {
  std::vector<std::string> event_ids;  // Of the payloads, in timeline order.
  std::vector<TimeMicros> times;
  friend bool operator==(const Seen&, const Seen&) = default;
};
using Shown = std::map<CustomerNo, Seen>;

class RecordStep final : public PassStep {
 public:
  absl::Status Customer(CustomerWalk& walk) override {
    Seen& seen = shown[walk.customer_no()];
    EXPECT_TRUE(seen.times.empty()) << "customer " << walk.customer_no() << " comes twice";
    for (size_t i = 0; i < walk.events().size(); ++i) {
      seen.times.push_back(walk.events()[i].time);
      const auto payload = walk.Payload(i);
      if (!payload.ok()) return payload.status();
      seen.event_ids.push_back(payload->event_id());
    }
    return absl::OkStatus();
  }
  Shown shown;
};

Shown Scan(const ScanGround& ground, const PassOptions& options) {
  Shown all;
  CustomerNo last = 0;
  const auto result = ScanCustomers(
      ground, options, [] { return std::make_unique<RecordStep>(); },
      [&](PassStep& step) {
        for (auto& [customer, seen] : static_cast<RecordStep&>(step).shown) {
          EXPECT_GT(customer, last) << "merged out of order";
          last = customer;
          all[customer] = std::move(seen);
        }
        return absl::OkStatus();
      });
  EXPECT_THAT(result, testing::IsOk());
  EXPECT_TRUE(result.ok() && result->complete);
  return all;
}

class CustomerPassTest : public ::testing::TestWithParam<Backend> {
 protected:
  std::string Id(int customer) const { return Cat("c", customer); }

  // Distinct times, so that the timeline has one order.
  void IngestSome(int count) {
    std::vector<v1::Event> events;
    for (int i = 0; i < count; ++i) {
      ++serial;
      const auto customer = static_cast<int>(random() % kCustomers);
      const TimeMicros time = kNow - static_cast<TimeMicros>(random() % 400) * kMicrosPerDay +
                              serial * kMicrosPerSecond - 30'000 * kMicrosPerSecond;
      events.push_back(random() % 3 == 0 ? OrderOf(Cat("e", serial), Id(customer), time, 5'000'000)
                                         : PageView(Cat("e", serial), Id(customer), time));
    }
    ASSERT_EQ(rig.Ingest(events).accepted, count);
  }
  void MergeSome(int count) {
    for (int i = 0; i < count; ++i) {
      const CustomerNo a = rig.No(Id(static_cast<int>(random() % kCustomers)));
      const CustomerNo b = rig.No(Id(static_cast<int>(random() % kCustomers)));
      if (a == 0 || b == 0 || a == b) continue;
      RAPPORT_ASSERT_OK(
          rig.engine->WithWriterLock([&] { return rig.engine->directory(rig.shop).Merge(a, b); }));
    }
  }
  // By one question per customer, those of `type` only unless it is 0.
  Shown Oracle(TypeNo type = 0) {
    Shown all;
    const auto& directory = rig.engine->directory(rig.shop);
    for (CustomerNo no = 1; no <= directory.last_customer_no(); ++no) {
      if (directory.Resolve(no) != no) continue;
      const auto entries =
          rig.engine->Timeline(rig.generations->Current(), rig.shop, no, true, 0, 100'000,
                               [&](const EventRow& row) { return type == 0 || row.type == type; });
      EXPECT_THAT(entries, testing::IsOk());
      for (const TimelineEntry& entry : *entries) {
        all[no].event_ids.push_back(entry.payload.event_id());
        all[no].times.push_back(entry.row.time);
      }
    }
    return all;
  }
  ScanGround Ground(ScanExtent extent) {
    return rig.engine->GroundOf(rig.generations->Current(), rig.shop, extent);
  }

  Rig rig{GetParam()};
  std::mt19937 random{20261122};
  int serial = 0;
};

INSTANTIATE_TEST_SUITE_P(Backends, CustomerPassTest,
                         ::testing::Values(Backend::kMemory, Backend::kRocks));

TEST_P(CustomerPassTest, ShowsWhatEachCustomerHas) {
  for (int round = 0; round < 4; ++round) {
    IngestSome(400);
    MergeSome(6);
    for (const int threads : {1, 3}) {
      EXPECT_EQ(Scan(Ground(ScanExtent::kLive), {.threads = threads}), Oracle()) << round;
    }
    constexpr TypeNo kOrder = v1::EVENT_TYPE_ORDER_PLACED;
    EXPECT_EQ(Scan(Ground(ScanExtent::kLive), {.types = {kOrder}}), Oracle(kOrder)) << round;
    if (round != 2) rig.Night(/*fold=*/round == 3);
    EXPECT_EQ(Scan(Ground(ScanExtent::kLive), {.threads = 2}), Oracle()) << round;
    IngestSome(40);
  }
}

TEST_P(CustomerPassTest, OnlySomeCustomers) {
  IngestSome(500);
  rig.Night();
  IngestSome(60);
  MergeSome(5);
  const ScanGround ground = Ground(ScanExtent::kLive);
  Shown expected;
  std::vector<CustomerNo> only;
  for (const auto& [customer, seen] : Oracle()) {
    if (customer % 7 != 0) continue;
    only.push_back(customer);
    expected[customer] = seen;
  }
  EXPECT_EQ(Scan(ground, {.threads = 2, .only = only, .some = true}), expected);
  EXPECT_TRUE(Scan(ground, {.only = {}, .some = true}).empty());
}

TEST_P(CustomerPassTest, TailCustomersAreThoseTouchedSinceTheGeneration) {
  IngestSome(300);
  for (const int customer : {5, 7, 9}) {
    rig.Ingest({PageView(Cat("first", customer), Id(customer), kNow - 2 * kMicrosPerDay)});
  }
  rig.Night();
  EXPECT_TRUE(CustomersOfTail(Ground(ScanExtent::kLive)).empty());
  const TimeMicros time = kNow - kMicrosPerDay;
  rig.Ingest(
      {PageView("t1", Id(5), time), PageView("t2", Id(9), time), PageView("t3", Id(5), time)});
  std::vector<CustomerNo> expected = {rig.No(Id(5)), rig.No(Id(9))};
  std::ranges::sort(expected);
  EXPECT_EQ(CustomersOfTail(Ground(ScanExtent::kLive)), expected);
  RAPPORT_ASSERT_OK(rig.engine->WithWriterLock(
      [&] { return rig.engine->directory(rig.shop).Merge(rig.No(Id(7)), rig.No(Id(9))); }));
  expected = {rig.No(Id(5)), rig.No(Id(7))};
  std::ranges::sort(expected);
  EXPECT_EQ(CustomersOfTail(Ground(ScanExtent::kLive)), expected);
}

TEST_P(CustomerPassTest, SealedEndsAtAsOfAndAGroundIsPinned) {
  rig.Ingest(
      {PageView("past", Id(1), kNow - 5), PageView("future", Id(1), kNow + 60 * kMicrosPerSecond)});
  rig.Night();
  const ScanGround sealed = Ground(ScanExtent::kSealed);
  const ScanGround live = Ground(ScanExtent::kLive);
  const CustomerNo no = rig.No(Id(1));
  EXPECT_EQ(Scan(sealed, {})[no].event_ids, (std::vector<std::string>{"past"}));
  EXPECT_EQ(Scan(live, {})[no].event_ids, (std::vector<std::string>{"past", "future"}));
  rig.Ingest({PageView("later", Id(1), kNow - 4), PageView("new", Id(2), kNow)});
  EXPECT_EQ(Scan(live, {})[no].event_ids, (std::vector<std::string>{"past", "future"}));
  EXPECT_EQ(Scan(Ground(ScanExtent::kLive), {})[no].event_ids,
            (std::vector<std::string>{"past", "later", "future"}));
  // Also over a publish.
  const ScanGround before = Ground(ScanExtent::kLive);
  const Shown expected = Scan(before, {});
  rig.Night();
  EXPECT_EQ(Scan(before, {}), expected);
  EXPECT_EQ(Scan(Ground(ScanExtent::kLive), {}), expected);
}

class CountStep final : public PassStep {
 public:
  absl::Status Customer(CustomerWalk& walk) override {
    events += static_cast<int64_t>(walk.events().size());
    return absl::OkStatus();
  }
  int64_t events = 0;
};

TEST_P(CustomerPassTest, EndsWithTheErrorOfTheCheckAndGivesUpInTime) {
  IngestSome(200);
  const ScanGround ground = Ground(ScanExtent::kLive);
  const auto make = [] { return std::make_unique<CountStep>(); };
  const auto merge = [](PassStep&) { return absl::OkStatus(); };
  PassOptions options;
  options.check = [] { return absl::CancelledError("nobody waits"); };
  EXPECT_THAT(ScanCustomers(ground, options, make, merge),
              testing::StatusIs(absl::StatusCode::kCancelled));
  options.check = nullptr;
  options.give_up = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  RAPPORT_ASSERT_OK_AND_ASSIGN(PassResult result, ScanCustomers(ground, options, make, merge));
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.customers_done, 0);
  options.give_up.reset();
  std::vector<std::pair<int64_t, int64_t>> told;
  options.progress = [&](int64_t done, int64_t total) { told.emplace_back(done, total); };
  RAPPORT_ASSERT_OK_AND_ASSIGN(result, ScanCustomers(ground, options, make, merge));
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.customers_done, result.customers_total);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().first, told.back().second);
}

}  // namespace
}  // namespace rapport::events
