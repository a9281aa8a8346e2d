// SPDX-License-Identifier: Apache-2.0
// Log batches.
#include "lib/events/batch.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  events::Batch batch;
  std::vector<std::string> seeds = {EncodeBatch(batch)};
  batch.workspace_no = 3;
  batch.receive_time = 1'700'000'000'000'000;
  for (uint32_t i = 0; i < 20; ++i) {
    events::EventRow row;
    row.time = batch.receive_time - 1000 * i;
    row.value = i % 3 == 0 ? -5 : int64_t{i} * 1'000'000;
    row.customer_no = 1 + i * 77 % 13;
    row.touchpoint_no = i % 4;
    row.type = static_cast<uint16_t>(81 + i % 3);
    row.currency = static_cast<uint16_t>(i % 2);
    row.channel = static_cast<uint8_t>(i % 5);
    batch.rows.push_back(row);
    batch.ids.push_back({i * 0x9E3779B97F4A7C15ull, i});
    batch.payloads.emplace_back(i % 7, 'p');
  }
  seeds.push_back(EncodeBatch(batch));
  return seeds;
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using rapport::fuzz::Require;
  const auto text = rapport::fuzz::AsText(bytes, size);
  rapport::events::Batch slim;
  rapport::events::Batch full;
  const bool slim_ok = DecodeBatch(text, /*with_payloads=*/false, slim).ok();
  if (!DecodeBatch(text, /*with_payloads=*/true, full).ok()) return 0;
  Require(slim_ok, "a batch that decodes with payloads decodes without");
  Require(slim.rows == full.rows, "rows are the same with and without payloads");
  Require(full.ids.size() == full.rows.size(), "one id an event");
  Require(full.payloads.size() == full.rows.size(), "one payload an event");
  rapport::events::Batch again;
  Require(DecodeBatch(EncodeBatch(full), true, again).ok(), "what was decoded encodes");
  Require(again.rows == full.rows && again.payloads == full.payloads, "round trip");
  return 0;
}
