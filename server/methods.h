// SPDX-License-Identifier: Apache-2.0
// Every rpc of Rapport with the role it needs and where its handler runs. A method that is
// not here does not compile into a service; a test compares the table with the protos.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rapport::server {

// Each role may do what those before it may.
enum class Role : uint8_t { kNone = 0, kReader = 1, kWriter = 2, kAdmin = 3 };

enum class RunOn : uint8_t {
  kCaller,  // The gRPC thread: handlers of microseconds that never wait.
  kWorker,  // The worker pool: handlers that scan, wait for the disk or take long.
};

struct MethodPolicy {
  std::string_view method;  // "Service.Method" without the package.
  Role role;
  RunOn run_on;
};

inline constexpr auto kMethods = std::to_array<MethodPolicy>({
    {"EventService.IngestEvents", Role::kWriter, RunOn::kCaller},
    {"EventService.StreamEvents", Role::kWriter, RunOn::kCaller},
    {"EventService.ListEvents", Role::kReader, RunOn::kWorker},
    {"CustomerService.GetCustomer", Role::kReader, RunOn::kCaller},
    {"CustomerService.BatchGetCustomers", Role::kReader, RunOn::kWorker},
    {"CustomerService.ListCustomers", Role::kReader, RunOn::kWorker},
    {"CustomerService.UpdateCustomer", Role::kWriter, RunOn::kWorker},
    {"CustomerService.MergeCustomers", Role::kWriter, RunOn::kWorker},
    {"CustomerService.ExplainCustomer", Role::kReader, RunOn::kWorker},
    {"MetricService.ListMetricDefinitions", Role::kReader, RunOn::kCaller},
    {"MetricService.GetMetricDefinition", Role::kReader, RunOn::kCaller},
    {"MetricService.CreateMetricDefinition", Role::kAdmin, RunOn::kWorker},
    {"MetricService.UpdateMetricDefinition", Role::kAdmin, RunOn::kWorker},
    {"MetricService.DeleteMetricDefinition", Role::kAdmin, RunOn::kWorker},
    {"MetricService.QueryMetric", Role::kReader, RunOn::kWorker},
    {"MetricService.StreamMetric", Role::kReader, RunOn::kWorker},
    {"MetricService.ListMetricCustomers", Role::kReader, RunOn::kWorker},
    {"MetricService.ExplainChange", Role::kReader, RunOn::kWorker},
    {"MetricService.GetNpsReport", Role::kReader, RunOn::kWorker},
    {"ReferenceService.ImportExchangeRates", Role::kAdmin, RunOn::kWorker},
    {"ReferenceService.GetExchangeRates", Role::kReader, RunOn::kWorker},
    {"ReferenceService.ImportReferenceSeries", Role::kAdmin, RunOn::kWorker},
    {"ReferenceService.ListReferenceSeries", Role::kReader, RunOn::kWorker},
    {"ReferenceService.CreateGoal", Role::kAdmin, RunOn::kWorker},
    {"ReferenceService.UpdateGoal", Role::kAdmin, RunOn::kWorker},
    {"ReferenceService.DeleteGoal", Role::kAdmin, RunOn::kWorker},
    {"ReferenceService.ListGoals", Role::kReader, RunOn::kWorker},
    {"ReferenceService.ImportBenchmarks", Role::kAdmin, RunOn::kWorker},
    {"ReferenceService.ListBenchmarks", Role::kReader, RunOn::kWorker},
    {"ReferenceService.ListAlerts", Role::kReader, RunOn::kWorker},
    {"ReferenceService.WatchAlerts", Role::kReader, RunOn::kWorker},
    {"FeedbackService.ListVerbatims", Role::kReader, RunOn::kWorker},
    {"FeedbackService.ListFollowUps", Role::kReader, RunOn::kWorker},
    {"FeedbackService.GetScoreMovement", Role::kReader, RunOn::kWorker},
    {"ValueService.GetCustomerValue", Role::kReader, RunOn::kCaller},
    {"ValueService.BatchGetCustomerValues", Role::kReader, RunOn::kWorker},
    {"ValueService.GetValueReport", Role::kReader, RunOn::kCaller},
    {"ValueService.GetValueModel", Role::kReader, RunOn::kCaller},
    {"ValueService.PredictValue", Role::kReader, RunOn::kWorker},
    {"ValueService.AskWhatIf", Role::kReader, RunOn::kWorker},
    {"ValueService.BootstrapValueModel", Role::kReader, RunOn::kWorker},
    {"CohortService.QueryRetention", Role::kReader, RunOn::kCaller},
    {"CohortService.QueryLifecycle", Role::kReader, RunOn::kWorker},
    {"CohortService.ListTransitions", Role::kReader, RunOn::kWorker},
    {"CohortService.AnalyzeRetention", Role::kReader, RunOn::kWorker},
    {"CohortService.QueryGrowth", Role::kReader, RunOn::kWorker},
    {"CohortService.QueryStickiness", Role::kReader, RunOn::kWorker},
    {"CohortService.QueryStageTimes", Role::kReader, RunOn::kWorker},
    {"CohortService.WatchTransitions", Role::kReader, RunOn::kWorker},
    {"FrameworkService.ListFrameworks", Role::kReader, RunOn::kWorker},
    {"FrameworkService.GetFramework", Role::kReader, RunOn::kWorker},
    {"FrameworkService.CreateFramework", Role::kAdmin, RunOn::kWorker},
    {"FrameworkService.UpdateFramework", Role::kAdmin, RunOn::kWorker},
    {"FrameworkService.DeleteFramework", Role::kAdmin, RunOn::kWorker},
    {"FrameworkService.GetCustomerJourney", Role::kReader, RunOn::kWorker},
    {"FrameworkService.QueryFramework", Role::kReader, RunOn::kWorker},
    {"FrameworkService.ListStageCustomers", Role::kReader, RunOn::kWorker},
    {"JourneyService.QueryFunnel", Role::kReader, RunOn::kWorker},
    {"JourneyService.ListFunnelCustomers", Role::kReader, RunOn::kWorker},
    {"JourneyService.FindPainPoints", Role::kReader, RunOn::kWorker},
    {"JourneyService.QueryPaths", Role::kReader, RunOn::kWorker},
    {"JourneyService.QueryStepEffect", Role::kReader, RunOn::kWorker},
    {"SegmentService.CreateSegment", Role::kAdmin, RunOn::kWorker},
    {"SegmentService.GetSegment", Role::kReader, RunOn::kWorker},
    {"SegmentService.ListSegments", Role::kReader, RunOn::kWorker},
    {"SegmentService.UpdateSegment", Role::kAdmin, RunOn::kWorker},
    {"SegmentService.DeleteSegment", Role::kAdmin, RunOn::kWorker},
    {"SegmentService.CountSegment", Role::kReader, RunOn::kWorker},
    {"SegmentService.ListSegmentCustomers", Role::kReader, RunOn::kWorker},
    {"SegmentService.TestSegment", Role::kReader, RunOn::kWorker},
    {"SegmentService.ListSegmentChanges", Role::kReader, RunOn::kWorker},
    {"SegmentService.PreviewSegment", Role::kReader, RunOn::kWorker},
    {"SegmentService.QueryRfmGrid", Role::kReader, RunOn::kWorker},
    {"SegmentService.DiscoverClusters", Role::kReader, RunOn::kWorker},
    {"SegmentService.CompareSegments", Role::kReader, RunOn::kWorker},
    {"AdminService.CreateWorkspace", Role::kAdmin, RunOn::kWorker},
    {"AdminService.GetWorkspace", Role::kReader, RunOn::kCaller},
    {"AdminService.ListWorkspaces", Role::kReader, RunOn::kCaller},
    {"AdminService.UpdateWorkspace", Role::kAdmin, RunOn::kWorker},
    {"AdminService.CreateCheckpoint", Role::kAdmin, RunOn::kWorker},
    {"AdminService.ReportRun", Role::kAdmin, RunOn::kWorker},
    {"AdminService.PublishGeneration", Role::kAdmin, RunOn::kWorker},
    {"AdminService.ListGenerations", Role::kReader, RunOn::kCaller},
    {"AdminService.RollbackGeneration", Role::kAdmin, RunOn::kWorker},
    {"AdminService.ListRuns", Role::kReader, RunOn::kWorker},
    {"AdminService.GetRun", Role::kReader, RunOn::kWorker},
    {"AdminService.GetStoreStats", Role::kAdmin, RunOn::kWorker},
    {"AdminService.CheckStore", Role::kAdmin, RunOn::kWorker},
    {"AdminService.GetQualityReport", Role::kReader, RunOn::kCaller},
});

// Position in the table; kMethods.size() when absent.
constexpr size_t FindMethod(std::string_view method) {
  size_t i = 0;
  while (i < kMethods.size() && kMethods[i].method != method) ++i;
  return i;
}
// The same at compile time; an unknown name does not compile.
consteval size_t MethodNo(std::string_view method) {
  return FindMethod(method) < kMethods.size() ? FindMethod(method) : throw "unknown method";
}

}  // namespace rapport::server
