// SPDX-License-Identifier: Apache-2.0
// metrics get / define / update / delete / customers / explain.
#include <fstream>
#include <ostream>
#include <sstream>

#include "google/protobuf/empty.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "rapport/v1/metric_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/metric_query.h"
#include "tools/rapportctl/metric_text.h"

namespace rapport::ctl {
namespace {

absl::StatusOr<std::string> MetricName(Invocation& invocation, std::string_view metric) {
  ASSIGN_OR_RETURN(const std::string workspace, invocation.Workspace());
  return Cat(workspace, "/metrics/", metric);
}

absl::Status ShowDefinition(const Invocation& invocation, const v1::MetricDefinition& definition) {
  if (invocation.json()) return invocation.PrintJson(definition);
  invocation.out() << DefinitionText(definition, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Get(Invocation& invocation) {
  v1::GetMetricDefinitionRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), MetricName(invocation, invocation.Argument(0)));
  ASSIGN_OR_RETURN(const auto definition, invocation.Ask<v1::MetricDefinition>(
                                              "MetricService/GetMetricDefinition", request));
  return ShowDefinition(invocation, definition);
}

// A definition from a file: JSON if it begins with a brace, else text proto.
absl::StatusOr<v1::MetricDefinition> ReadDefinition(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream read;
  read << file.rdbuf();
  if (!file) return InvalidField("FILE", "UNREADABLE", Cat("cannot read ", path));
  const std::string text = read.str();
  const size_t first = text.find_first_not_of(" \t\r\n");
  v1::MetricDefinition definition;
  if (first != std::string::npos && text[first] == '{') {
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &definition);
    if (parsed.ok()) return definition;
    return InvalidField("FILE", "BAD_DEFINITION", Cat(path, ": ", parsed.ToString()));
  }
  if (google::protobuf::TextFormat::ParseFromString(text, &definition)) return definition;
  return InvalidField("FILE", "BAD_DEFINITION",
                      Cat(path, ": not a text proto of rapport.v1.MetricDefinition"));
}

absl::Status Define(Invocation& invocation) {
  v1::CreateMetricDefinitionRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(*request.mutable_definition(), ReadDefinition(invocation.Argument(0)));
  ASSIGN_OR_RETURN(const auto definition, invocation.Ask<v1::MetricDefinition>(
                                              "MetricService/CreateMetricDefinition", request));
  return ShowDefinition(invocation, definition);
}

absl::Status Update(Invocation& invocation) {
  v1::UpdateMetricDefinitionRequest request;
  ASSIGN_OR_RETURN(*request.mutable_definition(), ReadDefinition(invocation.Argument(0)));
  auto& definition = *request.mutable_definition();
  ASSIGN_OR_RETURN(*definition.mutable_name(), MetricName(invocation, definition.metric()));
  if (invocation.Has("etag")) definition.set_etag(invocation.Text("etag"));
  ASSIGN_OR_RETURN(const auto updated, invocation.Ask<v1::MetricDefinition>(
                                           "MetricService/UpdateMetricDefinition", request));
  return ShowDefinition(invocation, updated);
}

absl::Status Delete(Invocation& invocation) {
  v1::DeleteMetricDefinitionRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), MetricName(invocation, invocation.Argument(0)));
  RETURN_IF_ERROR(
      invocation.Ask<google::protobuf::Empty>("MetricService/DeleteMetricDefinition", request)
          .status());
  if (!invocation.json()) invocation.out() << "deleted " << request.name() << "\n";
  return absl::OkStatus();
}

absl::Status Customers(Invocation& invocation) {
  v1::ListMetricCustomersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_query(), MetricQuery(invocation, invocation.Argument(0)));
  for (const std::string& label : invocation.Texts("group")) request.add_group(label);
  if (invocation.Text("side") == "denominator") request.set_side(v1::METRIC_SIDE_DENOMINATOR);
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1'000'000));
  v1::ListMetricCustomersResponse all;
  do {
    const int64_t left = limit - all.customers_size();
    request.set_page_size(static_cast<int32_t>(std::min<int64_t>(left, 1000)));
    ASSIGN_OR_RETURN(auto page, invocation.Ask<v1::ListMetricCustomersResponse>(
                                    "MetricService/ListMetricCustomers", request));
    request.set_page_token(page.next_page_token());
    for (auto& customer : *page.mutable_customers()) *all.add_customers() = std::move(customer);
    all.set_total_size(page.total_size());
    all.set_total(page.total());
    *all.mutable_context() = std::move(*page.mutable_context());
  } while (!request.page_token().empty() && all.customers_size() < limit);
  if (invocation.json()) return invocation.PrintJson(all);
  Table table({{"customer"}, {"share", true}});
  for (const auto& customer : all.customers()) {
    table.Add({LastSegment(customer.customer()), FormatNumber(customer.share(), 2)});
  }
  invocation.out() << table.Text(invocation.terminal()) << FormatCount(all.total_size())
                   << " customers, together " << FormatNumber(all.total(), 2) << "\n"
                   << ContextText(all.context(), invocation.terminal());
  return absl::OkStatus();
}

