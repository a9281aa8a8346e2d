// SPDX-License-Identifier: Apache-2.0
// Predictions and what-if over a generation made by hand: facts scored with CDNOW's
// published models.
#include <grpcpp/create_channel.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/store/generation.h"
#include "lib/store/keys.h"
#include "lib/store/rocks_store.h"
#include "lib/store/schema.h"
#include "rapport/v1/admin_service.grpc.pb.h"
#include "rapport/v1/event_service.grpc.pb.h"
#include "rapport/v1/value_service.grpc.pb.h"
#include "server/server.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/simulated_traits.h"
#include "tests/unit/facts/stored_model.h"

namespace rapport::server {
namespace {

using grpc::StatusCode;

constexpr TimeMicros kNow = 1'772'366'400 * kMicrosPerSecond;  // 2026-03-01T12:00:00Z.
constexpr char kShop[] = "workspaces/shop";
constexpr uint32_t kWorkspaceNo = 1;

class ValueServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = Cat(::testing::TempDir(), "/value_service_", test->name());
    std::filesystem::remove_all(folder_);
    Config config;
    config.set_data_dir(folder_ + "/data");
    config.add_listen("127.0.0.1:0");
    config.set_metrics_listen("");
    config.set_insecure(true);
    config.set_sync(store::v1::SYNC_MODE_PROCESS_CRASH);
    config.set_cache_mb(8);
    config.set_drain_seconds(2);
    RAPPORT_ASSERT_OK_AND_ASSIGN(server_, Server::Start({.config = config, .clock = &clock_}));
    const auto channel =
        grpc::CreateChannel(Cat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials());
    admin_ = v1::AdminService::NewStub(channel);
    events_ = v1::EventService::NewStub(channel);
    values_ = v1::ValueService::NewStub(channel);
    v1::CreateWorkspaceRequest create;
    create.set_workspace_id("shop");
    v1::Workspace workspace;
    grpc::ClientContext context;
    ASSERT_TRUE(admin_->CreateWorkspace(&context, create, &workspace).ok());
    // Customers get their numbers in the order in which they come.
    for (const char* id : {"c1", "c2", "c3"}) Ingest(id);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Ingest(const std::string& customer) {
    v1::IngestEventsRequest request;
    request.set_parent(kShop);
    v1::Event& event = *request.add_events();
    event.set_event_id(Cat("e-", customer));
    event.set_customer_id(customer);
    event.set_type(v1::EVENT_TYPE_PAGE_VIEWED);
    event.mutable_event_time()->set_seconds(kNow / kMicrosPerSecond);
    v1::IngestEventsResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(events_->IngestEvents(&context, request, &response).ok());
    ASSERT_EQ(response.accepted_count(), 1) << response.DebugString();
  }

  // Facts of customers 1, 2, ... with these histories.
  static std::vector<v1::CustomerFacts> Scored(
      const std::vector<value::PurchaseHistory>& histories) {
    facts::Scorer scorer(facts::SettingsOf(v1::Workspace()).value(), facts::CdnowModel());
    std::vector<v1::CustomerFacts> rows;
    for (const value::PurchaseHistory& history : histories) {
      facts::Projection projection;
      projection.has_orders = true;
      projection.purchases = history;
      scorer.Score(projection);
      rows.push_back(projection.facts);
    }
    return rows;
  }

  void Publish(const std::vector<v1::CustomerFacts>& rows) {
    v1::CreateCheckpointRequest checkpoint;
    checkpoint.set_run_id("r1");
    v1::CreateCheckpointResponse staged;
    grpc::ClientContext context, publishing;
    ASSERT_TRUE(admin_->CreateCheckpoint(&context, checkpoint, &staged).ok());
    const std::string folder = Cat(staged.staging_path(), "/r1");
    std::filesystem::create_directory(folder);
    store::Manifest manifest;
    manifest.set_format_version(store::kManifestFormatVersion);
    manifest.set_generation(1);
    manifest.set_run_id("r1");
    manifest.set_as_of_micros(kNow);
    (*manifest.mutable_models())[kWorkspaceNo] = model_;
    WriteFacts(rows, folder, manifest);
    RAPPORT_ASSERT_OK(store::WriteManifest(folder, manifest));
    v1::PublishGenerationRequest publish;
    publish.set_path(folder);
    publish.set_run("runs/r1");
    v1::Generation published;
    const grpc::Status status = admin_->PublishGeneration(&publishing, publish, &published);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  grpc::Status Predict(const v1::PredictValueRequest& request, v1::PredictValueResponse* response) {
    grpc::ClientContext context;
    return values_->PredictValue(&context, request, response);
  }
  grpc::Status Ask(const v1::AskWhatIfRequest& request, v1::AskWhatIfResponse* response) {
    grpc::ClientContext context;
    return values_->AskWhatIf(&context, request, response);
  }

  std::string folder_;
  facts::WorkspaceModel model_ = facts::CdnowModel();
  FakeClock clock_{kNow};
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::ValueService::Stub> values_;

 private:
  void WriteFacts(const std::vector<v1::CustomerFacts>& rows, const std::string& folder,
                  store::Manifest& manifest) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(auto maker, store::OpenRocksStore(Cat(folder_, "/maker"), {}));
    RAPPORT_ASSERT_OK_AND_ASSIGN(auto builder,
                                 maker->NewBuilder(store::DatasetId::kFacts, 1, folder, "0"));
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const store::CustomerKey key{kWorkspaceNo, i + 1};
      RAPPORT_ASSERT_OK(builder->Add(key.Encode(), rows[i].SerializeAsString()));
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const store::DatasetFile file, builder->Finish());
    auto& entry = *manifest.add_files();
    entry.set_dataset(std::string(store::DatasetName(file.dataset)));
    entry.set_path(std::filesystem::path(file.path).filename().string());
    entry.set_row_count(file.row_count);
    entry.set_size_bytes(file.size_bytes);
    entry.set_first_key(file.first_key);
    entry.set_last_key(file.last_key);
    entry.set_checksum(file.checksum);
  }
};

