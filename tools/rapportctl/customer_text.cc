// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/customer_text.h"

#include <algorithm>
#include <map>

#include "lib/base/text.h"
#include "tools/rapportctl/chart.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 30;

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

// "0.00 to 12.50 (80 %)".
std::string RangeText(const v1::Interval& interval) {
  if (interval.level() == 0) return "";
  return Cat(FormatInterval(interval, 2), " (", FormatShare(interval.level(), 0), ")");
}

void AddPredicted(const v1::CustomerValue& value, Sheet& sheet) {
  sheet.Add("predicted value",
            Cat(FormatMoneyShort(value.predicted()), " over ", value.horizon_days(), " days"));
  sheet.Add("  own future", RangeText(value.predicted_interval()));
  sheet.Add("  parameters", RangeText(value.mean_interval()));
  sheet.Add("  both", RangeText(value.total_interval()));
  if (value.has_residual()) sheet.Add("without end", FormatMoneyShort(value.residual()));
}

void AddSubscription(const v1::SubscriptionValue& value, Sheet& sheet) {
  sheet.Add("subscriptions",
            Cat(value.running_count(), " running, ", value.ended_count(), " ended, ",
                FormatMoneyShort(value.monthly_recurring_revenue()), " a month"));
  sheet.Add("  paid to date", FormatMoneyShort(value.historic()));
  if (!value.has_predicted()) return;
  sheet.Add("  predicted", Cat(FormatMoneyShort(value.predicted()), " from ",
                               FormatNumber(value.expected_renewals(), 2), " expected renewals"));
  sheet.Add("  own future", RangeText(value.predicted_interval()));
  sheet.Add("  parameters", RangeText(value.mean_interval()));
  if (!value.has_residual()) return;
  sheet.Add("  without end",
            Cat(FormatMoneyShort(value.residual()), ", ", RangeText(value.residual_interval())));
}

void AddPurchases(const v1::CustomerValue& value, Sheet& sheet) {
  sheet.Add("chance alive", Cat(FormatShare(value.p_alive()),
                                value.alive_by_construction() ? ", by construction of the model: "
                                                                "it says nothing here"
                                                              : ""));
  sheet.Add("chance to buy", Cat(FormatShare(value.purchase_probability()), " over ",
                                 value.horizon_days(), " days"));
  sheet.Add("expected purchases",
            Cat(FormatNumber(value.expected_purchases(), 2), " (",
                FormatNumber(value.expected_purchases_30d(), 2), " in 30 days)"));
  sheet.Add("expected order value", FormatMoneyShort(value.expected_order_value()));
  if (value.has_next_purchase_days()) {
    sheet.Add("next purchase", Cat("in ", FormatNumber(value.next_purchase_days(), 1),
                                   " days, the median if one comes"));
  }
  if (value.has_silence_days()) {
    sheet.Add("falls silent", Cat("after ", FormatNumber(value.silence_days(), 1),
                                  " days without a purchase: chance alive below 50 %"));
  }
}

std::string BasisText(v1::ChurnBasis basis) {
  return FormatEnum(v1::ChurnBasis_Name(basis), "CHURN_BASIS_");
}

void AddChurn(const v1::Churn& churn, Sheet& sheet) {
  std::string range;
  if (churn.interval().level() > 0) {
    range = Cat(" (", FormatShare(churn.interval().low()), " to ",
                FormatShare(churn.interval().high()), ")");
  }
  sheet.Add("chance to leave",
            Cat(FormatShare(churn.probability()), " within ", churn.horizon_days(), " days", range,
                ", by the ", BasisText(churn.basis())));
  for (const v1::ChurnReason& reason : churn.reasons()) {
    const bool raises = reason.contribution() > 0;
    sheet.Add(
        raises ? "  raised by" : "  lowered by",
        Cat(reason.text().empty() ? Cat(reason.feature(), " ", FormatNumber(reason.value(), 2))
                                  : reason.text(),
            " (", raises ? "+" : "", FormatNumber(reason.contribution(), 2), ")"));
  }
}

}  // namespace

std::string StageText(v1::LifecycleStage stage) {
  return FormatEnum(v1::LifecycleStage_Name(stage), "LIFECYCLE_STAGE_");
}

void AddValue(const v1::CustomerValue& value, Sheet& sheet) {
  // Purchases are not foretold for customers who only subscribe.
  const bool ordered = !value.model().empty() || !value.has_subscription();
  if (value.has_historic()) sheet.Add("value to date", FormatMoneyShort(value.historic()));
  if (value.horizon_days() > 0) {
    AddPredicted(value, sheet);
    if (ordered) AddPurchases(value, sheet);
    if (value.has_churn()) AddChurn(value.churn(), sheet);
    if (value.has_top_decile_probability()) {
      sheet.Add("top decile", Cat(FormatShare(value.top_decile_probability()), " chance"));
    }
  }
  if (value.has_subscription()) AddSubscription(value.subscription(), sheet);
  if (value.decile() > 0) sheet.Add("value decile", Cat(value.decile(), " of 10"));
  if (ordered) {
    sheet.Add("from",
              Cat("x ", value.repeat_purchases(), ", t_x ", FormatNumber(value.recency_days(), 1),
                  " days, T ", FormatNumber(value.age_days(), 1), " days",
                  value.model().empty() ? "" : Cat(", ", value.model()),
                  value.model_segment().empty() ? "" : Cat(" of ", value.model_segment())));
  }
  for (const std::string& note : value.notes()) sheet.Add("note", note);
}

std::string ExplanationText(const v1::ExplainCustomerResponse& answer, const Terminal& terminal) {
  std::string text;
  for (const auto& explanation : answer.explanations()) {
    text = Cat(text, terminal.In(Paint::kBold, explanation.subject()), " = ", explanation.result(),
               "\n  ", terminal.In(Paint::kDim, explanation.formula()), "\n");
    Table inputs({{"    input"}, {"value"}, {"from"}});
    for (const auto& input : explanation.inputs()) {
      inputs.Add({Cat("    ", input.name()), input.value(), input.origin()});
    }
    if (!inputs.empty()) text += inputs.Text(terminal);
    text += "\n";
  }
  return Cat(text, ContextText(answer.context(), terminal));
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

std::string CountsText(const google::protobuf::RepeatedField<double>& counts,
                       const Terminal& terminal) {
  Table table({{"purchases", true}, {"chance", true}, {""}});
  double rest = 1;
  const auto add = [&](const std::string& count, double chance) {
    table.Add({count, FormatShare(chance), terminal.In(Paint::kCyan, Bar(chance, kBarWidth))});
  };
  for (int i = 0; i < counts.size(); ++i) {
    add(Cat(i), counts[i]);
    rest -= counts[i];
  }
  add("more", std::max(0.0, rest));
  return table.Text(terminal);
}

}  // namespace rapport::ctl
