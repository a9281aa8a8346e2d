// SPDX-License-Identifier: Apache-2.0
#include "jobs/command_line.h"

#include "jobs/exit_code.h"
#include "tests/support/matchers.h"

namespace rapport::jobs {
namespace {

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  return ParseCommandLine(arguments);
}

TEST(CommandLine, HasDefaults) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({}));
  EXPECT_EQ(line.connect.server, "127.0.0.1:7600");
  EXPECT_FALSE(line.nightly.as_of.has_value());
  EXPECT_FALSE(line.nightly.full);
  EXPECT_EQ(line.nightly.threads, 0);
  EXPECT_EQ(line.nice, 10);
}

TEST(CommandLine, TakesValuesAfterEqualsOrAsNextWord) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const CommandLine line,
      Parse({"--server=unix:/run/rapport.sock", "--as-of", "1997-09-30T23:59:59Z", "--full",
             "--threads=2", "--stop-after=fold", "--json"}));
  EXPECT_EQ(line.connect.server, "unix:/run/rapport.sock");
  EXPECT_EQ(FormatTime(line.nightly.as_of.value()), "1997-09-30T23:59:59Z");
  EXPECT_TRUE(line.nightly.full);
  EXPECT_EQ(line.nightly.threads, 2);
  EXPECT_EQ(line.nightly.drill.stop_after, "fold");
  EXPECT_TRUE(line.json);
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(Parse({"--fast"}), testing::FailsWith("UNKNOWN_FLAG", "--fast"));
  EXPECT_THAT(Parse({"now"}), testing::FailsWith("UNKNOWN_FLAG", "now"));
  EXPECT_THAT(Parse({"--threads=0"}), testing::FailsWith("BAD_VALUE", "--threads"));
  EXPECT_THAT(Parse({"--threads"}), testing::FailsWith("BAD_VALUE", "--threads"));
  EXPECT_THAT(Parse({"--full=yes"}), testing::FailsWith("BAD_VALUE", "--full"));
  EXPECT_THAT(Parse({"--as-of=yesterday"}), testing::FailsWith("BAD_VALUE", "--as-of"));
}

TEST(ExitCodeOf, TellsCronWhatToDo) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(Unavailable("SERVER_UNREACHABLE", "away")), 69);
  EXPECT_EQ(ExitCodeOf(FailedPrecondition("NIGHTLY_RUNNING", "held")), 75);
  EXPECT_EQ(ExitCodeOf(DataLoss("key", "broken")), 65);
  EXPECT_EQ(ExitCodeOf(InvalidField("token-file", "UNREADABLE_FILE", "cannot read")), 64);
  EXPECT_EQ(ExitCodeOf(Internal("fault")), 70);
  EXPECT_EQ(ExitCodeOf(PermissionDenied("ROLE", "reader")), 77);
}

}  // namespace
}  // namespace rapport::jobs
