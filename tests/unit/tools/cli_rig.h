// SPDX-License-Identifier: Apache-2.0
// Runs commands of the program in this process against a scripted server.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/tools/fake_connection.h"
#include "tests/unit/tools/golden.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {

struct Shown {
  int code = 0;
  std::string out;
  std::string err;
};

class CliTest : public ::testing::Test {
 protected:
  Shown Run(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    Surroundings around;
    around.out = &out;
    around.err = &err;
    around.out_terminal = terminal_;
    around.environment = [this](std::string_view name) {
      const auto found = environment_.find(std::string(name));
      return found == environment_.end() ? std::string() : found->second;
    };
    around.connect = [this](const ConnectOptions& options) {
      connected_ = options;
      return std::make_unique<FakeConnection>(server_);
    };
    around.now_micros = [this] { return now_micros_ += 1000; };
    const int code = RunProgram(words, around);
    return {code, out.str(), err.str()};
  }
  // Runs with workspace shop and compares the output with tests/golden/cli/NAME.txt.
  void ExpectOutput(const std::string& name, std::vector<std::string> words) {
    words.push_back("--workspace=shop");
    const Shown shown = Run(words);
    EXPECT_EQ(shown.code, 0) << shown.err;
    rapport::testing::ExpectGolden("tests/golden/cli/" + name + ".txt", shown.out);
  }

  // A file of the test with this text; returns its path.
  static std::string File(const std::string& name, const std::string& text) {
    // A folder for each test: others run at the same time.
    const auto& test = *::testing::UnitTest::GetInstance()->current_test_info();
    const auto folder = std::filesystem::path(::testing::TempDir()) /
                        (std::string(test.test_suite_name()) + "." + test.name());
    std::filesystem::create_directories(folder);
    const std::string path = (folder / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  // The last request as a text proto.
  std::string LastRequest() const { return server_.requests.back().second; }

  FakeServer server_;
  Terminal terminal_;
  std::map<std::string, std::string> environment_;
  ConnectOptions connected_;
  int64_t now_micros_ = 0;
};

}  // namespace rapport::ctl
