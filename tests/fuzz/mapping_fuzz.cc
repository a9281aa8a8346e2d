// SPDX-License-Identifier: Apache-2.0
// Import mappings: any text proto compiles or is refused with words.
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/text_format.h"
#include "rapport/store/v1/import_mapping.pb.h"
#include "tests/fuzz/fuzz_target.h"
#include "tools/rapportctl/mapping.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  return {R"(format: IMPORT_FORMAT_CSV time_format: "%Y-%m-%d" currency: "USD"
             event { type: "ORDER_PLACED" event_id: "o-{line}" customer_id { column: "c" }
                     event_time { column: "t" }
                     field { path: "order.amount" value { product { left: "p" right: "q" } } } })",
          R"(skip { reason: "NO" when { column: "a" greater: "0" negate: true } }
             event { type: "NPS_ANSWERED" event_id: "{a}" customer_id { template: "x{b}" }
                     event_time { column: "t" } group { by: "a" adjacent: true }
                     field { path: "survey_answer.score" value { column: "s" no_answer: "11" } } })"};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const google::protobuf::LogSilencer quiet;
  rapport::store::v1::ImportMapping mapping;
  const std::string text(rapport::fuzz::AsText(bytes, size));
  if (!google::protobuf::TextFormat::ParseFromString(text, &mapping)) return 0;
  const auto compiled = rapport::ctl::Mapping::Compile(mapping);
  rapport::fuzz::Require(compiled.ok() || !compiled.status().message().empty(),
                         "a refusal has words");
  return 0;
}
