// SPDX-License-Identifier: Apache-2.0
// Page tokens: foreign ones are refused; ours come back, for the request they were made for.
#include "server/page_token.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  return {server::EncodePageToken("ListCustomers", "workspaces/w\n", "position"),
          server::EncodePageToken("ListEvents", "", ""), "nonsense", "====", std::string(200, 'A')};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using rapport::fuzz::Require;
  using rapport::server::DecodePageToken;
  const auto text = rapport::fuzz::AsText(bytes, size);
  const auto foreign = DecodePageToken(text, "ListCustomers", "workspaces/w\n");
  Require(foreign.ok() || !foreign.status().message().empty(), "a refusal has words");
  const std::string position(text);
  if (position.empty()) return 0;
  const std::string token = rapport::server::EncodePageToken("ListRuns", "r", position);
  const auto back = DecodePageToken(token, "ListRuns", "r");
  Require(back.ok() && *back == position, "round trip");
  Require(!DecodePageToken(token, "ListRuns", "other").ok(), "another request is refused");
  return 0;
}
