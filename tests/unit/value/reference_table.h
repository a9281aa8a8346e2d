// SPDX-License-Identifier: Apache-2.0
// The tables of high-precision references that tests/unit/value/reference/*.py write.
// Times are in the model's unit. Tests run in the source root.
#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace rapport::value {

struct ReferenceLine {
  std::string text;  // As it stands in the file.
  std::string model;
  uint32_t regularity = 1;
  std::vector<double> values;
  bool has_history = false;  // False for a customer just acquired.
  double frequency = 0;
  double recency = 0;
  double age = 0;
  double log_gaps = 0;
  std::string quantity;
  std::vector<double> arguments;  // "inf" is infinity.
  double rate = 0;                // Discount per unit of time.
  double value = 0;
};

inline std::vector<double> NumbersOf(const std::string& text) {
  std::vector<double> numbers;
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  for (const std::string& word : words) numbers.push_back(std::strtod(word.c_str(), nullptr));
  return numbers;
}

inline double NumberOr0(const std::string& text) {
  return text.empty() ? 0 : std::strtod(text.c_str(), nullptr);
}

inline ReferenceLine ParseReference(const std::string& text) {
  const std::vector<std::string> field = absl::StrSplit(text, ',');
  ReferenceLine line;
  line.text = text;
  if (field.size() != 11) {
    ADD_FAILURE() << "not a line of references: " << text;
    return line;
  }
  line.model = field[0];
  line.regularity = static_cast<uint32_t>(NumberOr0(field[1]));
  line.values = NumbersOf(field[2]);
  line.has_history = !field[3].empty();
  line.frequency = NumberOr0(field[3]);
  line.recency = NumberOr0(field[4]);
  line.age = NumberOr0(field[5]);
  line.log_gaps = NumberOr0(field[6]);
  line.quantity = field[7];
  line.arguments = NumbersOf(field[8]);
  line.rate = NumberOr0(field[9]);
  line.value = NumberOr0(field[10]);
  return line;
}

// Fails the test when the file is missing.
inline std::vector<ReferenceLine> ReadReferences(const std::string& name) {
  const std::string path = "tests/unit/value/reference/" + name + ".csv";
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << " is missing";
  std::vector<ReferenceLine> lines;
  std::string text;
  std::getline(file, text);  // Head.
  while (std::getline(file, text)) lines.push_back(ParseReference(text));
  return lines;
}

// Relative, except near 0: probabilities below 1e-290 are no longer doubles of full
// precision, log-likelihoods near 0 have lost their digits to cancellation.
inline bool Agrees(const ReferenceLine& line, double actual) {
  constexpr double kRelative = 1e-8;
  const double error = std::abs(actual - line.value);
  const double floor = line.quantity == "log_likelihood" ? 1e-9 : 1e-290;
  return error <= std::max(kRelative * std::abs(line.value), floor);
}

}  // namespace rapport::value
