// SPDX-License-Identifier: Apache-2.0
// Stored sums of measures.
#include "lib/metrics/sums.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  metrics::Sums plain, rich;
  plain.count = 3;
  plain.base = 5;
  plain.sum = metrics::Int128{-7} * metrics::kNanosPerRate;
  rich.AddScore(10, 4);
  rich.AddScore(1285, 2);
  metrics::Observation observation;
  observation.value = 90'000'000;
  observation.histogram_class = 2;
  observation.members = metrics::MemberSums{1, 2, 3, 4};
  metrics::RecurringSums recurring;
  recurring.start = {metrics::Int128{1} << 80, 1, static_cast<unsigned __int128>(1) << 100};
  recurring.start_contraction = 12;
  observation.recurring = &recurring;
  rich.Add(observation);
  return {metrics::Sums().Encode(), plain.Encode(), rich.Encode()};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text = rapport::fuzz::AsText(bytes, size);
  const auto sums = rapport::metrics::Sums::Decode(text);
  if (!sums.ok()) return 0;
  rapport::fuzz::Require(sums->Encode() == text, "canonical");
  rapport::fuzz::Require(rapport::metrics::Sums(*sums) == *sums, "a copy is equal");
  return 0;
}
