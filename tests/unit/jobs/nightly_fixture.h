// SPDX-License-Identifier: Apache-2.0
// A small store with logged events, and nightly runs over it.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "jobs/nightly.h"
#include "jobs/store_admin.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/events/batch.h"
#include "lib/store/keys.h"
#include "lib/store/rocks_store.h"
#include "rapport/store/v1/records.pb.h"
#include "tests/support/matchers.h"

namespace rapport::jobs {

inline constexpr TimeMicros kStart = 1'700'000'000 * kMicrosPerSecond;  // 2023-11-14.

inline v1::Workspace TestWorkspace() {
  v1::Workspace workspace;
  workspace.set_name("workspaces/shop");
  workspace.set_time_zone("Europe/Berlin");
  workspace.set_base_currency("EUR");
  workspace.set_annual_discount_rate(0.1);
  workspace.set_value_horizon_days(365);
  auto& rules = *workspace.mutable_lifecycle_rules();
  rules.set_new_days(30);
  rules.set_at_risk_days(90);
  rules.set_dormant_days(180);
  rules.set_churned_days(365);
  rules.set_loyal_orders(4);
  rules.set_loyal_tenure_days(90);
  rules.set_won_back_days(60);
  return workspace;
}

inline events::EventRow OrderRow(events::CustomerNo customer_no, TimeMicros time, int64_t micros,
                                 const char* currency = "EUR") {
  events::EventRow row;
  row.customer_no = customer_no;
  row.time = time;
  row.type = v1::EVENT_TYPE_ORDER_PLACED;
  row.value = micros;
  row.aux = 1;
  row.currency = PackCurrency(currency).value_or(0);
  row.channel = v1::CHANNEL_WEB;
  return row;
}

// Random events of customers 1..customers with times in [begin, end).
inline std::vector<events::EventRow> RandomRows(uint64_t seed, size_t count, uint32_t customers,
                                                TimeMicros begin, TimeMicros end) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  std::vector<events::EventRow> rows;
  for (size_t i = 0; i < count; ++i) {
    const auto customer = static_cast<events::CustomerNo>(1 + below(customers));
    const TimeMicros time = begin + below(static_cast<uint64_t>(end - begin));
    events::EventRow row = OrderRow(customer, time, 1'000'000 * (1 + below(100)));
    switch (below(4)) {
      case 0:
        row = {.time = time,
               .value = below(11),
               .aux = 10,
               .customer_no = customer,
               .touchpoint_no = static_cast<uint32_t>(below(3)),
               .type = v1::EVENT_TYPE_NPS_ANSWERED,
               .channel = v1::CHANNEL_EMAIL};
        break;
      case 1:
        row = {.time = time,
               .value = 60 * kMicrosPerSecond,
               .customer_no = customer,
               .type = v1::EVENT_TYPE_SESSION_ENDED,
               .channel = v1::CHANNEL_APP};
        break;
      default:
        break;
    }
    rows.push_back(row);
  }
  return rows;
}

// Where this process keeps its shops. A death test runs its body again in a new process,
// which must find the same folder: it inherits the environment.
inline std::string ShopsFolder() {
  constexpr char kVariable[] = "RAPPORT_TEST_SHOPS";
  if (std::getenv(kVariable) == nullptr) {
    setenv(kVariable, Cat("shops-", getpid()).c_str(), /*overwrite=*/1);
  }
  return (std::filesystem::path(::testing::TempDir()) / std::getenv(kVariable)).string();
}

class Shop {
 public:
  explicit Shop(const std::string& name) : folder_(Cat(ShopsFolder(), "/", name)), clock_(kStart) {
    std::filesystem::remove_all(folder_);
    Open();
    PutWorkspace(TestWorkspace());
  }
  ~Shop() {
    Close();
    std::filesystem::remove_all(folder_);
    std::error_code others_left;
    std::filesystem::remove(ShopsFolder(), others_left);
  }

  void Open() {
    auto opened =
        store::OpenRocksStore(folder_ + "/store", {.sync = store::SyncPolicy::kProcessCrash});
    ASSERT_THAT(opened, testing::IsOk());
    store_ = *std::move(opened);
    auto admin = StoreAdmin::Open(*store_, clock_, folder_);
    ASSERT_THAT(admin, testing::IsOk());
    admin_ = *std::move(admin);
  }
  void Close() {
    admin_.reset();
    store_.reset();
  }

  void PutWorkspace(const v1::Workspace& workspace) {
    store::v1::WorkspaceRecord record;
    record.set_workspace_no(1);
    *record.mutable_workspace() = workspace;
    RAPPORT_ASSERT_OK(
        store_->table(store::TableId::kWorkspaces)
            .Apply({"shop", {{store::MergeKind::kSet, "", record.SerializeAsString()}}}));
  }

  void Merge(uint32_t merged, uint32_t survivor) {
    store::v1::CustomerRecord record;
    record.set_merged_into(survivor);
    RAPPORT_ASSERT_OK(store_->table(store::TableId::kCustomers)
                          .Apply({store::CustomerPartition(1, merged),
                                  {{store::MergeKind::kSet, "", record.SerializeAsString()}}}));
  }

  // Appends the rows to the log in batches of 1000.
  void Log(const std::vector<events::EventRow>& rows) {
    std::vector<std::string> batches;
    for (size_t begin = 0; begin < rows.size(); begin += 1000) {
      events::Batch batch;
      batch.workspace_no = 1;
      batch.receive_time = clock_.Now();
      for (size_t i = begin; i < std::min(rows.size(), begin + 1000); ++i) {
        const std::string id = Cat("event-", ++event_count_);
        store::v1::EventPayload payload;
        payload.set_event_id(id);
        batch.rows.push_back(rows[i]);
        batch.ids.push_back(HashText128(id));
        batch.payloads.push_back(payload.SerializeAsString());
      }
      batches.push_back(events::EncodeBatch(batch));
    }
    RAPPORT_ASSERT_OK(store_->log().Append(batches));
  }

  absl::StatusOr<v1::Run> Night(const NightlyOptions& options = {}) {
    Progress progress(ProgressStyle::kQuiet);
    return RunNightly(options, *admin_, clock_, progress);
  }

  // "dataset rows checksum" of what a generation derives; event segments are left out,
  // as they depend on how the events came.
  std::map<std::string, std::string> Derived() {
    std::map<std::string, std::string> derived;
    const auto current = admin_->generations().Current();
    if (current == nullptr) return derived;
    for (const auto& total : current->totals()) {
      if (total.dataset().starts_with("event")) continue;
      derived[total.dataset()] = Cat(total.row_count(), " ", total.checksum());
    }
    return derived;
  }
  store::GenerationHandle Current() { return admin_->generations().Current(); }

  FakeClock& clock() { return clock_; }
  store::Store& store() { return *store_; }
  StoreAdmin& admin() { return *admin_; }
  const std::string& folder() const { return folder_; }

 private:
  const std::string folder_;
  FakeClock clock_;
  uint64_t event_count_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StoreAdmin> admin_;
};

}  // namespace rapport::jobs
