// SPDX-License-Identifier: Apache-2.0
// Filters of ListCustomers: any text parses or is refused, and what parses can be asked.
#include "server/filter.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {

std::vector<std::string> SeedInputs() {
  return {"stage = AT_RISK AND value.predicted > 100",
          "(rfm.segment = \"champions\" OR attributes.tier = gold) AND NOT last_nps < 7",
          "-order_count >= 3 first_seen > 2024-01-01", "attributes.vip:*"};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto filter = rapport::server::Filter::Parse(rapport::fuzz::AsText(bytes, size), "EUR");
  if (!filter.ok()) return 0;
  rapport::v1::Customer customer;
  const bool on_nothing = filter->Matches(customer);
  customer.mutable_facts()->mutable_lifecycle()->set_stage(rapport::v1::LIFECYCLE_STAGE_AT_RISK);
  customer.mutable_summary()->set_order_count(3);
  (*customer.mutable_attributes())["tier"].mutable_value()->set_string_value("gold");
  const bool on_something = filter->Matches(customer);
  rapport::fuzz::Require(!filter->empty() || (on_nothing && on_something),
                         "an empty filter matches everybody");
  return 0;
}
