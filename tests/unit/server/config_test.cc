// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "server/auth.h"
#include "tests/support/matchers.h"

namespace rapport::server {
namespace {

using rapport::testing::EqualsProto;
using rapport::testing::FailsWith;
using rapport::testing::StatusIs;

constexpr char kSecret[] = "correct horse";
// printf 'correct horse' | sha256sum
constexpr char kSecretHash[] = "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631";

absl::StatusOr<Config> Complete(const std::vector<std::string>& arguments) {
  auto line = ParseCommandLine(arguments);
  if (!line.ok()) return line.status();
  const absl::Status complete = CompleteConfig(line->config);
  if (!complete.ok()) return complete;
  return line->config;
}

TEST(CommandLine, ReadsFlagsInBothForms) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const CommandLine line,
      ParseCommandLine(std::vector<std::string>{"--data-dir", "/d", "--listen=a:1,b:2",
                                                "--listen=c:3", "--insecure", "--cache-mb=7",
                                                "--sync=process_crash", "--metrics-listen="}));
  EXPECT_THAT(line.config, EqualsProto(R"pb(data_dir: "/d"
                                            listen: [ "a:1", "b:2", "c:3" ]
                                            insecure: true
                                            cache_mb: 7
                                            metrics_listen: ""
                                            sync: SYNC_MODE_PROCESS_CRASH)pb"));
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  for (const std::string flag : {"--colour=red", "stray", "--cache-mb=many", "--sync=maybe",
                                 "--insecure=perhaps", "--data-dir"}) {
    EXPECT_THAT(ParseCommandLine(std::vector<std::string>{flag}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << flag;
  }
}

TEST(CommandLine, FlagsWinOverTheFile) {
  const std::string path = Cat(::testing::TempDir(), "/server-", getpid(), ".textproto");
  std::ofstream(path) << R"(data_dir: "/file" listen: "127.0.0.1:1" listen: "127.0.0.1:2"
                            cache_mb: 5 insecure: true)";
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const CommandLine line,
      ParseCommandLine(std::vector<std::string>{"--listen=127.0.0.1:9", "--config=" + path}));
  EXPECT_THAT(line.config, EqualsProto(R"pb(data_dir: "/file"
                                            listen: "127.0.0.1:9"
                                            cache_mb: 5
                                            insecure: true)pb"));
}

TEST(Config, InsecureOnlyWhereNobodyElseReaches) {
  EXPECT_THAT(Complete({"--data-dir=/d", "--insecure", "--listen=0.0.0.0:1"}),
              FailsWith("NOT_LOOPBACK", "insecure"));
  EXPECT_THAT(Complete({"--data-dir=/d", "--insecure", "--listen=127.0.0.1:1,10.0.0.5:1"}),
              FailsWith("NOT_LOOPBACK", "insecure"));
  EXPECT_THAT(Complete({"--data-dir=/d"}), FailsWith("BAD_ACCESS", "insecure"));
  EXPECT_THAT(Complete({"--data-dir=/d", "--insecure", "--tokens-file=t"}),
              FailsWith("BAD_ACCESS", "insecure"));
  EXPECT_THAT(Complete({"--insecure"}), FailsWith("REQUIRED", "data_dir"));
  RAPPORT_EXPECT_OK(Complete({"--data-dir=/d", "--insecure", "--listen=[::1]:0"}));
  RAPPORT_EXPECT_OK(Complete({"--data-dir=/d", "--insecure", "--unix-socket=/tmp/s"}));
}

TEST(Config, KnowsLocalAddresses) {
  for (const std::string local :
       {"127.0.0.1:1", "127.8.8.8:0", "localhost:7", "[::1]:5", "unix:/x"}) {
    EXPECT_TRUE(IsLocalAddress(local)) << local;
  }
  for (const std::string other :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.evil.example:1", "localhost.example:1", "*:1"}) {
    EXPECT_FALSE(IsLocalAddress(other)) << other;
  }
}

TEST(Help, NamesEveryField) {
  const std::string help = HelpText();
  for (const std::string flag : {"--data-dir", "--listen", "--unix-socket", "--insecure",
                                 "--tokens-file", "--tls-cert", "--sync", "--config", "--help"}) {
    EXPECT_NE(help.find(flag), std::string::npos) << flag;
  }
}

Config TokenConfig(const std::string& sha256, const std::string& role) {
  Config config;
  auto* token = config.add_tokens();
  token->set_sha256(sha256);
  token->set_role(role);
  return config;
}

TEST(Auth, EachRoleMayWhatThoseBelowMay) {
  for (const Role role : {Role::kReader, Role::kWriter, Role::kAdmin}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const Auth auth, Auth::FromConfig(TokenConfig(kSecretHash, std::string(RoleName(role)))));
    for (const Role needed : {Role::kReader, Role::kWriter, Role::kAdmin}) {
      const absl::Status status = auth.Check(Cat("Bearer ", kSecret), needed);
      EXPECT_EQ(status.ok(), needed <= role) << RoleName(role) << " " << RoleName(needed);
      if (needed > role) {
        EXPECT_THAT(status, FailsWith("ROLE_TOO_LOW", ""));
      }
    }
  }
}

TEST(Auth, RefusesOtherCredentials) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Auth auth,
                               Auth::FromConfig(TokenConfig(kSecretHash, "admin")));
  for (const std::string& sent :
       {std::string(), std::string(kSecret), std::string("Bearer "), Cat("Bearer ", kSecret, "!"),
        Cat("Basic ", kSecret), Cat("Bearer ", kSecretHash)}) {
    EXPECT_THAT(auth.Check(sent, Role::kReader), StatusIs(absl::StatusCode::kUnauthenticated))
        << sent;
  }
  RAPPORT_EXPECT_OK(auth.Check(Cat("bearer ", kSecret), Role::kAdmin));
}

TEST(Auth, ReadsAFileAndRefusesBrokenLines) {
  const std::string path = Cat(::testing::TempDir(), "/tokens-", getpid());
  std::ofstream(path) << "# who may\n\n" << kSecretHash << " writer importer\n";
  Config config;
  config.set_tokens_file(path);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Auth auth, Auth::FromConfig(config));
  RAPPORT_EXPECT_OK(auth.Check(Cat("Bearer ", kSecret), Role::kWriter));
  std::ofstream(path) << kSecretHash << " emperor\n";
  EXPECT_THAT(Auth::FromConfig(config), FailsWith("BAD_ROLE", "tokens_file:1: role"));
  std::ofstream(path) << "1234 reader\n";
  EXPECT_THAT(Auth::FromConfig(config), FailsWith("BAD_HASH", "tokens_file:1: sha256"));
  std::ofstream(path) << "\n";
  EXPECT_THAT(Auth::FromConfig(config), FailsWith("NO_TOKENS", "tokens_file"));
}

}  // namespace
}  // namespace rapport::server
