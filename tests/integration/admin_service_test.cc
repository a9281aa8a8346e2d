// SPDX-License-Identifier: Apache-2.0
// Workspaces, runs, checkpoints and generations, and the answers before the first night.
#include <filesystem>
#include <fstream>
#include <string>

#include "lib/base/text.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::AdminService::Stub;
using grpc::StatusCode;

class AdminServiceTest : public ServerTest {
 protected:
  void SetUp() override { Start(); }
  grpc::Status Create(const v1::CreateWorkspaceRequest& request, v1::Workspace* response) {
    return Call(*stubs_->admin, &Stub::CreateWorkspace, request, response);
  }
  grpc::Status Publish(const std::string& path) {
    v1::PublishGenerationRequest request;
    request.set_path(path);
    request.set_run("runs/r1");
    v1::Generation response;
    return Call(*stubs_->admin, &Stub::PublishGeneration, request, &response);
  }
};

TEST_F(AdminServiceTest, WorkspacesGetDefaultsAndSurviveARestart) {
  v1::CreateWorkspaceRequest request;
  request.set_workspace_id("shop");
  request.mutable_workspace()->set_time_zone("Europe/Vienna");
  v1::Workspace workspace;
  ASSERT_THAT(Create(request, &workspace), IsGrpcOk());
  EXPECT_EQ(workspace.name(), kShop);
  EXPECT_EQ(workspace.base_currency(), "EUR");
  EXPECT_EQ(workspace.create_time().seconds(), kNow / kMicrosPerSecond);
  EXPECT_THAT(Create(request, &workspace),
              FailsWithCode(StatusCode::ALREADY_EXISTS, "RESOURCE_EXISTS"));
  Start();
  v1::GetWorkspaceRequest get;
  get.set_name(kShop);
  ASSERT_THAT(Call(*stubs_->admin, &Stub::GetWorkspace, get, &workspace), IsGrpcOk());
  EXPECT_EQ(workspace.time_zone(), "Europe/Vienna");
}

TEST_F(AdminServiceTest, BadWorkspacesAreRefused) {
  v1::CreateWorkspaceRequest request;
  v1::Workspace workspace;
  EXPECT_THAT(Create(request, &workspace), RefusesField("workspace_id", "REQUIRED"));
  request.set_workspace_id("Shop");
  EXPECT_THAT(Create(request, &workspace), RefusesField("workspace_id", "BAD_ID"));
  request.set_workspace_id("shop");
  request.mutable_workspace()->set_time_zone("Mars/Olympus");
  const grpc::Status status = Create(request, &workspace);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Decode(status).field, "workspace.time_zone");
}

TEST_F(AdminServiceTest, UpdateFollowsTheMask) {
  CreateWorkspace("shop");
  v1::UpdateWorkspaceRequest request;
  request.mutable_workspace()->set_name(kShop);
  request.mutable_workspace()->set_display_name("Shop");
  request.mutable_workspace()->set_value_horizon_days(30);
  request.mutable_update_mask()->add_paths("display_name");
  v1::Workspace workspace;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::UpdateWorkspace, request, &workspace), IsGrpcOk());
  EXPECT_EQ(workspace.display_name(), "Shop");
  EXPECT_EQ(workspace.value_horizon_days(), 365);
  v1::GetWorkspaceRequest get;
  get.set_name(kShop);
  ASSERT_THAT(Call(*stubs_->admin, &Stub::GetWorkspace, get, &workspace), IsGrpcOk());
  EXPECT_EQ(workspace.display_name(), "Shop");
  request.mutable_update_mask()->add_paths("create_time");
  EXPECT_THAT(Call(*stubs_->admin, &Stub::UpdateWorkspace, request, &workspace),
              RefusesField("update_mask", "UNKNOWN_PATH"));
}

TEST_F(AdminServiceTest, WorkspacesComeInPages) {
  for (const std::string id : {"c", "a", "b"}) CreateWorkspace(id);
  v1::ListWorkspacesRequest request;
  request.set_page_size(2);
  v1::ListWorkspacesResponse first, second;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::ListWorkspaces, request, &first), IsGrpcOk());
  ASSERT_EQ(first.workspaces_size(), 2);
  EXPECT_EQ(first.workspaces(0).name(), "workspaces/a");
  request.set_page_token(first.next_page_token());
  ASSERT_THAT(Call(*stubs_->admin, &Stub::ListWorkspaces, request, &second), IsGrpcOk());
  ASSERT_EQ(second.workspaces_size(), 1);
  EXPECT_EQ(second.workspaces(0).name(), "workspaces/c");
  EXPECT_TRUE(second.next_page_token().empty());
}

