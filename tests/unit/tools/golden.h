// SPDX-License-Identifier: Apache-2.0
// Expected outputs kept as files. UPDATE_GOLDEN=1 writes them anew.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace rapport::testing {

// Tests run in the source root.
inline void ExpectGolden(const std::string& path, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " is missing; UPDATE_GOLDEN=1 writes it";
  const std::string expected(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, expected) << "differs from " << path << "; UPDATE_GOLDEN=1 writes it anew";
}

}  // namespace rapport::testing
