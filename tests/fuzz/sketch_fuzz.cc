// SPDX-License-Identifier: Apache-2.0
// Quantile sketches: what decodes encodes to the same bytes and answers.
#include "lib/math/quantile_sketch.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  math::QuantileSketch few, many;
  for (int64_t i = 1; i <= 5; ++i) few.Add(i * i * 1'000'000, i);
  for (int64_t i = 0; i < 400; ++i) many.Add(i * i * i * 977, 1 + i % 3);
  math::QuantileSketch difference = few;
  difference.Subtract(many);
  return {math::QuantileSketch().Encode(), few.Encode(), many.Encode(), difference.Encode()};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using rapport::fuzz::Require;
  const auto text = rapport::fuzz::AsText(bytes, size);
  auto sketch = rapport::math::QuantileSketch::Decode(text);
  if (!sketch.ok()) return 0;
  Require(sketch->Encode() == text, "a sketch has one form");
  if (sketch->valid() && sketch->count() > 0) {
    Require(sketch->Quantile(.5).has_value(), "a sketch of values has a median");
  }
  rapport::math::QuantileSketch sum = *sketch;
  sum.Merge(*sketch);
  sum.Subtract(*sketch);
  Require(sum.moments() == sketch->moments(), "adding and taking away");
  sketch->Subtract(*sketch);
  Require(sketch->empty() && sketch->exact(), "nothing is left");
  return 0;
}