TEST_F(AdminServiceTest, RunsAreReplacedAndListedNewestFirst) {
  v1::ReportRunRequest report;
  v1::Run run;
  for (int i = 1; i <= 5; ++i) {
    report.mutable_run()->set_name(Cat("runs/r", i));
    report.mutable_run()->set_state(v1::RUN_STATE_RUNNING);
    report.mutable_run()->mutable_start_time()->set_seconds(100 * i);
    ASSERT_THAT(Call(*stubs_->admin, &Stub::ReportRun, report, &run), IsGrpcOk());
  }
  report.mutable_run()->set_state(v1::RUN_STATE_FAILED);
  ASSERT_THAT(Call(*stubs_->admin, &Stub::ReportRun, report, &run), IsGrpcOk());
  v1::GetRunRequest get;
  get.set_name("runs/r5");
  ASSERT_THAT(Call(*stubs_->admin, &Stub::GetRun, get, &run), IsGrpcOk());
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  get.set_name("runs/r9");
  EXPECT_THAT(Call(*stubs_->admin, &Stub::GetRun, get, &run),
              FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  v1::ListRunsRequest list;
  list.set_page_size(3);
  v1::ListRunsResponse first, second;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::ListRuns, list, &first), IsGrpcOk());
  ASSERT_EQ(first.runs_size(), 3);
  EXPECT_EQ(first.runs(0).name(), "runs/r5");
  list.set_page_token(first.next_page_token());
  ASSERT_THAT(Call(*stubs_->admin, &Stub::ListRuns, list, &second), IsGrpcOk());
  ASSERT_EQ(second.runs_size(), 2);
  EXPECT_EQ(second.runs(1).name(), "runs/r1");
  report.mutable_run()->clear_start_time();
  EXPECT_THAT(Call(*stubs_->admin, &Stub::ReportRun, report, &run),
              RefusesField("run.start_time", "REQUIRED"));
}

TEST_F(AdminServiceTest, CheckpointHoldsTheStoreAndNamesTheStaging) {
  CreateWorkspace("shop");
  Ingest({Order("e1", "c1", 10)});
  v1::CreateCheckpointRequest request;
  v1::CreateCheckpointResponse response;
  request.set_run_id("../escape");
  EXPECT_THAT(Call(*stubs_->admin, &Stub::CreateCheckpoint, request, &response),
              RefusesField("run_id", "BAD_ID"));
  request.set_run_id("r1");
  for (int i = 0; i < 2; ++i) {  // Safe to ask again.
    ASSERT_THAT(Call(*stubs_->admin, &Stub::CreateCheckpoint, request, &response), IsGrpcOk());
    EXPECT_TRUE(std::filesystem::exists(Cat(response.path(), "/CURRENT")));
    EXPECT_TRUE(std::filesystem::is_directory(response.staging_path()));
    EXPECT_EQ(response.log_sequence(), 1);
    EXPECT_EQ(response.next_generation(), 1);
  }
}

