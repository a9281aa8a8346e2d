// SPDX-License-Identifier: Apache-2.0
#include "server/services/metric_questions.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/respond.h"
#include "lib/reference/standings.h"
#include "server/generation_metrics.h"
#include "server/goal_attainment.h"
#include "server/metric_listing.h"
#include "server/metric_reader.h"
#include "server/page_token.h"

namespace rapport::server {
namespace {

// Of a message of StreamMetric; well below the limit of a message.
constexpr size_t kPartBytes = 1 << 20;
constexpr metrics::QueryLimits kStreamLimits = {.max_windows = 100'000, .max_groups = 100'000};

// A request's workspace and the point it reads at. Does not move: `at` names the others.
struct Question {
  ScopeHandle scope;
  store::GenerationHandle generation;
  std::optional<ReadPoint> at;

  absl::Status Open(CallContext& call, std::string_view parent, v1::View view,
                    std::string_view field) {
    ASSIGN_OR_RETURN(scope, call.env().workspaces.FromName(parent, field));
    generation = call.env().serving.Current();
    ASSIGN_OR_RETURN(const v1::View resolved, MetricView(view, generation));
    at.emplace(ReadPoint{call.env(), *scope, generation, resolved, call.now()});
    return absl::OkStatus();
  }
};

std::optional<double> WholeOf(const v1::MetricSeries& series) {
  const bool one = !series.has_whole() && series.points_size() == 1;
  const v1::MetricPoint& point = one ? series.points(0) : series.whole();
  return point.has_value() ? std::optional(point.value()) : std::nullopt;
}

// The workspace's goal and benchmarks beside the figure.
absl::Status AddReferences(MetricReader& reader, const ReadPoint& at,
                           const v1::QueryMetricRequest& request,
                           v1::QueryMetricResponse* response) {
  const reference::Book& book = *at.scope.book;
  const CivilDays today = at.scope.settings.calendar.DayOf(at.as_of());
  const v1::Goal* goal = reference::GoalFor(book, request.metric(), request.filter(), today);
  if (goal != nullptr) {
    ASSIGN_OR_RETURN(*response->mutable_goal(), Attain(reader, at, *goal));
  }
  for (v1::BenchmarkStanding& standing :
       reference::StandingsOf(book, response->definition(), WholeOf(response->total()))) {
    *response->add_benchmarks() = std::move(standing);
  }
  return absl::OkStatus();
}

absl::Status Answer(CallContext& call, const v1::QueryMetricRequest& request,
                    const metrics::QueryLimits& limits, v1::QueryMetricResponse* response) {
  Question question;
  RETURN_IF_ERROR(question.Open(call, request.parent(), request.view(), "parent"));
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, *question.at));
  RETURN_IF_ERROR(reader.Query(request, limits, *response));
  return AddReferences(reader, *question.at, request, response);
}

// Whose effects are concentrated in one group explains more.
double LargestEffect(const v1::ChangeExplanation& explanation) {
  double largest = 0;
  for (const v1::Contribution& contribution : explanation.contributions()) {
    largest = std::max(largest, std::abs(contribution.total_effect()));
  }
  return largest;
}

absl::Status CheckExplain(const v1::ExplainChangeRequest& request) {
  if (request.start_date().empty()) return InvalidField("start_date", "REQUIRED", "is required");
  if (request.end_date().empty()) return InvalidField("end_date", "REQUIRED", "is required");
  return absl::OkStatus();
}

// The query behind an explanation; by one dimension, or the total when it is empty.
v1::QueryMetricRequest ExplainQuery(const v1::ExplainChangeRequest& request,
                                    const std::string& dimension) {
  v1::QueryMetricRequest query;
  query.set_parent(request.parent());
  query.set_metric(request.metric());
  query.set_start_date(request.start_date());
  query.set_end_date(request.end_date());
  query.set_filter(request.filter());
  query.set_view(request.view());
  query.add_compare(request.compare() == v1::COMPARISON_UNSPECIFIED ? v1::COMPARISON_PREVIOUS_PERIOD
                                                                    : request.compare());
  if (!dimension.empty()) query.add_group_by(dimension);
  return query;
}

// The total's query first, then one per dimension.
absl::StatusOr<std::vector<metrics::PreparedQuery>> ExplainQueries(
    const v1::ExplainChangeRequest& request, const v1::MetricDefinition& definition,
    const metrics::Scope& scope) {
  std::vector<std::string> dimensions(request.dimensions().begin(), request.dimensions().end());
  const bool chosen = !dimensions.empty();
  if (!chosen) dimensions = metrics::DimensionsOf(definition);
  std::vector<metrics::PreparedQuery> queries;
  ASSIGN_OR_RETURN(metrics::PreparedQuery total,
                   metrics::PreparedQuery::Create(ExplainQuery(request, ""), definition, scope));
  queries.push_back(std::move(total));
  for (size_t i = 0; i < dimensions.size(); ++i) {
    auto query =
        metrics::PreparedQuery::Create(ExplainQuery(request, dimensions[i]), definition, scope);
    if (!query.ok() && chosen) {
      return InvalidField(Cat("dimensions[", i, "]"), "UNSUPPORTED_DIMENSION",
                          FromAbsl(query.status().message()));
    }
    RETURN_IF_ERROR(query.status());
    queries.push_back(*std::move(query));
  }
  return queries;
}

}  // namespace

