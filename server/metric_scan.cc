// SPDX-License-Identifier: Apache-2.0
#include "server/metric_scan.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/money.h"
#include "lib/base/status_macros.h"
#include "lib/filter/catalogue.h"
#include "lib/filter/sources.h"
#include "server/customer_rows.h"

namespace rapport::server {
namespace {

using metrics::Evaluation;
using metrics::PreparedQuery;

// What one query needs of a customer besides its events.
struct QueryInputs {
  std::vector<CodeColumnHandle> columns;  // Of the grouping's customer dimensions.
  filter::PlaceSet places;                // Of v1.Customer.
  std::optional<filter::FieldRef> fact;   // Of FACT_MEAN.
  bool payloads = false;
};

absl::StatusOr<QueryInputs> InputsOf(const CallContext& call, const ReadPoint& at,
                                     GenerationMetrics& generation, const PreparedQuery& query) {
  QueryInputs inputs;
  for (const std::string& dimension : query.grouping().customer_dimensions()) {
    ASSIGN_OR_RETURN(inputs.columns.emplace_back(), generation.Column(call, at.scope, dimension));
  }
  inputs.places = query.customer_places();
  inputs.payloads = query.reads_payload();
  if (query.metric().shape() != metrics::Shape::kFacts) return inputs;
  std::string_view key;
  const filter::Field* field = filter::CustomerCatalogue().Find(query.definition().fact(), &key);
  if (field == nullptr) return InvalidField("definition.fact", "UNKNOWN_FIELD", "is no fact");
  inputs.fact = filter::FieldRef{field, std::string(key)};
  inputs.places.Add(field->place);
  return inputs;
}

std::optional<double> FactOf(const QueryInputs& inputs, const v1::Customer& customer,
                             std::string_view base_currency) {
  const filter::Value value = filter::CustomerSource(customer, base_currency).Read(*inputs.fact, 0);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* whole = std::get_if<int64_t>(&value);
  if (whole == nullptr) return std::nullopt;
  const bool money = inputs.fact->field->type == filter::FieldType::kMoney;
  return static_cast<double>(*whole) / (money ? 1e6 : 1.0);
}

class MetricStep final : public events::PassStep {
 public:
  MetricStep(const ReadPoint& at, std::span<const PreparedQuery* const> queries,
             const std::vector<QueryInputs>& inputs, const metrics::ListingRequest* listing)
      : inputs_(inputs), rows_(at, PlacesOf(inputs)), codes_(queries.size()) {
    for (const PreparedQuery* query : queries) {
      if (listing == nullptr) {
        evaluations.emplace_back(*query);
      } else {
        evaluations.emplace_back(*query, *listing);
      }
    }
    reads_customer_ = !PlacesOf(inputs).empty();
    base_currency_ = UnpackCurrency(at.scope.settings.base_currency);
  }

  absl::Status Customer(events::CustomerWalk& walk) override {
    ++customers;
    events += static_cast<int64_t>(walk.events().size());
    const v1::Customer* customer = nullptr;
    if (reads_customer_) {
      ASSIGN_OR_RETURN(customer, rows_.Load(walk.customer_no()));
    }
    WalkPayloads payloads(walk);
    for (size_t i = 0; i < evaluations.size(); ++i) {
      const QueryInputs& of_query = inputs_[i];
      metrics::CustomerInput input;
      input.customer_no = walk.customer_no();
      input.events = walk.events();
      codes_[i].clear();
      for (const CodeColumnHandle& column : of_query.columns) {
        codes_[i].push_back(column->CodeOf(walk.customer_no()));
      }
      input.codes = codes_[i];
      if (!of_query.places.empty()) input.customer = customer;
      if (of_query.fact) input.fact = FactOf(of_query, *customer, base_currency_);
      input.payloads = &payloads;
      evaluations[i].Customer(input);
    }
    return payloads.status();
  }

  std::vector<Evaluation> evaluations;
  int64_t customers = 0;
  int64_t events = 0;

 private:
  static filter::PlaceSet PlacesOf(const std::vector<QueryInputs>& inputs) {
    filter::PlaceSet places;
    for (const QueryInputs& of_query : inputs) places.Add(of_query.places);
    return places;
  }

  const std::vector<QueryInputs>& inputs_;
  CustomerRows rows_;
  bool reads_customer_ = false;
  std::string base_currency_;
  std::vector<std::vector<uint32_t>> codes_;
};

// Types of events that can matter to any of the queries, sorted; empty: all.
std::vector<uint16_t> TypesOf(std::span<const PreparedQuery* const> queries) {
  std::vector<uint16_t> types;
  for (const PreparedQuery* query : queries) {
    const metrics::Shape shape = query->metric().shape();
    if (shape != metrics::Shape::kEvents && shape != metrics::Shape::kPairs) return {};
    const std::vector<uint16_t> of_query = query->metric().Types();
    types.insert(types.end(), of_query.begin(), of_query.end());
  }
  std::ranges::sort(types);
  types.erase(std::ranges::unique(types).begin(), types.end());
  return types;
}

}  // namespace

const store::v1::EventPayload* WalkPayloads::At(size_t index) {
  auto payload = walk_.Payload(index);
  if (!payload.ok()) {
    status_.Update(payload.status());
    return nullptr;
  }
  payload_ = *std::move(payload);
  return &payload_;
}

events::ScanGround MetricGround(const ReadPoint& at, const GenerationMetrics& generation) {
  events::ScanGround ground =
      at.env.engine.GroundOf(at.generation, at.scope.workspace_no,
                             at.live() ? events::ScanExtent::kLive : events::ScanExtent::kSealed);
  // Generations before manifest format 2 did not keep theirs: those of now stand in.
  if (!at.live() && generation.has_campaigns()) ground.aliases = generation.merges();
  return ground;
}

absl::StatusOr<ScanAnswer> ScanMetrics(const CallContext& call, const ReadPoint& at,
                                       GenerationMetrics& generation,
                                       std::span<const PreparedQuery* const> queries,
                                       const metrics::ListingRequest* listing) {
  std::vector<QueryInputs> inputs;
  for (const PreparedQuery* query : queries) {
    ASSIGN_OR_RETURN(inputs.emplace_back(), InputsOf(call, at, generation, *query));
  }
  const events::ScanGround ground = MetricGround(at, generation);
  events::PassOptions options;
  options.threads = kMetricThreads;
  options.types = TypesOf(queries);
  options.check = [&call] { return call.Alive(); };
  ScanAnswer answer;
  const auto done = events::ScanCustomersByThread(
      ground, options, [&] { return std::make_unique<MetricStep>(at, queries, inputs, listing); },
      [&](events::PassStep& pass_step) {
        auto& step = static_cast<MetricStep&>(pass_step);
        answer.customers += step.customers;
        answer.events += step.events;
        if (answer.evaluations.empty()) {
          answer.evaluations = std::move(step.evaluations);
          return absl::OkStatus();
        }
        for (size_t i = 0; i < answer.evaluations.size(); ++i) {
          answer.evaluations[i].Merge(std::move(step.evaluations[i]));
        }
        return absl::OkStatus();
      });
  RETURN_IF_ERROR(done.status());
  if (answer.evaluations.empty()) {  // Nobody was there to be shown.
    MetricStep empty(at, queries, inputs, listing);
    answer.evaluations = std::move(empty.evaluations);
  }
  return answer;
}

}  // namespace rapport::server
