// SPDX-License-Identifier: Apache-2.0
// Errors with their places and hints, canonical texts, and taking expressions apart.
#include "lib/filter/expression.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/filter/words.h"
#include "tests/support/matchers.h"
#include "tests/unit/filter/samples.h"

namespace rapport::filter {
namespace {

using rapport::testing::FailsWith;
using ::testing::ElementsAre;

absl::StatusOr<Expression> ParseEvent(const std::string& text) {
  return Parse(text, EventAndCustomerCatalogue(), SampleContext());
}

TEST(Expression, ErrorsSayWhereAndWhatFits) {
  struct Bad {
    std::string filter, reason, message;
  };
  const std::vector<Bad> cases = {
      {"chanel = web", "UNKNOWN_FIELD",
       "at position 1: there is no field chanel; did you mean channel?"},
      {"type = order_placed AND stage = NEW", "UNKNOWN_FIELD",
       "at position 25: there is no field stage; did you mean customer.stage?"},
      {"amount > 3 predicted > 1", "UNKNOWN_FIELD",
       "at position 12: there is no field predicted; did you mean customer.value.predicted?"},
      {"hair = red", "UNKNOWN_FIELD",
       "at position 1: there is no field hair; one of your own is property.KEY; one of your own "
       "is customer.attributes.KEY"},
      {"channel = wep", "BAD_FILTER",
       "at position 11: no channel is called wep; it is one of email, social, web, app, phone, "
       "in_person, chat, sms, push, advertisement, search, partner, other"},
      {"type = \"order placed\"", "BAD_FILTER",
       "at position 8: no event type is called order placed; did you mean order_placed?"},
      {"weekday = caturday", "BAD_FILTER",
       "at position 11: no weekday is called caturday; it is one of monday, tuesday, wednesday, "
       "thursday, friday, saturday, sunday"},
      {"channel > web", "BAD_FILTER", "at position 9: channel has no order, write one of = != :"},
      {"currency = euro", "BAD_FILTER", "at position 12: write a currency such as EUR"},
      {"amount > 1e3", "BAD_FILTER", "at position 10: write an amount such as 99.50"},
      {"score > nan", "BAD_FILTER", "at position 9: write a number"},
      {"time > yesterday", "BAD_FILTER", "at position 8: write a time as 2026-01-31 or RFC 3339"},
      {"date = 2026-02-30", "BAD_FILTER", "at position 8: write a date as 2026-01-31"},
      {"channel != (web OR app)", "BAD_FILTER",
       "at position 12: several values need = or :, write NOT field = (a OR b)"},
      {"score >= (1 OR 2)", "BAD_FILTER", "at position 10: several values need = or :"},
      {"channel = (web OR", "BAD_FILTER", "at position 18: expected a value"},
      {"channel = (web OR app", "BAD_FILTER", "at position 22: expected )"},
      {"channel = ()", "BAD_FILTER", "at position 12: expected a value"},
      {"channel = (web, app)", "BAD_FILTER", "at position 15: unexpected character"},
      {"channel = (web OR wap)", "BAD_FILTER",
       "at position 19: no channel is called wap; it is one of email, social, web, app, phone, "
       "in_person, chat, sms, push, advertisement, search, partner, other"},
      {"property. = 3", "UNKNOWN_FIELD",
       "at position 1: there is no field property.; one of your own is property.KEY; one of your "
       "own is customer.attributes.KEY"},
      {"property.\"open = 3", "BAD_FILTER", "at position 10: the quoted text has no end"},
  };
  for (const Bad& bad : cases) {
    const auto filter = ParseEvent(bad.filter);
    ASSERT_THAT(filter, FailsWith(bad.reason, "filter")) << bad.filter;
    EXPECT_EQ(filter.status().message(), "filter: " + bad.message) << bad.filter;
  }
}

TEST(Expression, NamesTheRequestsField) {
  Context context = SampleContext();
  context.field = "metric_definition.numerator_filter";
  EXPECT_THAT(Parse("score >", EventCatalogue(), context),
              FailsWith("BAD_FILTER", "metric_definition.numerator_filter"));
}

TEST(Expression, Limits) {
  EXPECT_THAT(ParseEvent(std::string(4097, ' ') + "x"), FailsWith("TOO_LONG", "filter"));
  const auto nested = [](int n) {
    return std::string(static_cast<size_t>(n), '(') + "score = 1" +
           std::string(static_cast<size_t>(n), ')');
  };
  RAPPORT_EXPECT_OK(ParseEvent(nested(32)));
  EXPECT_THAT(ParseEvent(nested(33)), FailsWith("BAD_FILTER", "filter"));
  EXPECT_THAT(ParseEvent("score = " + std::string(40, '(') + "1"),
              FailsWith("BAD_FILTER", "filter"));
  std::string many = "hour = (1";
  for (int i = 1; i < 512; ++i) many += " OR 1";
  RAPPORT_EXPECT_OK(ParseEvent(many + ")"));
  EXPECT_THAT(ParseEvent(many + " OR 1)"), FailsWith("BAD_FILTER", "filter"));
}

TEST(Expression, KnownCustomTypesAreChecked) {
  const NameLists names = SampleNames();
  Context context = SampleContext();
  RAPPORT_EXPECT_OK(Parse("type = anything_at_all", EventCatalogue(), context));
  context.names = &names;
  RAPPORT_EXPECT_OK(Parse("type = wishlist_added", EventCatalogue(), context));
  const auto misspelt = Parse("type = ordr_placed", EventCatalogue(), context);
  EXPECT_THAT(misspelt, FailsWith("BAD_FILTER", "filter"));
  EXPECT_THAT(std::string(misspelt.status().message()),
              ::testing::HasSubstr("did you mean order_placed"));
}

TEST(Expression, CanonicalText) {
  struct Pair {
    std::string text, canonical;
  };
  const std::vector<Pair> cases = {
      {"", ""},
      {"  ", ""},
      {"channel=WEB", "channel = web"},
      {"type=EVENT_TYPE_ORDER_PLACED", "type = order_placed"},
      {"customer.stage = at_risk", "customer.stage = AT_RISK"},
      {"score>=9 channel=web", "score >= 9 AND channel = web"},
      {"score=1 OR channel=web AND items>2", "score = 1 OR channel = web AND items > 2"},
      {"(score = 1 AND scale = 5) OR items > 2", "(score = 1 AND scale = 5) OR items > 2"},
      {"channel=web OR (channel=app OR score=1)", "channel = (web OR app) OR score = 1"},
      {"-(channel = (web OR app))", "NOT channel = (web OR app)"},
      {"NOT (NOT score = 1)", "score = 1"},
      {"NOT (score = 1 AND items = 2)", "NOT (score = 1 AND items = 2)"},
      {"amount >= 099.5", "amount >= 99.50"},
      {"score = 1e1", "score = 10"},
      {"duration < 0.1", "duration < 0.1"},
      {"time >= 2026-03-29", "time >= 2026-03-28T23:00:00Z"},
      {"date = 2026-03-29", "date = 2026-03-29"},
      {"currency = eur", "currency = EUR"},
      {"currency = AND", "currency = \"AND\""},
      {"touchpoint = 'a\\'b\"'", "touchpoint = \"a'b\\\"\""},
      {"text:refund", "text:\"refund\""},
      {"text:*", "text:*"},
      {"text:'*'", "text:\"*\""},
      {"property.'cart size':* property.a.b = 1",
       "property.\"cart size\":* AND property.a.b = \"1\""},
      {"hour = (1 OR -2)", "hour = (1 OR -2)"},
  };
  for (const Pair& pair : cases) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter, ParseEvent(pair.text));
    EXPECT_EQ(filter.ToString(), pair.canonical);
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression again, ParseEvent(filter.ToString()));
    EXPECT_TRUE(again == filter) << pair.text;
  }
}

