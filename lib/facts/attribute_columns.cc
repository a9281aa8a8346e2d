// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/attribute_columns.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace rapport::facts {

AttributeColumns::AttributeColumns(std::vector<std::string> keys)
    : keys_(std::move(keys)), columns_(keys_.size()) {}

uint32_t AttributeColumns::Column::NumberOf(const std::string& text) {
  const auto [found, is_new] = known.try_emplace(text, static_cast<uint32_t>(texts.size() + 1));
  if (is_new) texts.push_back(text);
  return found->second;
}

void AttributeColumns::Add(const Attributes& attributes) {
  for (size_t i = 0; i < keys_.size(); ++i) {
    const AttributeValue& value = Find(attributes, keys_[i]);
    const auto* text = std::get_if<std::string>(&value);
    const auto* number = std::get_if<double>(&value);
    columns_[i].text_nos.push_back(text == nullptr ? 0 : columns_[i].NumberOf(*text));
    columns_[i].numbers.push_back(number == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                                    : *number);
  }
}

void AttributeColumns::Append(const AttributeColumns& other) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& to = columns_[i];
    const Column& from = other.columns_[i];
    to.numbers.insert(to.numbers.end(), from.numbers.begin(), from.numbers.end());
    std::vector<uint32_t> renumbered = {0};
    for (const std::string& text : from.texts) renumbered.push_back(to.NumberOf(text));
    for (const uint32_t text_no : from.text_nos) to.text_nos.push_back(renumbered[text_no]);
  }
}

AttributeValue AttributeColumns::ValueAt(size_t key, size_t row) const {
  const Column& column = columns_[key];
  if (column.text_nos[row] != 0) return column.texts[column.text_nos[row] - 1];
  if (!std::isnan(column.numbers[row])) return column.numbers[row];
  return {};
}

Attributes AttributeColumns::At(size_t row) const {
  Attributes attributes;
  for (size_t i = 0; i < keys_.size(); ++i) {
    AttributeValue value = ValueAt(i, row);
    if (value.index() != 0) attributes.emplace(keys_[i], std::move(value));
  }
  return attributes;
}

void AttributeColumns::AddIdentity(size_t row, std::vector<uint64_t>& identity) const {
  for (const Column& column : columns_) {
    identity.push_back(column.text_nos[row]);
    identity.push_back(std::bit_cast<uint64_t>(column.numbers[row]));
  }
}

}  // namespace rapport::facts
