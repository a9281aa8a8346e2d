// SPDX-License-Identifier: Apache-2.0
// Sealed blocks and their payloads. The first byte says which of the two.
#include "lib/events/block.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {
namespace {

constexpr uint32_t kBlock = 5;

void TryBlock(std::string_view text) {
  std::vector<events::EventRow> rows;
  if (!events::DecodeBlock(text, kBlock, rows).ok()) return;
  for (const auto& row : rows) {
    Require(row.customer_no >> 6 == kBlock, "customers belong to the block");
  }
}

void TryPayloads(std::string_view text) {
  std::vector<std::string> payloads;
  if (!events::DecodePayloads(text, payloads).ok()) return;
  std::vector<std::string> again;
  Require(events::DecodePayloads(events::EncodePayloads(payloads), again).ok(), "encodes");
  Require(again == payloads, "round trip");
}

}  // namespace

std::vector<std::string> SeedInputs() {
  std::vector<events::EventRow> rows;
  for (uint32_t i = 0; i < 40; ++i) {
    events::EventRow row;
    row.customer_no = kBlock * 64 + i / 3;
    row.time = 1'700'000'000'000'000 + int64_t{i % 3} * 86'400'000'000;
    row.value = int64_t{i} * 990'000;
    row.type = static_cast<uint16_t>(i % 3 == 0 ? 81 : 30);
    row.channel = static_cast<uint8_t>(i % 4);
    rows.push_back(row);
  }
  std::string block = "b";
  block += events::EncodeBlock(rows);
  std::string payloads = "p";
  payloads += events::EncodePayloads(std::vector<std::string>{"", "one", std::string(300, 'x')});
  return {block, payloads, std::string("b") + events::EncodeBlock({})};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const auto text = rapport::fuzz::AsText(bytes, size);
  if (text[0] == 'p') {
    rapport::fuzz::TryPayloads(text.substr(1));
  } else {
    rapport::fuzz::TryBlock(text.substr(1));
  }
  return 0;
}
