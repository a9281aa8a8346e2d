// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/covariate_choice.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "lib/base/text.h"
#include "lib/facts/model_parameters.h"

namespace rapport::facts {
namespace {

std::map<int, int64_t> CountChannels(const std::vector<int>& channels) {
  std::map<int, int64_t> counts;
  for (const int channel : channels) ++counts[channel];
  return counts;
}

std::optional<size_t> IndexOf(const AttributeColumns& columns, const std::string& key) {
  const auto found = std::ranges::find(columns.keys(), key);
  if (found == columns.keys().end()) return std::nullopt;
  return static_cast<size_t>(found - columns.keys().begin());
}

// What an attribute's values are like.
struct Values {
  std::map<std::string, int64_t> counts;  // By text; "" has none.
  int64_t rows = 0, texts = 0, numbers = 0;
  double mean = 0, standard_deviation = 0;

  bool Common(int64_t customers) const {
    return customers >= kCommonCustomers &&
           static_cast<double>(customers) >= kCommonShare * static_cast<double>(rows);
  }
};

// Sums in ascending order of the numbers, so that the order of customers does not show.
void SetMoments(std::vector<double> numbers, Values& values) {
  if (numbers.empty()) return;
  std::sort(numbers.begin(), numbers.end());
  const auto n = static_cast<double>(numbers.size());
  double sum = 0;
  for (const double number : numbers) sum += number;
  values.mean = sum / n;
  double squares = 0;
  for (const double number : numbers) {
    squares += (number - values.mean) * (number - values.mean);
  }
  values.standard_deviation = std::sqrt(squares / n);
}

Values ValuesOf(const CustomerTraits& traits, size_t column) {
  Values values;
  std::vector<double> numbers;
  values.rows = static_cast<int64_t>(traits.channels.size());
  for (size_t row = 0; row < traits.channels.size(); ++row) {
    const AttributeValue value = traits.attributes.ValueAt(column, row);
    if (const auto* number = std::get_if<double>(&value)) numbers.push_back(*number);
    if (std::holds_alternative<std::string>(value)) ++values.texts;
  }
  values.numbers = static_cast<int64_t>(numbers.size());
  if (values.numbers > values.texts) {
    values.counts[""] = values.rows - values.numbers - values.texts;
    SetMoments(std::move(numbers), values);
    return values;
  }
  for (size_t row = 0; row < traits.channels.size(); ++row) {
    ++values.counts[TextOf(traits.attributes.ValueAt(column, row))];
  }
  return values;
}

// By descending number of customers, then by name.
std::vector<std::pair<std::string, int64_t>> Ranked(const std::map<std::string, int64_t>& counts) {
  std::vector<std::pair<std::string, int64_t>> ranked(counts.begin(), counts.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return ranked;
}

v1::Covariate Column(const std::string& key, v1::CovariateKind kind, std::string name,
                     int64_t customers) {
  v1::Covariate column;
  column.set_name(std::move(name));
  column.set_attribute(key);
  column.set_kind(kind);
  column.set_customer_count(customers);
  return column;
}

std::vector<v1::Covariate> NumberColumns(const std::string& key, const Values& values) {
  v1::Covariate number = Column(key, v1::COVARIATE_KIND_NUMBER, key, values.numbers);
  number.set_mean(values.mean);
  number.set_standard_deviation(values.standard_deviation);
  std::vector<v1::Covariate> columns;
  if (values.standard_deviation > 0) columns.push_back(std::move(number));
  const int64_t none = values.counts.at("");
  if (values.Common(none)) {
    columns.push_back(Column(key, v1::COVARIATE_KIND_MISSING, Cat(key, " missing"), none));
  }
  return columns;
}

v1::Covariate ValueColumn(const std::string& key, const std::string& text, int64_t customers) {
  if (text.empty()) {
    return Column(key, v1::COVARIATE_KIND_MISSING, Cat(key, " missing"), customers);
  }
  v1::Covariate column = Column(key, v1::COVARIATE_KIND_VALUE, Cat(key, "=", text), customers);
  column.set_value(text);
  return column;
}

// The commonest value is what the others are compared with: it has no column.
std::vector<v1::Covariate> TextColumns(const std::string& key, const Values& values) {
  std::vector<v1::Covariate> columns;
  v1::Covariate other = Column(key, v1::COVARIATE_KIND_OTHER, Cat(key, " other"), 0);
  const auto ranked = Ranked(values.counts);
  for (size_t i = 0; i < ranked.size(); ++i) {
    const auto& [text, customers] = ranked[i];
    const bool own = i > 0 && columns.size() < kMostValues && values.Common(customers);
    if (own) columns.push_back(ValueColumn(key, text, customers));
    if (own || i == 0) {
      if (!text.empty()) other.add_known_values(text);
    } else if (!text.empty()) {
      other.set_customer_count(other.customer_count() + customers);
    }
  }
  if (values.Common(other.customer_count())) columns.push_back(std::move(other));
  return columns;
}

}  // namespace

std::vector<v1::Covariate> ChannelCovariates(const CustomerTraits& traits) {
  const auto counts = CountChannels(traits.channels);
  if (counts.size() < 2) return {};
  const auto commonest =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<v1::Covariate> columns;
  for (const auto& [channel, count] : counts) {
    if (channel == commonest->first) continue;
    const std::string name = ChannelName(channel);
    columns.push_back(Column("", v1::COVARIATE_KIND_VALUE, Cat(kChannelPrefix, name), count));
    columns.back().set_value(name);
  }
  return columns;
}

std::vector<v1::Covariate> AttributeCovariates(const CustomerTraits& traits, const std::string& key,
                                               std::vector<std::string>& notes) {
  const auto column = IndexOf(traits.attributes, key);
  const Values values = column ? ValuesOf(traits, *column) : Values();
  if (values.numbers + values.texts == 0) {
    notes.push_back(Cat("No covariate ", key, ": no customer with a purchase has the attribute."));
    return {};
  }
  auto columns =
      values.numbers > values.texts ? NumberColumns(key, values) : TextColumns(key, values);
  if (columns.empty()) {
    notes.push_back(Cat("No covariate ", key, ": (nearly) all customers have the same value."));
  }
  return columns;
}

Grouping ChannelGroups(const CustomerTraits& traits) {
  Grouping grouping;
  std::map<int, uint32_t> indexes;
  for (const auto& [channel, count] : CountChannels(traits.channels)) {
    indexes[channel] = static_cast<uint32_t>(grouping.names.size());
    grouping.names.push_back(ChannelName(channel));
    grouping.customers.push_back(count);
  }
  for (const int channel : traits.channels) grouping.group_of_row.push_back(indexes.at(channel));
  return grouping;
}

Grouping AttributeGroups(const CustomerTraits& traits, const std::string& key,
                         std::vector<std::string>& notes) {
  const auto column = IndexOf(traits.attributes, key);
  std::map<std::string, int64_t> counts;
  for (size_t row = 0; column && row < traits.channels.size(); ++row) {
    const std::string text = TextOf(traits.attributes.ValueAt(*column, row));
    if (!text.empty()) ++counts[text];
  }
  if (counts.empty()) {
    notes.push_back(Cat("No models by ", key, ": no customer with a purchase has the attribute."));
    return {};
  }
  auto ranked = Ranked(counts);
  if (ranked.size() > kMostGroups) ranked.resize(kMostGroups);
  std::map<std::string, uint32_t> indexes;
  Grouping grouping;
  std::sort(ranked.begin(), ranked.end());
  for (const auto& [text, count] : ranked) {
    indexes[text] = static_cast<uint32_t>(grouping.names.size());
    grouping.names.push_back(text);
    grouping.customers.push_back(count);
  }
  const auto other = static_cast<uint32_t>(grouping.names.size());
  int64_t others = 0;
  for (size_t row = 0; row < traits.channels.size(); ++row) {
    const auto found = indexes.find(TextOf(traits.attributes.ValueAt(*column, row)));
    grouping.group_of_row.push_back(found == indexes.end() ? other : found->second);
    if (found == indexes.end()) ++others;
  }
  if (others > 0) {
    grouping.names.push_back(kOtherGroup);
    grouping.customers.push_back(others);
  }
  return grouping;
}

}  // namespace rapport::facts
