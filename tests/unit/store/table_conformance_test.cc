// SPDX-License-Identifier: Apache-2.0
// Table over both backends: random histories against a map, then each promise by name.
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "lib/base/varint.h"
#include "lib/store/definitions.h"
#include "tests/unit/store/store_fixture.h"

namespace rapport::store {
namespace {

using RowId = std::pair<std::string, std::string>;
using TableRows = std::map<RowId, std::string>;

std::string Number(int64_t value) {
  std::string out;
  PutBigEndian(out, value);
  return out;
}

int64_t FromNumber(std::string_view bytes) {
  int64_t value = 0;
  EXPECT_TRUE(GetBigEndian(bytes, value));
  return value;
}

// The oracle. Every kind keeps to rows of its own, so that no merge meets a foreign value.
class TableModel {
 public:
  void Apply(const PartitionWrite& write, const std::string& token) {
    auto& tokens = tokens_[write.partition];
    if (!token.empty()) {
      if (std::ranges::find(tokens, token) != tokens.end()) return;
      tokens.push_back(token);
      if (tokens.size() > 64) tokens.pop_front();
    }
    for (const Mutation& mutation : write.mutations) Mutate(write.partition, mutation);
  }
  bool PutIf(const RowId& id, const std::optional<std::string>& expected,
             const std::string& value) {
    const auto it = rows.find(id);
    const bool matches =
        expected.has_value() ? it != rows.end() && it->second == *expected : it == rows.end();
    if (matches) rows[id] = value;
    return matches;
  }
  TableRows rows;

