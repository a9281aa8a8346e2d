// SPDX-License-Identifier: Apache-2.0
// How scores moved and how score groups differ in value and churn: sums over customers, and
// the answer made from them.
//
// Sums are whole numbers (money in micros, chances in billionths), so that parts merge to
// the same bits in any order. Means and intervals are divided once, in Answer(): Student's
// t at 95 %; differences between groups by Welch's test, their p-values corrected for the
// two of them (Benjamini-Hochberg). Not thread-safe. Adding costs some 10 ns a customer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/event_columns.h"
#include "lib/base/money.h"
#include "lib/feedback/answers.h"
#include "lib/math/moments.h"
#include "rapport/v1/feedback_service.pb.h"
#include "rapport/v1/value.pb.h"

namespace rapport::feedback {

// What is known of a customer beside its events; absent without a forecast or an order.
struct CustomerWorth {
  std::optional<Micros> predicted;  // Base currency.
  std::optional<Micros> historic;
  std::optional<double> churn;  // 0-1.
};
CustomerWorth WorthOf(const v1::CustomerValue& value);

class MovementSums {
 public:
  // One customer. Its group is that of its last answer in the scope; customers without one
  // there are the group UNSPECIFIED.
  void Add(std::span<const EventColumns> events, const AnswerScope& scope,
           const CustomerWorth& worth);
  void Merge(const MovementSums& other);
  friend bool operator==(const MovementSums&, const MovementSums&) = default;

  // Transitions between all nine pairs of groups and the four groups, whatever their size;
  // the context's sample size is the number of pairs of answers.
  v1::ScoreMovement Answer(std::string_view base_currency) const;

 private:
  static constexpr size_t kGroups = 4;
  struct Group {
    int64_t customers = 0;
    int64_t high_churn = 0;   // With a chance of 50 % and more.
    math::Moments predicted;  // Micros.
    math::Moments historic;   // Micros.
    math::Moments churn;      // Billionths.
    friend bool operator==(const Group&, const Group&) = default;
  };
  void AddTransitions(v1::ScoreMovement& out) const;
  void AddDifferences(v1::ScoreMovement& out) const;
  static void FillGroup(const Group& group, std::string_view base_currency, v1::ScoreGroup& out);

  std::array<Group, kGroups> groups_;                          // By v1::ScoreGroupKind.
  std::array<std::array<int64_t, kGroups>, kGroups> moves_{};  // From, to.
  math::Moments change_;
};

}  // namespace rapport::feedback
