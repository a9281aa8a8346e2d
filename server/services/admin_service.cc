// SPDX-License-Identifier: Apache-2.0
#include "server/services/admin_service.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "google/protobuf/util/field_mask_util.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "rapport/v1/admin_service.grpc.pb.h"
#include "server/call.h"
#include "server/customer_view.h"
#include "server/generation_metrics.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/server_gauges.h"
#include "server/store_check.h"

namespace rapport::server {
namespace {

using google::protobuf::util::FieldMaskUtil;
using store::v1::WorkspaceRecord;

constexpr PageLimits kShortPages = {.standard = 20, .maximum = 100};

// The workspace with the masked fields of `update` taken over.
absl::Status ApplyMask(const v1::UpdateWorkspaceRequest& request, v1::Workspace& workspace) {
  const v1::Workspace kept = workspace;
  if (request.update_mask().paths().empty()) workspace = request.workspace();
  for (const std::string& path : request.update_mask().paths()) {
    if (!FieldMaskUtil::IsValidPath<v1::Workspace>(path) || path == "name" ||
        path == "create_time") {
      return InvalidField("update_mask", "UNKNOWN_PATH", Cat(path, " cannot be changed"));
    }
  }
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(request.workspace(), request.update_mask(), options, &workspace);
  workspace.set_name(kept.name());
  *workspace.mutable_create_time() = kept.create_time();
  return absl::OkStatus();
}

absl::Status HandleCreateWorkspace(CallContext& call, const v1::CreateWorkspaceRequest& request,
                                   v1::Workspace* response) {
  if (!IsWorkspaceId(request.workspace_id())) {
    return InvalidField("workspace_id", request.workspace_id().empty() ? "REQUIRED" : "BAD_ID",
                        "must be 1-63 of [a-z0-9-] and start with a letter");
  }
  v1::Workspace workspace = request.workspace();
  workspace.set_name(FormatWorkspaceName(request.workspace_id()));
  SetTime(call.now(), workspace.mutable_create_time());
  RETURN_IF_ERROR(events::CompleteWorkspace(workspace));
  auto created = call.env().engine.CreateWorkspace(request.workspace_id(), workspace);
  if (absl::IsAlreadyExists(created.status())) return AlreadyExists(workspace.name());
  RETURN_IF_ERROR(created.status());
  *response = std::move(*created->mutable_workspace());
  return absl::OkStatus();
}

absl::Status HandleGetWorkspace(CallContext& call, const v1::GetWorkspaceRequest& request,
                                v1::Workspace* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.FromName(request.name(), "name"));
  *response = scope->workspace;
  return absl::OkStatus();
}

absl::Status HandleListWorkspaces(CallContext& call, const v1::ListWorkspacesRequest& request,
                                  v1::ListWorkspacesResponse* response) {
  constexpr std::string_view kMethod = "ListWorkspaces";
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const std::string after, DecodePageToken(request.page_token(), kMethod, ""));
  for (WorkspaceRecord& record : call.env().engine.Workspaces()) {
    if (!after.empty() && record.workspace().name() <= after) continue;
    if (response->workspaces_size() == page_size) {
      const std::string& last = response->workspaces(page_size - 1).name();
      response->set_next_page_token(EncodePageToken(kMethod, "", last));
      break;
    }
    *response->add_workspaces() = std::move(*record.mutable_workspace());
  }
  return absl::OkStatus();
}

absl::Status HandleUpdateWorkspace(CallContext& call, const v1::UpdateWorkspaceRequest& request,
                                   v1::Workspace* response) {
  ASSIGN_OR_RETURN(const std::string_view id,
                   ParseWorkspaceName(request.workspace().name(), "workspace.name"));
  ASSIGN_OR_RETURN(WorkspaceRecord record, call.env().engine.FindWorkspace(id));
  v1::Workspace workspace = record.workspace();
  RETURN_IF_ERROR(ApplyMask(request, workspace));
  RETURN_IF_ERROR(events::CompleteWorkspace(workspace));
  ASSIGN_OR_RETURN(record, call.env().engine.UpdateWorkspace(id, workspace));
  RETURN_IF_ERROR(call.env().workspaces.Refresh(id));
  *response = std::move(*record.mutable_workspace());
  return absl::OkStatus();
}

