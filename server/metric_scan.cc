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
#include "server/customer_scan.h"

namespace rapport::server {
namespace {

using metrics::Evaluation;
using metrics::PreparedQuery;

// What one query reads of a customer besides its events.
struct QueryInputs {
  size_t first_code = 0;                 // Of ScanNeeds::dimensions; the grouping's follow.
  std::optional<filter::FieldRef> fact;  // Of FACT_MEAN.
};

absl::StatusOr<QueryInputs> InputsOf(const PreparedQuery& query, ScanNeeds& needs) {
  QueryInputs inputs;
  inputs.first_code = needs.dimensions.size();
  const auto& dimensions = query.grouping().customer_dimensions();
  needs.dimensions.insert(needs.dimensions.end(), dimensions.begin(), dimensions.end());
  needs.places.Add(query.customer_places());
  if (query.metric().shape() != metrics::Shape::kFacts) return inputs;
  std::string_view key;
  const filter::Field* field = filter::CustomerCatalogue().Find(query.definition().fact(), &key);
  if (field == nullptr) return InvalidField("definition.fact", "UNKNOWN_FIELD", "is no fact");
  inputs.fact = filter::FieldRef{field, std::string(key)};
  needs.places.Add(field->place);
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

class MetricWalker final : public CustomerWalker {
 public:
  MetricWalker(const ReadPoint& at, std::span<const PreparedQuery* const> queries,
               const std::vector<QueryInputs>& inputs, const metrics::ListingRequest* listing)
      : queries_(queries),
        inputs_(inputs),
        base_currency_(UnpackCurrency(at.scope.settings.base_currency)) {
    for (const PreparedQuery* query : queries) {
      if (listing == nullptr) {
        evaluations.emplace_back(*query);
      } else {
        evaluations.emplace_back(*query, *listing);
      }
    }
  }

  absl::Status Customer(const filter::CustomerEvents& customer,
                        std::span<const uint32_t> codes) override {
    metrics::CustomerInput input;
    static_cast<filter::CustomerEvents&>(input) = customer;
    for (size_t i = 0; i < evaluations.size(); ++i) {
      const QueryInputs& of_query = inputs_[i];
      input.codes =
          codes.subspan(of_query.first_code, queries_[i]->grouping().customer_dimensions().size());
      input.fact.reset();
      if (of_query.fact) input.fact = FactOf(of_query, *customer.customer, base_currency_);
      evaluations[i].Customer(input);
    }
    return absl::OkStatus();
  }

  std::vector<Evaluation> evaluations;

 private:
  std::span<const PreparedQuery* const> queries_;
  const std::vector<QueryInputs>& inputs_;
  std::string base_currency_;
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

absl::StatusOr<ScanAnswer> ScanMetrics(const CallContext& call, const ReadPoint& at,
                                       GenerationMetrics& generation,
                                       std::span<const PreparedQuery* const> queries,
                                       const metrics::ListingRequest* listing) {
  ScanNeeds needs;
  needs.types = TypesOf(queries);
  std::vector<QueryInputs> inputs;
  for (const PreparedQuery* query : queries) {
    ASSIGN_OR_RETURN(inputs.emplace_back(), InputsOf(*query, needs));
  }
  // Answers when nobody is shown, too.
  MetricWalker total(at, queries, inputs, listing);
  const auto make = [&] { return std::make_unique<MetricWalker>(at, queries, inputs, listing); };
  const auto done =
      ScanWalkers(call, at, generation, needs, make, [&total](CustomerWalker& walker) {
        auto& evaluations = static_cast<MetricWalker&>(walker).evaluations;
        for (size_t i = 0; i < evaluations.size(); ++i) {
          total.evaluations[i].Merge(std::move(evaluations[i]));
        }
        return absl::OkStatus();
      });
  RETURN_IF_ERROR(done.status());
  return ScanAnswer{std::move(total.evaluations), done->customers, done->events};
}

}  // namespace rapport::server
