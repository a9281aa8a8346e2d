// SPDX-License-Identifier: Apache-2.0
// Attributes of many customers, column by column: 12 bytes a customer and key, and each
// distinct text once.
//
// Not thread-safe while rows are added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/facts/attributes.h"

namespace rapport::facts {

class AttributeColumns {
 public:
  AttributeColumns() = default;  // No keys: rows take nothing.
  explicit AttributeColumns(std::vector<std::string> keys);

  // One customer's row.
  void Add(const Attributes& attributes);
  // Rows of other columns with the same keys, after one's own.
  void Append(const AttributeColumns& other);

  const std::vector<std::string>& keys() const { return keys_; }
  AttributeValue ValueAt(size_t key, size_t row) const;
  Attributes At(size_t row) const;
  // Adds numbers that are equal for rows with equal attributes.
  void AddIdentity(size_t row, std::vector<uint64_t>& identity) const;

 private:
  struct Column {
    std::vector<double> numbers;     // NaN: none.
    std::vector<uint32_t> text_nos;  // 0: none, else 1 + index into texts.
    std::vector<std::string> texts;
    absl::flat_hash_map<std::string, uint32_t> known;
    uint32_t NumberOf(const std::string& text);
  };

  std::vector<std::string> keys_;  // Sorted.
  std::vector<Column> columns_;    // As keys_.
};

}  // namespace rapport::facts
