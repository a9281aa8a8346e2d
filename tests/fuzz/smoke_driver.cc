// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: its seeds, prefixes of them and some thousand
// mutations from a fixed seed.
#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_target.h"

namespace {

void Try(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string Mutate(std::string input, std::mt19937& random) {
  const auto below = [&](size_t n) { return n == 0 ? 0 : random() % n; };
  for (size_t edits = 1 + below(4); edits > 0; --edits) {
    const size_t at = below(input.size());
    switch (below(4)) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(random());
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        input.erase(at, below(8));
        break;
      default:
        input.insert(at, input.substr(below(input.size()), below(16)));
        break;
    }
  }
  return input;
}

}  // namespace

int main() {
  const std::vector<std::string> seeds = rapport::fuzz::SeedInputs();
  std::mt19937 random(20260311);
  size_t tried = 0;
  Try("");
  for (const std::string& seed : seeds) {
    for (size_t n = 0; n <= std::min<size_t>(seed.size(), 256); ++n)
      Try(seed.substr(0, n)), ++tried;
    for (int i = 0; i < 3000; ++i) Try(Mutate(seed, random)), ++tried;
    Try(seed);
  }
  std::printf("%zu seeds, %zu inputs tried\n", seeds.size(), tried);
  return 0;
}