absl::Status Explain(Invocation& invocation) {
  v1::ExplainChangeRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_metric(invocation.Argument(0));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  request.set_filter(invocation.Text("filter"));
  request.set_compare(ComparisonOf(invocation.Text("compare")));
  for (const std::string& dimension : invocation.Texts("dimension")) {
    request.add_dimensions(dimension);
  }
  if (invocation.On("nightly")) request.set_view(v1::VIEW_NIGHTLY);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ExplainChangeResponse>(
                                          "MetricService/ExplainChange", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << ExplainText(answer, 1, invocation.terminal());
  return absl::OkStatus();
}

std::vector<Flag> CustomersFlags() {
  std::vector<Flag> flags = RangeFlags();
  flags.push_back(FilterFlag());
  flags.push_back(GroupByFlag());
  flags.push_back({.name = "group",
                   .placeholder = "LABEL",
                   .help = "The group to list, one for each --group-by."});
  flags.push_back({.name = "side",
                   .placeholder = "SIDE",
                   .help = "Whose customers: those of the numerator or of the denominator.",
                   .fallback = "numerator",
                   .choices = "numerator|denominator"});
  flags.push_back(
      {.name = "limit", .placeholder = "NUMBER", .help = "At most this many.", .fallback = "100"});
  return flags;
}

std::vector<Flag> ExplainFlags() {
  std::vector<Flag> flags = RangeFlags();
  flags.push_back(FilterFlag());
  flags.push_back(CompareFlag("What to compare with."));
  flags.push_back({.name = "dimension",
                   .placeholder = "DIMENSION",
                   .help = "To look into; may be repeated. Default: all without a key."});
  return flags;
}

}  // namespace

std::vector<Action> MetricQuestionActions() {
  return {
      {.path = "metrics get",
       .summary = "Shows the definition of a metric.",
       .details = "",
       .arguments = {{"METRIC", "Metric id, see `metrics list`."}},
       .flags = {},
       .examples = {"metrics get --workspace=shop conversion"},
       .run = Get},
      {.path = "metrics define",
       .summary = "Adds a metric of the workspace's own.",
       .details = "The file holds a rapport.v1.MetricDefinition as text proto or JSON.",
       .arguments = {{"FILE", "Text proto, or JSON if it begins with a brace."}},
       .flags = {},
       .examples = {"metrics define --workspace=shop promo_ctr.textproto"},
       .run = Define},
      {.path = "metrics update",
       .summary = "Replaces a metric of the workspace's own.",
       .details = "",
       .arguments = {{"FILE", "Text proto, or JSON if it begins with a brace."}},
       .flags = {{.name = "etag",
                  .placeholder = "ETAG",
                  .help = "Only if the stored definition still has this one."}},
       .examples = {"metrics update --workspace=shop promo_ctr.textproto"},
       .run = Update},
      {.path = "metrics delete",
       .summary = "Removes a metric of the workspace's own.",
       .details = "",
       .arguments = {{"METRIC", "Metric id."}},
       .flags = {},
       .examples = {"metrics delete --workspace=shop promo_ctr"},
       .run = Delete},
      {.path = "metrics customers",
       .summary = "Lists the customers behind a figure.",
       .details = "Shares add up to the figure's numerator or denominator.",
       .arguments = {{"METRIC", "Metric id."}},
       .flags = CustomersFlags(),
       .examples = {"metrics customers --workspace=shop revenue --from=2026-01-01 --limit=20",
                    "metrics customers --workspace=shop nps --group-by=channel --group=email"},
       .run = Customers},
      {.path = "metrics explain",
       .summary = "Shows which groups moved a metric between two ranges.",
       .details = "",
       .arguments = {{"METRIC", "Metric id."}},
       .flags = ExplainFlags(),
       .examples = {"metrics explain --workspace=shop csat --from=2026-10-01 --to=2026-11-01"},
       .run = Explain},
  };
}

}  // namespace rapport::ctl