absl::Status HandleListGenerations(CallContext& call, const v1::ListGenerationsRequest& request,
                                   v1::ListGenerationsResponse* response) {
  constexpr std::string_view kMethod = "ListGenerations";
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), kShortPages));
  ASSIGN_OR_RETURN(const std::string position, DecodePageToken(request.page_token(), kMethod, ""));
  uint32_t before = std::numeric_limits<uint32_t>::max();
  if (!position.empty() && !absl::SimpleAtoi(position, &before)) return Internal("page position");
  uint32_t last = 0;
  for (const store::GenerationHandle& generation : call.env().generations.List()) {
    if (generation->generation() >= before) continue;
    if (response->generations_size() == page_size) {
      response->set_next_page_token(EncodePageToken(kMethod, "", Cat(last)));
      break;
    }
    last = generation->generation();
    *response->add_generations() = call.env().publishing.Describe(generation);
  }
  return absl::OkStatus();
}

absl::Status HandleCreateCheckpoint(CallContext& call, const v1::CreateCheckpointRequest& request,
                                    v1::CreateCheckpointResponse* response) {
  if (!IsRunId(request.run_id())) {
    return InvalidField("run_id", request.run_id().empty() ? "REQUIRED" : "BAD_ID",
                        "must be 1-64 of [A-Za-z0-9_-]");
  }
  ASSIGN_OR_RETURN(*response, call.env().publishing.Checkpoint(request.run_id()));
  return absl::OkStatus();
}

// A run that dies between publishing and its last report has succeeded all the same.
void NoteSuccess(CallContext& call, std::string_view run_id, const v1::Generation& published) {
  auto run = call.env().runs.Get(run_id);
  if (!run.ok() || run->state() == v1::RUN_STATE_SUCCEEDED) return;
  run->set_state(v1::RUN_STATE_SUCCEEDED);
  run->set_generation(published.name());
  *run->mutable_end_time() = published.publish_time();
  if (absl::Status status = call.env().runs.Report(*run); !status.ok()) {
    Log(LogLevel::kWarning, "run not marked", {{"run", run->name()}, {"error", status.ToString()}});
  }
}

absl::Status HandlePublishGeneration(CallContext& call, const v1::PublishGenerationRequest& request,
                                     v1::Generation* response) {
  if (request.path().empty()) return InvalidField("path", "REQUIRED", "is required");
  std::string_view run_id;
  if (!request.run().empty()) {
    ASSIGN_OR_RETURN(run_id, ParseRunName(request.run(), "run"));
  }
  ASSIGN_OR_RETURN(*response, call.env().publishing.Publish(request.path(), run_id));
  if (!run_id.empty()) NoteSuccess(call, run_id, *response);
  call.env().metric_store.Warm(call.env());
  return absl::OkStatus();
}

absl::Status HandleRollbackGeneration(CallContext& call,
                                      const v1::RollbackGenerationRequest& request,
                                      v1::Generation* response) {
  ASSIGN_OR_RETURN(*response, call.env().publishing.Rollback(request.expected_current()));
  return absl::OkStatus();
}

absl::Status HandleReportRun(CallContext& call, const v1::ReportRunRequest& request,
                             v1::Run* response) {
  RETURN_IF_ERROR(ParseRunName(request.run().name(), "run.name").status());
  if (!request.run().has_start_time()) {
    return InvalidField("run.start_time", "REQUIRED", "is required");
  }
  RETURN_IF_ERROR(call.env().runs.Report(request.run()));
  *response = request.run();
  return absl::OkStatus();
}

absl::Status HandleGetRun(CallContext& call, const v1::GetRunRequest& request, v1::Run* response) {
  ASSIGN_OR_RETURN(const std::string_view run_id, ParseRunName(request.name(), "name"));
  ASSIGN_OR_RETURN(*response, call.env().runs.Get(run_id));
  return absl::OkStatus();
}

