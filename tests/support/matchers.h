// SPDX-License-Identifier: Apache-2.0
// Matchers for absl::Status and protos (Debian's Abseil ships none).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"

namespace rapport::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}
MATCHER_P(StatusIs, code, "has that code") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}
// An error made by lib/base/errors.h with this reason and field.
MATCHER_P2(FailsWith, reason, field, "fails with that reason and field") {
  *result_listener << StatusOf(arg).ToString();
  const auto detail = DetailOf(StatusOf(arg));
  return detail.has_value() && detail->reason == reason && detail->field == field;
}
MATCHER_P(EqualsProto, text, "equals the text proto") {
  auto expected = arg.New();
  const bool parsed = google::protobuf::TextFormat::ParseFromString(text, expected);
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  const bool same = parsed && differencer.Compare(*expected, arg);
  *result_listener << difference;
  delete expected;
  return same;
}

}  // namespace rapport::testing

#define RAPPORT_ASSERT_OK(expr) ASSERT_THAT((expr), ::rapport::testing::IsOk())
#define RAPPORT_EXPECT_OK(expr) EXPECT_THAT((expr), ::rapport::testing::IsOk())
#define RAPPORT_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  RAPPORT_ASSERT_OK_AND_ASSIGN_(RAPPORT_CONCAT_T_(test_statusor_, __LINE__), lhs, expr)
#define RAPPORT_CONCAT_T_INNER_(a, b) a##b
#define RAPPORT_CONCAT_T_(a, b) RAPPORT_CONCAT_T_INNER_(a, b)
#define RAPPORT_ASSERT_OK_AND_ASSIGN_(statusor, lhs, expr)    \
  auto statusor = (expr);                                     \
  ASSERT_TRUE(statusor.ok()) << statusor.status().ToString(); \
  lhs = *std::move(statusor)