TEST_F(ValueServiceTest, PredictsWithTheModelOfTheGeneration) {
  // CDNOW, x 2, t_x 30.43, T 38.86 weeks, 39 weeks ahead: 1.225907 purchases (BG/NBD).
  v1::PredictValueRequest request;
  request.set_parent(kShop);
  request.set_horizon_days(273);
  for (int i = 0; i < 2; ++i) {
    v1::PurchaseInput& history = *request.add_histories();
    history.set_repeat_purchases(2);
    history.set_recency_days(30.43 * 7);
    history.set_age_days(38.86 * 7);
  }
  v1::PredictValueResponse response;
  EXPECT_EQ(Predict(request, &response).error_code(), StatusCode::FAILED_PRECONDITION);
  Publish(Scored({{2, 213, 272, 70'000'000, 0}}));
  request.set_max_purchases(3);
  ASSERT_TRUE(Predict(request, &response).ok());
  ASSERT_EQ(response.predictions_size(), 2);
  const v1::ValuePrediction& second = response.predictions(1);
  EXPECT_NEAR(second.value().expected_purchases(), 1.225907, 1e-6);
  EXPECT_NEAR(second.value().p_alive(), 0.726609, 1e-6);
  EXPECT_EQ(second.purchase_counts_size(), 4);
  EXPECT_GT(second.value().predicted().micros(), 0);
  EXPECT_EQ(response.context().sample_size(), 2);
  EXPECT_EQ(response.context().as_of().seconds(), kNow / kMicrosPerSecond);
}

