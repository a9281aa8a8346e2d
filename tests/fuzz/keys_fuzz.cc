// SPDX-License-Identifier: Apache-2.0
// Keys of all datasets: what decodes encodes to the same bytes.
#include "lib/store/keys.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {
namespace {

template <typename Key>
void TryKey(std::string_view text) {
  const auto key = Key::Decode(text);
  if (!key.has_value()) return;
  Require(key->Encode() == text, "a key has one form");
  Require(!key->DebugString().empty(), "a key can be shown");
}

}  // namespace

std::vector<std::string> SeedInputs() {
  return {store::BlockKey{1, 2, 3}.Encode(),
          store::CustomerKey{1, 77}.Encode(),
          store::IdChunkKey{1, 20000, 4}.Encode(),
          store::SeriesKey{1, 1, 81, -5, 3, 9, 2, 12, 10}.Encode(),
          store::ReportKey{1, "retention/first_order/order"}.Encode(),
          store::TransitionKey{1, 1'700'000'000'000'000, 6}.Encode(),
          store::AlertKey{1, 1'700'000'000'000'000, 20'000, "revenue"}.Encode()};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using rapport::fuzz::TryKey;
  const auto text = rapport::fuzz::AsText(bytes, size);
  TryKey<rapport::store::BlockKey>(text);
  TryKey<rapport::store::CustomerKey>(text);
  TryKey<rapport::store::IdChunkKey>(text);
  TryKey<rapport::store::SeriesKey>(text);
  TryKey<rapport::store::ReportKey>(text);
  TryKey<rapport::store::TransitionKey>(text);
  TryKey<rapport::store::AlertKey>(text);
  return 0;
}