absl::Status HandleQueryMetric(CallContext& call, const v1::QueryMetricRequest& request,
                               v1::QueryMetricResponse* response) {
  return Answer(call, request, {}, response);
}

absl::StatusOr<std::vector<v1::StreamMetricResponse>> StreamParts(
    CallContext& call, const v1::StreamMetricRequest& request) {
  v1::QueryMetricResponse whole;
  RETURN_IF_ERROR(Answer(call, request.query(), kStreamLimits, &whole));
  std::vector<v1::StreamMetricResponse> parts(1);
  auto groups = std::move(*whole.mutable_groups());
  whole.clear_groups();
  *parts[0].mutable_part() = std::move(whole);
  size_t bytes = kPartBytes;
  for (v1::MetricSeries& series : groups) {
    if (bytes >= kPartBytes) {
      parts.emplace_back();
      bytes = 0;
    }
    bytes += series.ByteSizeLong();
    *parts.back().mutable_part()->add_groups() = std::move(series);
  }
  return parts;
}

absl::Status HandleListMetricCustomers(CallContext& call,
                                       const v1::ListMetricCustomersRequest& request,
                                       v1::ListMetricCustomersResponse* response) {
  constexpr std::string_view kMethod = "ListMetricCustomers";
  Question question;
  RETURN_IF_ERROR(
      question.Open(call, request.query().parent(), request.query().view(), "query.parent"));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  v1::ListMetricCustomersRequest bare = request;
  bare.clear_page_size();
  bare.clear_page_token();
  const std::string bound = bare.SerializeAsString();
  ASSIGN_OR_RETURN(const std::string after, DecodePageToken(request.page_token(), kMethod, bound));
  ASSIGN_OR_RETURN(const MetricListingHandle list,
                   call.env().metric_store.listings.Of(call, *question.at, request));
  const auto by_name = [](const auto& customer) -> const std::string& {
    return customer.customer();
  };
  auto next = after.empty() ? list->customers.begin()
                            : std::ranges::upper_bound(list->customers, after, {}, by_name);
  for (; next != list->customers.end() && response->customers_size() < page_size; ++next) {
    *response->add_customers() = *next;
  }
  if (next != list->customers.end()) {
    response->set_next_page_token(
        EncodePageToken(kMethod, bound, response->customers().rbegin()->customer()));
  }
  response->set_total_size(static_cast<int64_t>(list->customers.size()));
  response->set_total(list->total);
  *response->mutable_context() = list->context;
  return absl::OkStatus();
}

absl::Status HandleExplainChange(CallContext& call, const v1::ExplainChangeRequest& request,
                                 v1::ExplainChangeResponse* response) {
  RETURN_IF_ERROR(CheckExplain(request));
  Question question;
  RETURN_IF_ERROR(question.Open(call, request.parent(), request.view(), "parent"));
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, *question.at));
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, reader.Find(request.metric()));
  ASSIGN_OR_RETURN(const metrics::Scope scope, reader.ScopeOf(*definition));
  ASSIGN_OR_RETURN(const std::vector<metrics::PreparedQuery> queries,
                   ExplainQueries(request, *definition, scope));
  std::vector<const metrics::PreparedQuery*> pointers;
  for (const metrics::PreparedQuery& query : queries) pointers.push_back(&query);
  RETURN_IF_ERROR(reader.Run(
      pointers,
      [&](size_t i, const metrics::SumTable& table, std::string_view plan) -> absl::Status {
        if (i > 0) {
          *response->add_explanations() = metrics::ExplainDimension(queries[i], table);
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(v1::QueryMetricResponse total, metrics::Respond(queries[0], table, plan));
        const v1::ComparedRange& compared = total.compared(0);
        *response->mutable_after() = total.total().points(0);
        *response->mutable_before() = compared.series().points(0);
        *response->mutable_difference() = compared.difference();
        *response->mutable_context() = std::move(*total.mutable_context());
        return absl::OkStatus();
      }));
  FillContext(*question.at, response->mutable_context());
  std::stable_sort(
      response->mutable_explanations()->begin(), response->mutable_explanations()->end(),
      [](const auto& a, const auto& b) { return LargestEffect(a) > LargestEffect(b); });
  return absl::OkStatus();
}

}  // namespace rapport::server
