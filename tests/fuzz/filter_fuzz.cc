// SPDX-License-Identifier: Apache-2.0
// Filters: any text parses or is refused with a field and a position; what parses comes
// back from its canonical text, and tree and scan form give the same answer.
#include "lib/base/errors.h"
#include "lib/filter/predicate.h"
#include "lib/filter/sources.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/customer.pb.h"
#include "tests/fuzz/fuzz_target.h"

namespace rapport::fuzz {
namespace {

using filter::CustomerTruth;
using filter::EventPredicate;
using filter::Expression;

struct Asked {
  EventColumns columns;
  store::v1::EventPayload payload;
  v1::Customer customer;
};

Asked Something() {
  Asked asked;
  asked.columns = {.time = 1'774'747'800'000'000,
                   .value = 150'000'000,
                   .aux = 2'150,
                   .touchpoint_no = 1,
                   .type = v1::EVENT_TYPE_ORDER_PLACED,
                   .currency = 5'810,
                   .channel = v1::CHANNEL_WEB};
  asked.payload.mutable_rest()->mutable_order()->add_items()->set_brand("Ara");
  (*asked.payload.mutable_rest()->mutable_properties())["country"].set_string_value("DE");
  asked.customer.mutable_facts()->mutable_lifecycle()->set_stage(v1::LIFECYCLE_STAGE_AT_RISK);
  asked.customer.mutable_summary()->set_order_count(3);
  (*asked.customer.mutable_attributes())["tier"].mutable_value()->set_string_value("gold");
  return asked;
}

bool Walks(const Expression& expression, const Asked& asked, const filter::Names& names) {
  const filter::CustomerSource customer(asked.customer, "EUR");
  const filter::EventSource source(
      {asked.columns, names, expression.calendar(), [&] { return &asked.payload; }, &customer});
  return expression.Evaluate(source);
}

bool Asks(const EventPredicate& predicate, const Asked& asked) {
  const CustomerTruth truth = predicate.Judge(asked.customer);
  return truth.allowed && predicate.MatchesColumns(asked.columns, truth) &&
         predicate.MatchesPayload(asked.columns, asked.payload, truth);
}

void CheckRoundTrip(const Expression& expression, const filter::Catalogue& catalogue,
                    filter::Context context) {
  context.max_bytes = size_t{1} << 20;
  const std::string canonical = expression.ToString();
  const auto again = filter::Parse(canonical, catalogue, context);
  if (!again.ok()) {
    const bool deep = std::string(again.status().message()).find("deep") != std::string::npos;
    return Require(deep, "the canonical text parses");
  }
  Require(*again == expression, "the canonical text means the same");
  Require(again->ToString() == canonical, "the canonical text is canonical");
}

}  // namespace

std::vector<std::string> SeedInputs() {
  return {"stage = AT_RISK AND value.predicted > 100",
          "(rfm.segment = \"champions\" OR attributes.tier = gold) AND NOT last_nps < 7",
          "-order_count >= 3 first_seen > 2024-01-01",
          "attributes.vip:*",
          "type = (order_placed OR webinar_*) AND -channel = app OR amount >= 12.50",
          "text:(refund AND NOT \"sp\xC3\xA4t\") property.\"cart size\" > 2 time >= 2026-03-29",
          "weekday = sunday OR customer.stage = LOYAL AND date < 2026-01-01T hour = (1 OR 2)",
          "NOT (brand != Ara) currency = EUR value <= 1e-3 touchpoint = *page"};
}

}  // namespace rapport::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace rapport;
  static const fuzz::Asked something = fuzz::Something(), nothing{};
  filter::NameLists names;
  names.touchpoints = {"checkout_page"};
  filter::Context context;
  context.base_currency = "EUR";
  for (const filter::Catalogue* catalogue :
       {&filter::CustomerCatalogue(), &filter::EventAndCustomerCatalogue()}) {
    const auto parsed = filter::Parse(fuzz::AsText(bytes, size), *catalogue, context);
    if (!parsed.ok()) {
      const auto detail = DetailOf(parsed.status());
      fuzz::Require(detail.has_value() && detail->field == "filter", "an error names its field");
      continue;
    }
    fuzz::CheckRoundTrip(*parsed, *catalogue, context);
    const filter::EventPredicate predicate = filter::Bind(*parsed, names);
    for (const fuzz::Asked* asked : {&something, &nothing}) {
      const bool walked = fuzz::Walks(*parsed, *asked, names);
      fuzz::Require(walked == fuzz::Asks(predicate, *asked), "tree and scan form agree");
      fuzz::Require(walked || !parsed->empty(), "an empty filter matches everything");
    }
  }
  return 0;
}