absl::Status HandleListRuns(CallContext& call, const v1::ListRunsRequest& request,
                            v1::ListRunsResponse* response) {
  constexpr std::string_view kMethod = "ListRuns";
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), kShortPages));
  ASSIGN_OR_RETURN(const std::string after, DecodePageToken(request.page_token(), kMethod, ""));
  const auto limit = static_cast<size_t>(page_size);
  ASSIGN_OR_RETURN(std::vector<RunBook::Entry> entries, call.env().runs.List(after, limit + 1));
  const bool more = entries.size() > limit;
  if (more) entries.resize(limit);
  if (more) response->set_next_page_token(EncodePageToken(kMethod, "", entries.back().row));
  for (RunBook::Entry& entry : entries) *response->add_runs() = std::move(entry.run);
  return absl::OkStatus();
}

absl::Status HandleGetStoreStats(CallContext& call, const v1::GetStoreStatsRequest&,
                                 v1::StoreStats* response) {
  Env& env = call.env();
  response->set_format_version(store::kStoreFormatVersion);
  for (const store::PartSize& size : env.store.Sizes()) {
    auto* part = response->add_parts();
    part->set_part(size.part);
    part->set_key_count(static_cast<int64_t>(size.key_count));
    part->set_size_bytes(static_cast<int64_t>(size.size_bytes));
  }
  response->set_tail_event_count(env.engine.tail_event_count());
  response->set_customer_count(env.engine.customer_count());
  response->set_last_log_sequence(static_cast<int64_t>(env.store.log().last()));
  const store::GenerationHandle generation = env.serving.Current();
  if (generation != nullptr) {
    response->set_sealed_log_sequence(static_cast<int64_t>(generation->log_sequence()));
  }
  response->set_remembered_event_id_count(env.engine.remembered_id_count());
  response->set_resident_bytes(ResidentBytes());
  return absl::OkStatus();
}

absl::Status HandleCheckStore(CallContext& call, const v1::CheckStoreRequest&,
                              v1::CheckStoreResponse* response) {
  return CheckStore(call, response);
}

absl::Status HandleGetQualityReport(CallContext& call, const v1::GetQualityReportRequest& request,
                                    v1::QualityReport* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  events::QualityCounts counts = call.env().engine.Quality(scope->workspace_no);
  response->set_accepted_count(counts.accepted);
  response->set_duplicate_count(counts.duplicates);
  response->set_late_count(counts.late);
  for (v1::RejectionCount& rejection : counts.rejections) {
    *response->add_rejections() = std::move(rejection);
  }
  SetTime(counts.since, response->mutable_start_time());
  return absl::OkStatus();
}

class AdminService final : public v1::AdminService::CallbackService {
 public:
  explicit AdminService(Env& env) : env_(env) {}
  RAPPORT_UNARY(AdminService, CreateWorkspace, v1::Workspace)
  RAPPORT_UNARY(AdminService, GetWorkspace, v1::Workspace)
  RAPPORT_UNARY(AdminService, ListWorkspaces, v1::ListWorkspacesResponse)
  RAPPORT_UNARY(AdminService, UpdateWorkspace, v1::Workspace)
  RAPPORT_UNARY(AdminService, CreateCheckpoint, v1::CreateCheckpointResponse)
  RAPPORT_UNARY(AdminService, ReportRun, v1::Run)
  RAPPORT_UNARY(AdminService, PublishGeneration, v1::Generation)
  RAPPORT_UNARY(AdminService, ListGenerations, v1::ListGenerationsResponse)
  RAPPORT_UNARY(AdminService, RollbackGeneration, v1::Generation)
  RAPPORT_UNARY(AdminService, ListRuns, v1::ListRunsResponse)
  RAPPORT_UNARY(AdminService, GetRun, v1::Run)
  RAPPORT_UNARY(AdminService, GetStoreStats, v1::StoreStats)
  RAPPORT_UNARY(AdminService, CheckStore, v1::CheckStoreResponse)
  RAPPORT_UNARY(AdminService, GetQualityReport, v1::QualityReport)

 private:
  Env& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewAdminService(Env& env) {
  return std::make_unique<AdminService>(env);
}

}  // namespace rapport::server