TEST_F(AdminServiceTest, PublishTakesOnlyWhatIsStaged) {
  v1::CreateCheckpointRequest request;
  request.set_run_id("r1");
  v1::CreateCheckpointResponse checkpoint;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::CreateCheckpoint, request, &checkpoint), IsGrpcOk());
  const std::string staging = checkpoint.staging_path();
  EXPECT_THAT(Publish(""), RefusesField("path", "REQUIRED"));
  for (const std::string& path : {std::string("/etc"), staging, Cat(staging, "/../store"),
                                  Cat(staging, "/../../x"), std::string("r1")}) {
    EXPECT_THAT(Publish(path), RefusesField("path", "OUTSIDE_STAGING")) << path;
  }
  std::filesystem::create_directory_symlink("/etc", Cat(staging, "/link"));
  EXPECT_THAT(Publish(Cat(staging, "/link")), RefusesField("path", "OUTSIDE_STAGING"));
  EXPECT_THAT(Publish(Cat(staging, "/r1")), RefusesField("path", "NO_MANIFEST"));
  std::filesystem::create_directory(Cat(staging, "/r1"));
  std::ofstream(Cat(staging, "/r1/manifest.binpb")) << "broken";
  EXPECT_EQ(Publish(Cat(staging, "/r1")).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(AdminServiceTest, NightlyAnswersWaitForTheFirstNight) {
  CreateWorkspace("shop");
  Ingest({Order("e1", "c1", 10)});
  v1::GetValueReportRequest value;
  value.set_parent(kShop);
  v1::ValueReport value_report;
  const auto none = FailsWithCode(StatusCode::FAILED_PRECONDITION, "NO_GENERATION");
  EXPECT_THAT(Call(*stubs_->values, &v1::ValueService::Stub::GetValueReport, value, &value_report),
              none);
  v1::QueryRetentionRequest retention;
  retention.set_parent(kShop);
  v1::RetentionReport retention_report;
  EXPECT_THAT(Call(*stubs_->cohorts, &v1::CohortService::Stub::QueryRetention, retention,
                   &retention_report),
              none);
  v1::GetNpsReportRequest nps;
  nps.set_parent(kShop);
  nps.set_view(v1::VIEW_NIGHTLY);
  v1::NpsReport nps_report;
  EXPECT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::GetNpsReport, nps, &nps_report),
              none);
  v1::RollbackGenerationRequest rollback;
  v1::Generation generation;
  EXPECT_THAT(Call(*stubs_->admin, &Stub::RollbackGeneration, rollback, &generation),
              FailsWithCode(StatusCode::FAILED_PRECONDITION, "NOTHING_TO_ROLL_BACK"));
  v1::ListGenerationsRequest list;
  v1::ListGenerationsResponse generations;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::ListGenerations, list, &generations), IsGrpcOk());
  EXPECT_EQ(generations.generations_size(), 0);
}

TEST_F(AdminServiceTest, LiveMetricsAnswerAtOnce) {
  CreateWorkspace("shop");
  Ingest({Nps("e1", "a", 10), Nps("e2", "b", 9), Nps("e3", "c", 7), Nps("e4", "d", 3)});
  v1::GetNpsReportRequest request;
  request.set_parent(kShop);
  v1::NpsReport report;
  ASSERT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::GetNpsReport, request, &report),
              IsGrpcOk());
  EXPECT_EQ(report.promoters(), 2);
  EXPECT_EQ(report.passives(), 1);
  EXPECT_EQ(report.detractors(), 1);
  EXPECT_DOUBLE_EQ(report.score(), 25);  // 100 (2 - 1) / 4
  EXPECT_EQ(report.context().view(), v1::VIEW_LIVE);
  EXPECT_EQ(report.context().as_of().seconds(), kNow / kMicrosPerSecond);
  v1::QueryMetricRequest query;
  query.set_parent(kShop);
  v1::QueryMetricResponse response;
  EXPECT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::QueryMetric, query, &response),
              RefusesField("metric", "REQUIRED"));
  query.set_metric("npss");
  EXPECT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::QueryMetric, query, &response),
              RefusesField("metric", "UNKNOWN_METRIC"));
}

TEST_F(AdminServiceTest, StatsCheckAndQualityTellWhatIsThere) {
  CreateWorkspace("shop");
  Ingest({Order("e1", "c1", 10), PageView("e2", "c2")});
  v1::StoreStats stats;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::GetStoreStats, v1::GetStoreStatsRequest(), &stats),
              IsGrpcOk());
  EXPECT_EQ(stats.tail_event_count(), 2);
  EXPECT_EQ(stats.customer_count(), 2);
  EXPECT_EQ(stats.remembered_event_id_count(), 2);
  EXPECT_GT(stats.resident_bytes(), 1 << 20);
  v1::CheckStoreResponse check;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::CheckStore, v1::CheckStoreRequest(), &check), IsGrpcOk());
  EXPECT_TRUE(check.healthy()) << check.DebugString();
  v1::GetQualityReportRequest quality;
  quality.set_parent(kShop);
  v1::QualityReport report;
  ASSERT_THAT(Call(*stubs_->admin, &Stub::GetQualityReport, quality, &report), IsGrpcOk());
  EXPECT_EQ(report.accepted_count(), 2);
}

}  // namespace
}  // namespace rapport::testing