TEST(Expression, ComesApart) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const Expression filter,
      ParseEvent("type = nps_answered AND (score > 8 OR text:good) customer.stage = LOYAL "
                 "property.country = DE"));
  const std::vector<Expression> conjuncts = filter.Conjuncts();
  std::vector<std::string> texts;
  for (const Expression& conjunct : conjuncts) texts.push_back(conjunct.ToString());
  EXPECT_THAT(texts, ElementsAre("type = nps_answered", "score > 8 OR text:\"good\"",
                                 "customer.stage = LOYAL", "property.country = \"DE\""));
  EXPECT_EQ(conjuncts[0].places(), PlaceSet({Place::kEventColumns}));
  EXPECT_EQ(conjuncts[1].places(), PlaceSet({Place::kEventColumns, Place::kEventPayload}));
  EXPECT_EQ(conjuncts[2].places(), PlaceSet({Place::kCustomerFacts}));
  EXPECT_THAT(filter.Paths(),
              ElementsAre("customer.stage", "property.country", "score", "text", "type"));
  EXPECT_FALSE(filter.OnlyCellFields());
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const Expression cells,
      ParseEvent("type = nps_answered score > 8 channel = web campaign:* date > 2026-01-01"));
  EXPECT_TRUE(cells.OnlyCellFields());
}