TEST_F(ValueServiceTest, WhatIfOverAllAndOverOne) {
  const std::vector<v1::CustomerFacts> rows =
      Scored({{2, 213, 272, 70'000'000, 0}, {0, 0, 100, 0, 0}});
  Publish(rows);
  const auto first = static_cast<double>(rows[0].value().predicted().micros());
  const auto second = static_cast<double>(rows[1].value().predicted().micros());
  ASSERT_GT(first, 0);
  ASSERT_GT(second, 0);
  v1::AskWhatIfRequest request;
  request.set_parent(kShop);
  v1::AskWhatIfResponse response;
  ASSERT_TRUE(Ask(request, &response).ok());
  EXPECT_EQ(response.customer_count(), 2);
  EXPECT_NEAR(static_cast<double>(response.baseline().micros()), first + second, 8);
  EXPECT_EQ(response.changed().micros(), response.baseline().micros());
  EXPECT_EQ(response.context().sample_size(), 2);

  request.set_parent(Cat(kShop, "/customers/c1"));
  request.set_order_value_change(0.2);
  ASSERT_TRUE(Ask(request, &response).ok());
  EXPECT_EQ(response.customer_count(), 1);
  EXPECT_NEAR(static_cast<double>(response.baseline().micros()), first, 4);
  EXPECT_NEAR(response.relative_change(), 0.2, 1e-7);

  request.set_parent(Cat(kShop, "/customers/c3"));
  EXPECT_EQ(Ask(request, &response).error_code(), StatusCode::FAILED_PRECONDITION) << "no purchase";
  request.set_parent(Cat(kShop, "/customers/nobody"));
  EXPECT_EQ(Ask(request, &response).error_code(), StatusCode::NOT_FOUND);
  request.set_parent(kShop);
  request.set_leaving_change(-1);
  const grpc::Status refused = Ask(request, &response);
  EXPECT_EQ(refused.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(refused.error_message().starts_with("leaving_change")) << refused.error_message();
}

// c1 buys, c2 only subscribes (day 200, 50 a month; sBG High End of 7 renewals), c3 neither.
TEST_F(ValueServiceTest, SubscribersHaveAValueAndAWhatIf) {
  v1::RetentionFit& fit = *model_.mutable_value_model()->add_retention();
  fit.set_cohort("all");
  fit.set_usable(true);
  facts::SetParameters({{"alpha", .668088}, {"beta", 3.806095}}, *fit.mutable_parameters());
  std::vector<v1::CustomerFacts> rows = Scored({{2, 213, 272, 70'000'000, 0}});
  facts::Projection subscriber;
  subscriber.subscriptions.push_back({{19'000, 200, false}, 50'000'000, 345'205'479, false});
  facts::Scorer(facts::SettingsOf(v1::Workspace()).value(), model_).Score(subscriber);
  rows.push_back(subscriber.facts);
  Publish(rows);

  const auto get = [&](const char* customer) {
    v1::GetCustomerValueRequest request;
    request.set_name(Cat(kShop, "/customers/", customer));
    v1::GetCustomerValueResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(values_->GetCustomerValue(&context, request, &response).ok());
    return response;
  };
  const v1::GetCustomerValueResponse answer = get("c2");
  EXPECT_EQ(answer.value().subscription().running_count(), 1);
  EXPECT_EQ(answer.context().sample_size(), 1);
  EXPECT_EQ(answer.value().churn().basis(), v1::CHURN_BASIS_SUBSCRIPTION_MODEL);
  // Three renewals in 90 days: 1 - product of (beta + i) / (alpha + beta + i), i = 6..8.
  EXPECT_NEAR(answer.value().churn().probability(), 0.16551774, 1e-8);
  EXPECT_FALSE(get("c3").has_value());
  const auto subscription = static_cast<double>(answer.value().predicted().micros());

  v1::AskWhatIfRequest request;
  request.set_parent(kShop);
  request.set_leaving_change(-0.5);
  v1::AskWhatIfResponse response;
  ASSERT_TRUE(Ask(request, &response).ok());
  EXPECT_EQ(response.customer_count(), 2);
  EXPECT_EQ(response.subscription_count(), 1);
  EXPECT_NEAR(static_cast<double>(response.baseline_subscriptions().micros()), subscription, 2);
  EXPECT_NEAR(static_cast<double>(response.baseline_orders().micros()),
              static_cast<double>(rows[0].value().predicted().micros()), 4);
  EXPECT_GT(response.changed_subscriptions().micros(), response.baseline_subscriptions().micros());
  EXPECT_GT(response.changed_orders().micros(), response.baseline_orders().micros());
  request.set_parent(Cat(kShop, "/customers/c2"));
  ASSERT_TRUE(Ask(request, &response).ok());
  EXPECT_EQ(response.baseline_orders().micros(), 0);
  EXPECT_NEAR(static_cast<double>(response.baseline().micros()), subscription, 2);
}

TEST_F(ValueServiceTest, NobodyWaitsForTheAnswer) {
  Publish(Scored({{2, 213, 272, 70'000'000, 0}}));
  v1::AskWhatIfRequest request;
  request.set_parent(kShop);
  v1::AskWhatIfResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(values_->AskWhatIf(&context, request, &response).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ValueServiceTest, BootstrapsTheModelOverTheRowsOfTheGeneration) {
  const auto ask = [&](int replicates, const std::string& segment, int64_t milliseconds,
                       v1::BootstrapValueModelResponse* response) {
    v1::BootstrapValueModelRequest request;
    request.set_name(Cat(kShop, "/valueModel"));
    request.set_replicates(replicates);
    request.set_segment(segment);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(milliseconds));
    return values_->BootstrapValueModel(&context, request, response);
  };
  v1::BootstrapValueModelResponse response;
  EXPECT_FALSE(ask(20, "", 10'000, &response).ok()) << "no generation";
  std::mt19937_64 random(9);
  std::vector<value::PurchaseHistory> histories;
  for (int i = 0; i < 1'500; ++i) histories.push_back(facts::DrawMbg(1, random));
  Publish(Scored(histories));
  ASSERT_TRUE(ask(20, "", 60'000, &response).ok());
  EXPECT_EQ(response.purchase_model(), "bg_nbd");
  EXPECT_EQ(response.replicates() + response.left_out(), 20);
  EXPECT_EQ(response.customer_count(), 1'500);
  EXPECT_EQ(response.parameters_size(), 4);
  EXPECT_EQ(response.context().definition(), "value_model_bootstrap");
  EXPECT_EQ(response.context().sample_size(), 1'500);
  EXPECT_EQ(ask(19, "", 10'000, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ask(20, "gold", 10'000, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ask(2'000, "", 50, &response).error_code(), StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace rapport::server
