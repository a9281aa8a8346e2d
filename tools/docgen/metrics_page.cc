// SPDX-License-Identifier: Apache-2.0
#include "tools/docgen/metrics_page.h"

#include <cctype>

#include "lib/base/text.h"
#include "lib/lifecycle/stage.h"
#include "lib/metrics/grouping.h"
#include "lib/metrics/intervals.h"
#include "lib/metrics/kinds.h"
#include "lib/metrics/registry.h"
#include "lib/value/rfm_segment.h"

namespace rapport::docgen {
namespace {

// "METRIC_UNIT_PERCENT" after its prefix: "percent".
std::string Word(std::string_view name, std::string_view prefix) {
  std::string word(name.substr(prefix.size()));
  for (char& letter : word) {
    letter = letter == '_' ? ' ' : static_cast<char>(std::tolower(letter));
  }
  return word;
}

std::string UnitWord(v1::MetricUnit unit) {
  return Word(v1::MetricUnit_Name(unit), "METRIC_UNIT_");
}

std::string DirectionWord(v1::Direction direction) {
  if (direction == v1::DIRECTION_UNSPECIFIED) return "neither way";
  return Cat(Word(v1::Direction_Name(direction), "DIRECTION_"), " is better");
}

std::string EventNames(const google::protobuf::RepeatedField<int>& types) {
  std::string names;
  for (const int type : types) {
    const std::string name = v1::EventType_Name(static_cast<v1::EventType>(type));
    names += Cat(names.empty() ? "`" : ", `", name.substr(std::string("EVENT_TYPE_").size()), "`");
  }
  return names;
}

std::string BandWords(const v1::MetricDefinition& definition) {
  std::string words;
  for (const v1::Band& band : definition.bands()) {
    words += Cat(words.empty() ? "" : ", ", "from ", band.from(), " ", band.label());
  }
  return words;
}

void AddOverview(std::string& page) {
  page += "| metric | is | unit | judged from |\n|---|---|---|---|\n";
  for (const v1::MetricDefinition& definition : metrics::BuiltInDefinitions()) {
    page += Cat("| [`", definition.metric(), "`](#", definition.metric(), ") | ",
                definition.formula(), " | ", UnitWord(definition.unit()), " | ",
                definition.minimum_sample(), " ", definition.sample_unit(), " |\n");
  }
}

void AddLine(std::string& page, std::string_view label, std::string_view text) {
  if (!text.empty()) page += Cat("- ", label, ": ", text, "\n");
}

// "7 days", "30 minutes", "a day".
std::string Duration(int64_t seconds) {
  struct Unit {
    int64_t seconds;
    const char* one;
    const char* many;
  };
  for (const Unit& unit : {Unit{86'400, "a day", "days"}, Unit{3600, "an hour", "hours"},
                           Unit{60, "a minute", "minutes"}}) {
    if (seconds % unit.seconds != 0) continue;
    const int64_t count = seconds / unit.seconds;
    return count == 1 ? std::string(unit.one) : Cat(count, " ", unit.many);
  }
  return Cat(seconds, " seconds");
}

std::string PairingWords(const v1::MetricDefinition& definition) {
  if (!definition.has_pairing()) return "";
  const v1::Pairing& pairing = definition.pairing();
  std::string words = "a start and the first goal at or after it, by ";
  words += pairing.key() == v1::PAIR_KEY_TICKET         ? "customer and ticket"
           : pairing.key() == v1::PAIR_KEY_SUBSCRIPTION ? "customer and subscription"
                                                        : "customer";
  if (pairing.window_seconds() > 0) {
    words += Cat(", within ", Duration(pairing.window_seconds()));
  }
  if (pairing.start_rule() == v1::START_RULE_FIRST_OPEN) {
    words += "; a start while an earlier one is open belongs to that one";
  }
  if (pairing.start_rule() == v1::START_RULE_FIRST_EVER) words += "; the first start only";
  return pairing.business_hours() ? words + "; in business hours" : words;
}

std::string ClassWords(const v1::MetricDefinition& definition) {
  std::string words;
  for (const double edge : definition.histogram_edges()) {
    words += Cat(words.empty() ? "from 0, " : ", ", Duration(static_cast<int64_t>(edge)));
  }
  return words;
}

std::string DimensionWords(const v1::MetricDefinition& definition) {
  std::string words;
  for (const std::string& name : metrics::DimensionsOf(definition)) {
    words += Cat(words.empty() ? "`" : ", `", name, "`");
  }
  return words;
}

void AddDefinition(const v1::MetricDefinition& definition, std::string& page) {
  page += Cat("\n### ", definition.metric(), "\n", definition.display_name(), ": ",
              definition.formula(), ".\n\n");
  AddLine(page, "events", EventNames(definition.numerator()));
  AddLine(page, "over", EventNames(definition.denominator()));
  AddLine(page, "less", EventNames(definition.subtracted()));
  AddLine(page, "kind", metrics::KindWord(definition.kind()));
  if (!definition.numerator_filter().empty()) {
    AddLine(page, "only events with", Cat("`", definition.numerator_filter(), "`"));
  }
  if (!definition.denominator_filter().empty()) {
    AddLine(page, "only over events with", Cat("`", definition.denominator_filter(), "`"));
  }
  AddLine(page, "pairs", PairingWords(definition));
  AddLine(page, "classes", ClassWords(definition));
  AddLine(page, "unit",
          Cat(UnitWord(definition.unit()), ", ", DirectionWord(definition.direction())));
  AddLine(page, "sample",
          Cat(definition.sample_unit(), ", at least ", definition.minimum_sample(),
              " for an interpretation"));
  std::string bands = BandWords(definition);
  if (!bands.empty() && definition.band_granularity() != v1::GRANULARITY_UNSPECIFIED) {
    bands +=
        Cat(", over a ", Word(v1::Granularity_Name(definition.band_granularity()), "GRANULARITY_"));
  }
  AddLine(page, "bands", bands);
  AddLine(page, "interval", std::string(metrics::IntervalWords(definition)));
  AddLine(page, "by", DimensionWords(definition));
  AddLine(page, "remarks", definition.remarks());
  AddLine(page, "source", definition.source());
}

void AddLifecycle(std::string& page) {
  page +=
      "\n## Lifecycle stages\n\n"
      "The first rule that holds names the stage. The list is asked at every event and at every\n"
      "deadline between events, so a stage begins at its exact time, not at the next night.\n\n"
      "- *Activity* is what the customer does and what shows interest: every event, custom types\n"
      "  included, except the company's own actions (campaigns shown, e-mails sent, delivered or\n"
      "  bounced, ticket replies and resolutions, human touch, experiments, surveys sent), what\n"
      "  systems or others do (refunds, failed payments, referrals converted) and acts of leaving\n"
      "  (unsubscribing, cancelling, dismissing a survey, withdrawing consent, a churn reason).\n"
      "- A *purchase* is an order, a booking, a subscription start or a renewal.\n"
      "- Days are 24 hours from the event. At one instant an event comes before a deadline.\n"
      "- *On the books* (metric `customers`) is who has bought and is not churned.\n\n"
      "| rule | stage | holds when | evidence shown |\n|---|---|---|---|\n";
  for (const lifecycle::RuleText& text : lifecycle::RuleTexts()) {
    page += Cat("| ", static_cast<int>(text.rule), " | ",
                Word(v1::LifecycleStage_Name(text.stage), "LIFECYCLE_STAGE_"), " | ",
                text.condition, " | ", text.evidence, " |\n");
  }
  const v1::LifecycleRules rules = lifecycle::CompleteRules({});
  page += Cat("\nDefaults, to be changed per workspace: `new_days` ", rules.new_days(),
              ", `at_risk_days` ", rules.at_risk_days(), ", `dormant_days` ", rules.dormant_days(),
              ", `churned_days` ", rules.churned_days(), ", `loyal_orders` ", rules.loyal_orders(),
              ", `loyal_tenure_days` ", rules.loyal_tenure_days(), ", `won_back_days` ",
              rules.won_back_days(), ".\n");
}

std::string Scores(int low, int high) { return low == high ? Cat(low) : Cat(low, "-", high); }

void AddRfm(std::string& page) {
  page +=
      "\n## RFM segments\n\n"
      "Recency (days since the last order), frequency (days with an order) and monetary value\n"
      "(orders less refunds) each score 1-5: 1 + the whole part of 5 x (customers strictly worse) "
      "/\n"
      "(all customers with an order). Ties share a score. FM is the mean of the frequency and\n"
      "monetary scores, halves up.\n\n"
      "| segment | recency score | FM score |\n|---|---|---|\n";
  for (const value::RfmSegmentRule& rule : value::RfmSegmentRules()) {
    page +=
        Cat("| ", rule.title, " (`", rule.id, "`) | ", Scores(rule.recency_min, rule.recency_max),
            " | ", Scores(rule.fm_min, rule.fm_max), " |\n");
  }
}

}  // namespace

std::string MetricsPage() {
  std::string page =
      "<!-- Written by rapport-docgen from lib/metrics/data, lib/lifecycle and lib/value. -->\n"
      "# Metrics\n\n"
      "Every answer names its definition, its sample, its range of days and the time up to which\n"
      "events are counted. Days are civil days of the workspace's time zone; a range holds its "
      "first\n"
      "day and not its last. Below the minimum sample a value is given, but no interpretation.\n"
      "Beside the dimensions named here, all but figures of a reference series can be grouped by\n"
      "`attribute.KEY` and `segment.ID` (member or `none`, as of the night) of the customer, and\n"
      "those of events by `property.KEY`. A workspace adds its own definitions with\n"
      "`MetricService.CreateMetricDefinition`.\n\n"
      "Intervals are at 95 %; each answer names how its own was made, and where there is none a "
      "note\n"
      "says why. They say how far a figure may be chance if events, or customers, come "
      "independently\n"
      "of one another. A comparison between two ranges takes their samples as independent too: "
      "where\n"
      "the same customers are in both, that makes the test cautious.\n\n";
  AddOverview(page);
  page += "\n## Definitions\n";
  for (const v1::MetricDefinition& definition : metrics::BuiltInDefinitions()) {
    AddDefinition(definition, page);
  }
  AddLifecycle(page);
  AddRfm(page);
  return page;
}

}  // namespace rapport::docgen