TEST(Expression, TypesThatCanMatch) {
  const NameLists names = SampleNames();
  struct Types {
    std::string filter;
    TypeSet types;
  };
  const TypeSet scores = {30, 31, 32, 33};
  const std::vector<Types> cases = {
      {"channel = web", TypeSet::All()},
      {"type = order_placed", {81}},
      {"type = (order_placed OR order_refunded) amount > 3", {81, 82}},
      {"type = order_* score > 3", {}},
      {"score > 3", scores},
      {"NOT score > 3", TypeSet::All()},
      {"type = nps_answered OR score > 3 OR plan = pro", scores.Unite({84, 85, 86, 87, 88, 89})},
      {"NOT type = order_placed", TypeSet({81}).Complement()},
      {"NOT (type != order_placed OR channel = web)", {81}},
      {"type = wishlist_added", {1002}},
      {"type = custom", TypeSet::AllCustom().Unite({v1::EVENT_TYPE_CUSTOM})},
      {"type = nps_answered OR channel = web", TypeSet::All()},
  };
  for (const Types& test : cases) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression filter, ParseEvent(test.filter));
    const TypeSet types = Bind(filter, names).types();
    for (const Word& word : TypeWords().words) {
      const auto type = static_cast<uint16_t>(word.number);
      EXPECT_EQ(types.Has(type), test.types.Has(type)) << test.filter << " " << word.text;
    }
    for (uint16_t type = 1001; type <= 1003; ++type) {  // 1003 has no name yet.
      EXPECT_EQ(types.Has(type), test.types.Has(type)) << test.filter << " " << type;
    }
  }
}

TEST(Expression, SaysWhatScansNeed) {
  const NameLists names = SampleNames();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Expression columns, ParseEvent("amount > 3 channel = web"));
  const EventPredicate cheap = Bind(columns, names);
  EXPECT_TRUE(cheap.reads_columns() && !cheap.reads_payload() && !cheap.reads_customer());
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const Expression all, ParseEvent("text:x customer.attributes.a = 1 customer.last_nps < 7"));
  const EventPredicate dear = Bind(all, names);
  EXPECT_TRUE(!dear.reads_columns() && dear.reads_payload() && dear.reads_customer());
  EXPECT_EQ(dear.customer_places(),
            PlaceSet({Place::kCustomerSummary, Place::kCustomerAttributes}));
  EXPECT_TRUE(EventPredicate().empty());
  EXPECT_TRUE(EventPredicate().MatchesColumns({}, {}));
}

}  // namespace
}  // namespace rapport::filter
