// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/runner.h"

#include <unistd.h>

#include <atomic>
#include <numeric>

#include "jobs/pipeline/parallel.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"
#include "lib/store/memory_store.h"
#include "rapport/store/v1/fold.pb.h"
#include "tests/support/matchers.h"

namespace rapport::jobs {
namespace {

constexpr CustomerNo kCustomers = 5 * kCustomersPerShard;

// Lists the customers it saw, shard by shard as merged.
class ListingStage final : public Stage {
 public:
  class Step final : public ShardStep {
   public:
    explicit Step(CustomerNo broken) : broken_(broken) {}
    absl::Status Customer(const CustomerView& view) override {
      if (view.customer_no == broken_) return DataLoss(Cat(broken_), "broken on purpose");
      customers.push_back(view.customer_no);
      return absl::OkStatus();
    }
    std::vector<CustomerNo> customers;

   private:
    const CustomerNo broken_;
  };

  explicit ListingStage(CustomerNo broken = 0) : broken_(broken) {}
  std::string_view name() const override { return "listing"; }
  std::vector<std::string_view> needs() const override { return {}; }
  Source source() const override { return Source::kFolds; }
  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run&, const Shard&) override {
    return std::make_unique<Step>(broken_);
  }
  absl::Status Merge(Run&, const Shard& shard, ShardStep& step) override {
    shards.push_back(shard.index);
    const auto& seen = static_cast<Step&>(step).customers;
    customers.insert(customers.end(), seen.begin(), seen.end());
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> Finish(Run&) override { return static_cast<int64_t>(customers.size()); }

  std::vector<uint32_t> shards;
  std::vector<CustomerNo> customers;

 private:
  const CustomerNo broken_;
};

class RunWaveTest : public ::testing::Test {
 protected:
  RunWaveTest() : store_(store::NewMemoryStore()) {
    state_.mutable_manifest()->set_generation(1);
    run_.store = store_.get();
    run_.state = &state_;
    WorkspaceRun workspace;
    workspace.number = 1;
    workspace.last_customer_no = kCustomers - 1;
    run_.workspaces.push_back(workspace);
  }

  // A fold for every seventh customer.
  void PutFolds() {
    store::v1::CustomerFold fold;
    fold.mutable_summary()->set_event_count(1);
    const std::string bytes = fold.SerializeAsString();
    auto builder = store_->NewBuilder(store::DatasetId::kFolds, 1,
                                      Cat(::testing::TempDir(), "/runner_", getpid()), "all");
    ASSERT_THAT(builder, testing::IsOk());
    for (CustomerNo customer = 7; customer < kCustomers; customer += 7) {
      RAPPORT_ASSERT_OK((*builder)->Add(store::CustomerKey{1, customer}.Encode(), bytes));
      expected_.push_back(customer);
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const store::DatasetFile file, (*builder)->Finish());
    RAPPORT_ASSERT_OK(store_->dataset().Ingest({&file, 1}));
  }

  absl::Status Go(Stage& stage, int threads) {
    run_.threads = threads;
    Progress progress(ProgressStyle::kQuiet);
    return RunWave(run_, Wave{Source::kFolds, {&stage}}, {}, progress);
  }

  std::unique_ptr<store::Store> store_;
  NightlyState state_;
  jobs::Run run_;
  std::vector<CustomerNo> expected_;
};

TEST_F(RunWaveTest, ShowsEveryCustomerOnceAndMergesInShardOrder) {
  PutFolds();
  for (const int threads : {1, 2, 8}) {
    ListingStage stage;
    RAPPORT_ASSERT_OK(Go(stage, threads));
    std::vector<uint32_t> order(5);
    std::iota(order.begin(), order.end(), 0u);
    EXPECT_EQ(stage.shards, order) << threads << " threads";
    EXPECT_EQ(stage.customers, expected_) << threads << " threads";
  }
  EXPECT_EQ(state_.steps(0).step(), "listing");
  EXPECT_EQ(state_.steps(0).row_count(), static_cast<int64_t>(expected_.size()));
}

TEST_F(RunWaveTest, AnErrorEndsTheWaveAndNamesTheStage) {
  PutFolds();
  for (const int threads : {1, 2, 8}) {
    ListingStage stage(/*broken=*/7 * 5000);
    const absl::Status status = Go(stage, threads);
    EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_EQ(status.message().substr(0, 8), "listing:");
  }
}

TEST(InParallel, CallsEachPieceOnceAndAnswersTheFirstError) {
  for (const int threads : {0, 1, 3, 50}) {
    std::vector<std::atomic<int>> calls(20);
    RAPPORT_EXPECT_OK(InParallel(threads, calls.size(), [&](size_t piece) {
      ++calls[piece];
      return absl::OkStatus();
    }));
    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
  EXPECT_THAT(
      InParallel(3, 10,
                 [](size_t piece) { return piece == 4 ? Internal("four") : absl::OkStatus(); }),
      testing::StatusIs(absl::StatusCode::kInternal));
  RAPPORT_EXPECT_OK(InParallel(2, 0, [](size_t) { return Internal("never"); }));
}

}  // namespace
}  // namespace rapport::jobs
