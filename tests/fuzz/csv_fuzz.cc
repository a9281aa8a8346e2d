// SPDX-License-Identifier: Apache-2.0
// CSV records: any fields, quoted as RFC 4180 says, come back as they were.
#include "tests/fuzz/fuzz_target.h"
#include "tools/rapportctl/input.h"

namespace rapport::fuzz {
namespace {

std::string Quoted(const std::vector<std::string_view>& fields) {
  std::string record;
  for (const auto field : fields) {
    if (!record.empty()) record += ',';
    record += '"';
    for (const char c : field) record += c == '"' ? std::string("\"\"") : std::string(1, c);
    record += '"';
  }
  return record;
}

}  // namespace

std::vector<std::string> SeedInputs() {
  return {"a,b,c", "\"a \"\"quoted\"\" one\",2", ",,", "536365,85123A,\"HOLDER, WHITE\",6,2.55",
          "\"open"};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using rapport::fuzz::Require;
  std::vector<std::string_view> fields;
  std::string scratch;
  if (!rapport::ctl::SplitCsv(rapport::fuzz::AsText(bytes, size), ',', fields, scratch)) return 0;
  Require(!fields.empty(), "a record has a field");
  const std::string quoted = rapport::fuzz::Quoted(fields);
  std::vector<std::string_view> again;
  std::string second_scratch;
  Require(rapport::ctl::SplitCsv(quoted, ',', again, second_scratch), "a quoted record is whole");
  Require(again == fields, "round trip");
  return 0;
}
