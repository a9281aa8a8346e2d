// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/customer_text.h"

#include <map>

#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

std::string MoneyList(const google::protobuf::RepeatedPtrField<v1::Money>& amounts) {
  std::string text;
  for (const auto& money : amounts)
    text = Cat(text, text.empty() ? "" : ", ", FormatMoneyShort(money));
  return text;
}

std::string AnswerText(const v1::LastAnswer& answer) {
  if (answer.answer_count() == 0) return "";
  return Cat(answer.score(), answer.scale() > 0 ? Cat(" of ", answer.scale()) : "", " on ",
             FormatStamp(answer.answer_time()).substr(0, 10), " (", answer.answer_count(),
             answer.answer_count() == 1 ? " answer)" : " answers)");
}

std::string ValueText(const v1::PropertyValue& value) {
  switch (value.kind_case()) {
    case v1::PropertyValue::kStringValue:
      return value.string_value();
    case v1::PropertyValue::kNumberValue:
      return Cat(value.number_value());
    case v1::PropertyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::PropertyValue::kTimeValue:
      return FormatStamp(value.time_value());
    case v1::PropertyValue::KIND_NOT_SET:
      return "";
  }
  return "";
}

void AddSummary(const v1::CustomerSummary& summary, Sheet& sheet) {
  sheet.Add("events", FormatCount(summary.event_count()));
  sheet.Add("first seen", FormatStamp(summary.first_event_time()));
  sheet.Add("last seen", FormatStamp(summary.last_event_time()));
  sheet.Add("orders", FormatCount(summary.order_count()));
  sheet.Add("net revenue", MoneyList(summary.net_revenue()));
  sheet.Add("refunded", MoneyList(summary.refunded()));
  sheet.Add("last order", FormatStamp(summary.last_order_time()));
  sheet.Add("last NPS", AnswerText(summary.last_nps()));
  sheet.Add("last CSAT", AnswerText(summary.last_csat()));
  sheet.Add("last CES", AnswerText(summary.last_ces()));
  if (summary.ticket_count() > 0) sheet.Add("tickets", FormatCount(summary.ticket_count()));
  const auto& engagement = summary.engagement();
  sheet.Add("engagement", Cat("cognitive ", engagement.cognitive(), ", emotional ",
                              engagement.emotional(), ", behavioural ", engagement.behavioural(),
                              ", transactional ", engagement.transactional()));
}

void AddFacts(const v1::CustomerFacts& facts, Sheet& sheet) {
  if (facts.has_lifecycle()) {
    const std::string since = FormatStamp(facts.lifecycle().since());
    sheet.Add("stage", Cat(StageText(facts.lifecycle().stage()),
                           since.empty() ? "" : Cat(" since ", since.substr(0, 10))));
    sheet.Add("  because", facts.lifecycle().cause());
  }
  sheet.Add("cohort", facts.acquisition_cohort());
  if (facts.has_rfm() && facts.rfm().frequency() > 0) {
    const auto& rfm = facts.rfm();
    sheet.Add("RFM", Cat(rfm.recency_score(), rfm.frequency_score(), rfm.monetary_score(), " ",
                         rfm.segment(), " (", FormatNumber(rfm.recency_days(), 0), " days, ",
                         rfm.frequency(), " order days, ", FormatMoneyShort(rfm.monetary()), ")"));
  }
  if (facts.has_value()) AddValue(facts.value(), sheet);
}

}  // namespace

std::string StageText(v1::LifecycleStage stage) {
  return FormatEnum(v1::LifecycleStage_Name(stage), "LIFECYCLE_STAGE_");
}

void AddValue(const v1::CustomerValue& value, Sheet& sheet) {
  sheet.Add("value to date", FormatMoneyShort(value.historic()));
  const std::string range = FormatInterval(value.predicted_interval(), 2);
  sheet.Add("predicted value",
            Cat(FormatMoneyShort(value.predicted()), " over ", value.horizon_days(), " days",
                range.empty() ? "" : Cat(" (", range, ")")));
  sheet.Add("chance alive", FormatShare(value.p_alive()));
  sheet.Add("expected purchases",
            Cat(FormatNumber(value.expected_purchases(), 2), " (",
                FormatNumber(value.expected_purchases_30d(), 2), " in 30 days)"));
  sheet.Add("expected order value", FormatMoneyShort(value.expected_order_value()));
  if (value.decile() > 0) sheet.Add("value decile", Cat(value.decile(), " of 10"));
  sheet.Add("from",
            Cat("x ", value.repeat_purchases(), ", t_x ", FormatNumber(value.recency_days(), 1),
                " days, T ", FormatNumber(value.age_days(), 1), " days, ", value.model()));
  for (const std::string& note : value.notes()) sheet.Add("note", note);
}

std::string CustomerText(const v1::Customer& customer, const Terminal& terminal) {
  Sheet sheet;
  sheet.Add("customer", terminal.In(Paint::kBold, LastSegment(customer.name())));
  for (const auto& identity : customer.identities()) {
    sheet.Add("identity", Cat(FormatEnum(v1::IdentityKind_Name(identity.kind()), "IDENTITY_KIND_"),
                              ": ", identity.value()));
  }
  for (const std::string& merged : customer.merged_customers()) {
    sheet.Add("merged from", LastSegment(merged));
  }
  std::map<std::string, const v1::Attribute*> attributes;
  for (const auto& [key, attribute] : customer.attributes()) attributes[key] = &attribute;
  for (const auto& [key, attribute] : attributes) {
    sheet.Add(key, Cat(ValueText(attribute->value()),
                       attribute->source().empty() ? "" : Cat("  (", attribute->source(), ")")));
  }
  AddSummary(customer.summary(), sheet);
  if (customer.has_facts()) AddFacts(customer.facts(), sheet);
  std::string text = sheet.Text(terminal);
  if (customer.has_facts_as_of()) {
    text = Cat(
        text,
        terminal.In(Paint::kDim, Cat("facts as of ", FormatStamp(customer.facts_as_of()), " UTC, ",
                                     customer.generation().empty()
                                         ? "no generation"
                                         : Cat("generation ", LastSegment(customer.generation())))),
        "\n");
  }
  return text;
}

std::string CustomerTable(const google::protobuf::RepeatedPtrField<v1::Customer>& customers,
                          const Terminal& terminal) {
  Table table({{"customer"},
               {"stage"},
               {"RFM"},
               {"orders", true},
               {"net revenue", true},
               {"predicted", true},
               {"alive", true},
               {"last seen"}});
  for (const auto& customer : customers) {
    const auto& facts = customer.facts();
    const bool valued = facts.has_value();
    table.Add({LastSegment(customer.name()), StageText(facts.lifecycle().stage()),
               facts.rfm().segment(), FormatCount(customer.summary().order_count()),
               MoneyList(customer.summary().net_revenue()),
               valued ? FormatMoneyShort(facts.value().predicted()) : "",
               valued ? FormatShare(facts.value().p_alive(), 0) : "",
               FormatStamp(customer.summary().last_event_time())});
  }
  return table.Text(terminal);
}

}  // namespace rapport::ctl
