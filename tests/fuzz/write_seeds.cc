// SPDX-License-Identifier: Apache-2.0
// For libFuzzer: writes the target's seeds into the folder RAPPORT_FUZZ_SEEDS, if set.
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("RAPPORT_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  int number = 0;
  for (const std::string& seed : rapport::fuzz::SeedInputs()) {
    std::ofstream(std::string(folder) + "/seed-" + std::to_string(number++), std::ios::binary)
        << seed;
  }
  return 0;
}