 private:
  void Mutate(const std::string& partition, const Mutation& mutation) {
    const RowId id{partition, mutation.row};
    const auto it = rows.find(id);
    if (mutation.kind == MergeKind::kDelete) {
      rows.erase(id);
    } else if (mutation.kind == MergeKind::kSet || it == rows.end()) {
      rows[id] = mutation.value;
    } else if (mutation.kind == MergeKind::kLast) {
      const int64_t old_time = FromNumber(it->second), new_time = FromNumber(mutation.value);
      if (new_time > old_time || (new_time == old_time && mutation.value > it->second)) {
        it->second = mutation.value;
      }
    } else {
      const int64_t a = FromNumber(it->second), b = FromNumber(mutation.value);
      it->second = Number(mutation.kind == MergeKind::kAdd   ? a + b
                          : mutation.kind == MergeKind::kMin ? std::min(a, b)
                                                             : std::max(a, b));
    }
  }
  std::map<std::string, std::deque<std::string>> tokens_;
};

Mutation RandomMutation(std::mt19937_64& random) {
  static const auto rows = HardBytes();
  const auto kind = static_cast<MergeKind>(random() % 6);
  const auto number = static_cast<int64_t>(random() % 200) - 100;
  switch (kind) {
    case MergeKind::kSet:
      return {kind, "s" + Pick(rows, random), Pick(rows, random)};
    case MergeKind::kDelete:
      return {kind, "sac+-<>"[random() % 3] + Pick(rows, random), ""};
    case MergeKind::kLast:
      return {kind, "l" + Pick(rows, random), Number(number / 10) + Pick(rows, random)};
    default:
      return {kind, std::string(1, "  anx"[static_cast<int>(kind)]) + Pick(rows, random),
              Number(number)};
  }
}

PartitionWrite RandomWrite(std::mt19937_64& random) {
  static const auto partitions = HardBytes();
  PartitionWrite write{Pick(partitions, random), {}};
  for (uint64_t i = random() % 5; i > 0; --i) write.mutations.push_back(RandomMutation(random));
  return write;
}

TableRows ScanRows(const Table& table, std::string_view partition_prefix) {
  TableRows found;
  RowId before;
  RAPPORT_EXPECT_OK(
      table.ScanAll(partition_prefix,
                    [&](std::string_view partition, std::string_view row, std::string_view value) {
                      const RowId id(partition, row);
                      EXPECT_TRUE(found.empty() || before < id) << "rows come in key order";
                      before = id;
                      found[id] = std::string(value);
                      return absl::OkStatus();
                    }));
  return found;
}

void CheckTable(const Table& table, const TableModel& model, std::mt19937_64& random) {
  static const auto bytes = HardBytes();
  const std::string prefix = Pick(bytes, random);
  TableRows expected;
  for (const auto& [id, value] : model.rows) {
    if (id.first.starts_with(prefix)) expected[id] = value;
  }
  ASSERT_EQ(ScanRows(table, prefix), expected) << absl::CHexEscape(prefix);

  const std::string partition = Pick(bytes, random), row_prefix = "s" + Pick(bytes, random);
  Rows in_partition, found;
  for (const auto& [id, value] : model.rows) {
    if (id.first == partition && id.second.starts_with(row_prefix)) in_partition[id.second] = value;
  }
  RAPPORT_ASSERT_OK(table.Scan(partition, row_prefix,
                               [&](std::string_view, std::string_view row, std::string_view value) {
                                 found.emplace(row, value);
                                 return absl::OkStatus();
                               }));
  ASSERT_EQ(found, in_partition);
}

class TableConformance : public AnyStoreTest {};
INSTANTIATE_TEST_SUITE_P(Both, TableConformance,
                         ::testing::Values(Backend::kRocks, Backend::kMemory), BackendName);

void Step(Table& table, TableModel& model, std::mt19937_64& random) {
  static const auto bytes = HardBytes();
  const uint64_t choice = random() % 10;
  if (choice < 5) {
    const PartitionWrite write = RandomWrite(random);
    const std::string token = random() % 2 == 0 ? "" : Cat("t", random() % 100);
    RAPPORT_ASSERT_OK(table.Apply(write, token));
    model.Apply(write, token);
  } else if (choice < 8) {
    std::vector<PartitionWrite> writes;
    for (uint64_t i = random() % 6; i > 0; --i) writes.push_back(RandomWrite(random));
    RAPPORT_ASSERT_OK(table.ApplyAll(writes));
    for (const auto& write : writes) model.Apply(write, "");
  } else {
    const RowId id(Pick(bytes, random), "s" + Pick(bytes, random));
    const auto expected = random() % 2 == 0 ? std::nullopt : std::optional(Pick(bytes, random));
    const std::string value = Pick(bytes, random);
    const auto put = table.PutIf(id.first, id.second, expected, value);
    RAPPORT_ASSERT_OK(put);
    ASSERT_EQ(*put, model.PutIf(id, expected, value));
  }
}

TEST_P(TableConformance, RandomHistoriesEqualTheMap) {
  for (const uint64_t seed : {11, 12, 13}) {
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937_64 random(seed);
    AnyStore one(GetParam(), folder / Cat("table-", seed));
    TableModel model;
    for (int step = 0; step < 300; ++step) {
      SCOPED_TRACE(Cat("step ", step));
      if (random() % 60 == 0) one.Reopen();
      Table& table = one->table(TableId::kCustomers);
      ASSERT_NO_FATAL_FAILURE(Step(table, model, random));
      ASSERT_NO_FATAL_FAILURE(CheckTable(table, model, random));
    }
    ASSERT_EQ(ScanRows(one->table(TableId::kCustomers), ""), model.rows);
    ASSERT_EQ(ScanRows(one->table(TableId::kRuns), ""), TableRows()) << "tables are apart";
  }
}

TEST_P(TableConformance, ATokenMakesARepeatHarmless) {
  Table& table = store->table(TableId::kCustomers);
  const PartitionWrite add{"p", {{MergeKind::kAdd, "n", Number(1)}}};
  RAPPORT_ASSERT_OK(table.Apply(add, "call-1"));
  RAPPORT_ASSERT_OK(table.Apply(add, "call-1"));
  EXPECT_EQ(*table.Read("p", "n"), Number(1));
  store.Reopen();
  Table& again = store->table(TableId::kCustomers);
  RAPPORT_ASSERT_OK(again.Apply(add, "call-1"));
  EXPECT_EQ(*again.Read("p", "n"), Number(1));
  RAPPORT_ASSERT_OK(again.Apply({"q", add.mutations}, "call-1"));
  EXPECT_EQ(*again.Read("q", "n"), Number(1)) << "tokens are of one partition";
}

TEST_P(TableConformance, TheLast64TokensAreRemembered) {
  Table& table = store->table(TableId::kCustomers);
  const PartitionWrite add{"p", {{MergeKind::kAdd, "n", Number(1)}}};
  for (int i = 0; i < 65; ++i) RAPPORT_ASSERT_OK(table.Apply(add, Cat("call-", i)));
  RAPPORT_ASSERT_OK(table.Apply(add, "call-1"));
  EXPECT_EQ(*table.Read("p", "n"), Number(65));
  RAPPORT_ASSERT_OK(table.Apply(add, "call-0"));
  EXPECT_EQ(*table.Read("p", "n"), Number(66)) << "the 65th token pushed the first out";
}

TEST_P(TableConformance, AFailedWriteChangesNothing) {
  Table& table = store->table(TableId::kCustomers);
  RAPPORT_ASSERT_OK(table.Apply({"p", {{MergeKind::kSet, "a", "old"}}}));
  const PartitionWrite broken{"p",
                              {{MergeKind::kSet, "a", "new"}, {MergeKind::kAdd, "n", "short"}}};
  EXPECT_THAT(table.Apply(broken, "call"), testing::FailsWith("BAD_MERGE_VALUE", "value"));
  EXPECT_EQ(*table.Read("p", "a"), "old");
  RAPPORT_ASSERT_OK(table.Apply({"p", {{MergeKind::kSet, "a", "new"}}}, "call"));
  EXPECT_EQ(*table.Read("p", "a"), "new") << "the failed call left no token";
}

TEST_P(TableConformance, MutationsOfOneWriteSeeEachOther) {
  Table& table = store->table(TableId::kCustomers);
  RAPPORT_ASSERT_OK(table.Apply({"p",
                                 {{MergeKind::kAdd, "n", Number(2)},
                                  {MergeKind::kAdd, "n", Number(3)},
                                  {MergeKind::kSet, "m", Number(10)},
                                  {MergeKind::kMin, "m", Number(4)},
                                  {MergeKind::kSet, "gone", "x"},
                                  {MergeKind::kDelete, "gone", ""}}}));
  EXPECT_EQ(*table.Read("p", "n"), Number(5));
  EXPECT_EQ(*table.Read("p", "m"), Number(4));
  EXPECT_THAT(table.Read("p", "gone"), testing::StatusIs(absl::StatusCode::kNotFound));
  const std::vector<PartitionWrite> twice = {{"q", {{MergeKind::kAdd, "n", Number(1)}}},
                                             {"q", {{MergeKind::kAdd, "n", Number(1)}}}};
  RAPPORT_ASSERT_OK(table.ApplyAll(twice));
  EXPECT_EQ(*table.Read("q", "n"), Number(2));
}

TEST_P(TableConformance, AScanStopsAtTheVisitorsError) {
  Table& table = store->table(TableId::kCustomers);
  RAPPORT_ASSERT_OK(table.Apply({"p", {{MergeKind::kSet, "a", ""}, {MergeKind::kSet, "b", ""}}}));
  int visits = 0;
  const auto stop = [&](std::string_view, std::string_view, std::string_view) {
    ++visits;
    return absl::CancelledError("enough");
  };
  EXPECT_THAT(table.Scan("p", "", stop), testing::StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(table.ScanAll("", stop), testing::StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(visits, 2);
}

TEST_P(TableConformance, KeysHaveALimit) {
  Table& table = store->table(TableId::kCustomers);
  const std::string half(256, '\0');
  RAPPORT_EXPECT_OK(table.Apply({half, {{MergeKind::kSet, half, "v"}}}));
  EXPECT_EQ(*table.Read(half, half), "v");
  EXPECT_THAT(table.Apply({half, {{MergeKind::kSet, half + "x", "v"}}}),
              testing::FailsWith("KEY_TOO_LONG", "row"));
}

TEST_P(TableConformance, ALeaseHasOneHolderAtATime) {
  Table& table = store->table(TableId::kRuns);
  EXPECT_EQ(*table.Lease("runs", "lease", "ann", 1'000, 500), 1u);
  EXPECT_EQ(*table.Lease("runs", "lease", "ann", 1'200, 500), 1u) << "renewed until 1700";
  EXPECT_THAT(table.Lease("runs", "lease", "bob", 1'699, 500),
              testing::FailsWith("LEASE_HELD", ""));
  EXPECT_EQ(*table.Lease("runs", "lease", "bob", 1'700, 500), 2u);
  EXPECT_THAT(table.Lease("runs", "lease", "ann", 1'701, 500),
              testing::FailsWith("LEASE_HELD", ""));
  EXPECT_EQ(*table.Lease("runs", "lease", "bob", 1'702, 0), 2u) << "a ttl of 0 gives it back";
  store.Reopen();
  EXPECT_EQ(*store->table(TableId::kRuns).Lease("runs", "lease", "ann", 1'702, INT64_MAX), 3u);
}

TEST_P(TableConformance, ConcurrentAddsAllCount) {
  constexpr int kThreads = 4, kAdds = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kAdds; ++i) {
        const std::vector<PartitionWrite> writes = {
            {"all", {{MergeKind::kAdd, "n", Number(1)}}},
            {Cat("own-", t), {{MergeKind::kMax, "n", Number(i)}}}};
        RAPPORT_EXPECT_OK(store->table(TableId::kCustomers).ApplyAll(writes));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(*store->table(TableId::kCustomers).Read("all", "n"), Number(kThreads * kAdds));
  EXPECT_EQ(*store->table(TableId::kCustomers).Read("own-3", "n"), Number(kAdds - 1));
}

TEST_P(TableConformance, OfManyPutIfsOneWins) {
  constexpr int kThreads = 4;
  std::vector<int> wins(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &wins] {
      for (int i = 0; i < 50; ++i) {
        const auto won = store->table(TableId::kWorkspaces).PutIf(Cat("w", i), "", {}, Cat(t));
        RAPPORT_EXPECT_OK(won);
        wins[static_cast<size_t>(t)] += *won ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wins[0] + wins[1] + wins[2] + wins[3], 50);
}

TEST_P(TableConformance, DefinitionsAreApartByWorkspaceAndKind) {
  Definitions shop(store->table(TableId::kDefinitions), 1);
  Definitions other(store->table(TableId::kDefinitions), 2);
  const std::vector<DefinitionChange> changes = {{DefinitionKind::kGoal, "b", "goal b"},
                                                 {DefinitionKind::kGoal, "a", "goal a"},
                                                 {DefinitionKind::kMetric, "a", "metric a"}};
  RAPPORT_ASSERT_OK(shop.Write(changes));
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto goals, shop.List(DefinitionKind::kGoal));
  ASSERT_EQ(goals.size(), 2u);
  EXPECT_EQ(goals[0].id, "a");
  EXPECT_EQ(goals[1].bytes, "goal b");
  RAPPORT_ASSERT_OK_AND_ASSIGN(goals, shop.List(DefinitionKind::kGoal, "b"));
  EXPECT_EQ(goals.size(), 1u);
  EXPECT_EQ(*shop.Read(DefinitionKind::kMetric, "a"), "metric a");
  EXPECT_THAT(other.Read(DefinitionKind::kMetric, "a"),
              testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(*shop.PutIf(DefinitionKind::kGoal, "c", std::nullopt, "goal c"));
  EXPECT_FALSE(*shop.PutIf(DefinitionKind::kGoal, "c", std::nullopt, "again"));
  const std::vector<DefinitionChange> removal = {{DefinitionKind::kGoal, "a", std::nullopt},
                                                 {DefinitionKind::kGoal, "b", "changed"}};
  RAPPORT_ASSERT_OK(shop.Write(removal));
  EXPECT_THAT(shop.Read(DefinitionKind::kGoal, "a"),
              testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(*shop.Read(DefinitionKind::kGoal, "b"), "changed");
}

}  // namespace
}  // namespace rapport::store
