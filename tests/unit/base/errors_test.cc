// SPDX-License-Identifier: Apache-2.0
#include "lib/base/errors.h"

#include "tests/support/matchers.h"

namespace rapport {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::StatusIs;

TEST(Errors, CarryReasonAndField) {
  const absl::Status status = InvalidField("survey_answer.score", "OUT_OF_RANGE", "must be 0-10");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, FailsWith("OUT_OF_RANGE", "survey_answer.score"));
  EXPECT_EQ(status.message(), "survey_answer.score: must be 0-10");
  EXPECT_EQ(DetailOf(absl::UnknownError("x")), std::nullopt);
}

TEST(Errors, PrefixKeepsCodeAndReason) {
  const absl::Status status =
      PrefixField(InvalidField("type", "REQUIRED", "is required"), "events[3].");
  EXPECT_THAT(status, FailsWith("REQUIRED", "events[3].type"));
  EXPECT_EQ(status.message(), "events[3].type: is required");
}

TEST(Errors, NamesTheMissingResource) {
  const auto detail = DetailOf(Annotate(NotFound("workspaces/a"), "reading"));
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->resource, "workspaces/a");
  EXPECT_EQ(detail->reason, "RESOURCE_NOT_FOUND");
}

}  // namespace
}  // namespace rapport
