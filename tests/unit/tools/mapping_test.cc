// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/mapping.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "tests/support/matchers.h"

namespace rapport::ctl {
namespace {

using ::rapport::testing::EqualsProto;
using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Pair;

struct Mapped {
  absl::Status status;
  std::vector<v1::Event> events;
  std::vector<int64_t> lines;
  std::vector<RefusedRow> refused;
  MappingTotals totals;
};

Mapped Map(const std::string& mapping_text, const std::string& input_text) {
  Mapped result;
  store::v1::ImportMapping mapping;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(mapping_text, &mapping));
  auto compiled = Mapping::Compile(mapping);
  result.status = compiled.status();
  if (!compiled.ok()) return result;
  const std::string path =
      Cat(::testing::TempDir(), "/mapping_",
          ::testing::UnitTest::GetInstance()->current_test_info()->name(), ".txt");
  std::ofstream(path, std::ios::binary) << input_text;
  auto input = Input::Open(path);
  const Mapping::Sink sink{.event =
                               [&](MappedEvent&& made) {
                                 result.lines.push_back(made.line);
                                 result.events.push_back(std::move(made.event));
                                 return absl::OkStatus();
                               },
                           .refused =
                               [&](const RefusedRow& row) {
                                 result.refused.push_back(row);
                                 return absl::OkStatus();
                               },
                           .keep_rows = true};
  result.status = (*compiled)->Read(**input, sink);
  if (result.status.ok()) result.status = (*compiled)->Finish(sink);
  result.totals = (*compiled)->totals();
  return result;
}

constexpr char kOrders[] = R"pb(
  time_format: "%Y-%m-%d %H:%M"
  time_zone: "Europe/Berlin"
  currency: "EUR"
  skip {
    reason: "NO_CUSTOMER"
    when { column: "who" not_empty: false }
  }
  event {
    type: "ORDER_PLACED"
    event_id: "o-{id}-{line}"
    customer_id { column: "who" }
    event_time { column: "at" }
    field {
      path: "order.order_id"
      value { column: "id" }
    }
    field {
      path: "order.amount"
      required: true
      value { column: "amount" }
    }
    property {
      path: "note"
      value { column: "note" }
    }
  })pb";

TEST(Mapping, MakesAnOrderPerLine) {
  const Mapped mapped =
      Map(kOrders, "id,who,at,amount,note\n7,c1,2026-01-02 03:04,12.345,\"a,\"\"b\"\n");
  ASSERT_THAT(mapped.status, IsOk());
  ASSERT_EQ(mapped.events.size(), 1u);
  EXPECT_THAT(mapped.events[0], EqualsProto(R"pb(
                event_id: "o-7-2"
                customer_id: "c1"
                event_time { seconds: 1767319440 }
                type: EVENT_TYPE_ORDER_PLACED
                order {
                  order_id: "7"
                  amount { micros: 12345000 currency: "EUR" }
                }
                properties {
                  key: "note"
                  value { string_value: "a,\"b" }
                })pb"));
}

TEST(Mapping, SkipsAndRefusesWithReasons) {
  const Mapped mapped = Map(kOrders,
                            "id,who,at,amount,note\n"
                            "1,,2026-01-02 03:04,1,x\n"     // No customer.
                            "2,c,2026-13-02 03:04,1,x\n"    // No such month.
                            "3,c,2026-01-02 03:04,1;5,x\n"  // No number.
                            "4,c,2026-01-02 03:04,,x\n"     // No amount.
                            "5,c,2026-01-02 03:04,0.0000001,x\n"
                            "6,c,2026-01-02 03:04,1\n");  // Too few fields.
  ASSERT_THAT(mapped.status, IsOk());
  EXPECT_TRUE(mapped.events.empty());
  EXPECT_THAT(mapped.totals.skipped, ElementsAre(Pair("NO_CUSTOMER", 1)));
  std::vector<std::string> seen;
  for (const auto& row : mapped.refused) {
    seen.push_back(Cat(row.line, " ", row.field, " ", row.reason));
  }
  EXPECT_THAT(seen, ElementsAre("3 event_time BAD_TIME", "4 order.amount BAD_NUMBER",
                                "5 order.amount MISSING_VALUE", "6 order.amount BAD_AMOUNT",
                                "7 row BAD_ROW"));
  EXPECT_EQ(mapped.refused[0].raw, "2,c,2026-13-02 03:04,1,x");
}

std::string Lines(bool adjacent) {
  return Cat(R"pb(
               time_format: "unix_seconds"
               currency: "GBP"
               event { when { column: "inv" matches: "C*" negate: true }
                       type: "ORDER_PLACED"
                       event_id: "{inv}"
                       customer_id { column: "who" }
                       event_time { column: "at" }
                       group { by: "inv" adjacent:)pb",
             adjacent, R"pb(}
                            field { path: "order.amount" sum: true value { product { left: "price" right: "n" } } }
      item { path: "product_id" value { column: "sku" } }
      item { path: "quantity" value { column: "n" } }
      item { path: "unit_price_micros" value { column: "price" } }
    }
    event {
      when { column: "inv" matches: "C*" }
      type: "ORDER_REFUNDED" event_id: "{inv}" customer_id { column: "who" }
      event_time { column: "at" }
      group { by: "inv" adjacent: )pb",
             adjacent, R"pb(}
                            field {
        path: "refund.amount" sum: true
        value { product { left: "price" right: "n" } negate: true }
      }
    })pb");
}

TEST(Mapping, GroupsAdjacentLines) {
  const Mapped mapped = Map(Lines(true),
                            "inv,who,at,sku,n,price\n"
                            "A,c,10,x,3,0.1\nA,c,11,y,2,2.55\nC9,c,20,x,-1,0.1\nB,d,30,z,1,1\n");
  ASSERT_THAT(mapped.status, IsOk());
  ASSERT_EQ(mapped.events.size(), 3u);
  EXPECT_THAT(mapped.events[0], EqualsProto(R"pb(
                event_id: "A"
                customer_id: "c"
                event_time { seconds: 10 }
                type: EVENT_TYPE_ORDER_PLACED
                order {
                  amount { micros: 5400000 currency: "GBP" }
                  items { product_id: "x" quantity: 3 unit_price_micros: 100000 }
                  items { product_id: "y" quantity: 2 unit_price_micros: 2550000 }
                })pb"));
  // A ends when B begins; the refund's own rule holds C9 until the end.
  EXPECT_THAT(mapped.lines, ElementsAre(2, 5, 4));
  EXPECT_THAT(mapped.events[2], EqualsProto(R"pb(
                event_id: "C9"
                customer_id: "c"
                event_time { seconds: 20 }
                type: EVENT_TYPE_ORDER_REFUNDED
                refund { amount { micros: 100000 currency: "GBP" } })pb"));
}

TEST(Mapping, GroupsScatteredLines) {
  const std::string rows = "inv,who,at,sku,n,price\nA,c,10,x,1,1\nB,c,11,y,1,2\nA,c,12,z,1,4\n";
  const Mapped apart = Map(Lines(false), rows);
  ASSERT_EQ(apart.events.size(), 2u);
  EXPECT_EQ(apart.events[0].order().amount().micros(), 5'000'000);
  EXPECT_EQ(apart.events[0].order().items_size(), 2);
  EXPECT_EQ(Map(Lines(true), rows).events.size(), 3u);
}

TEST(Mapping, ARefusedLineSpoilsItsGroup) {
  const Mapped mapped =
      Map(Lines(false), "inv,who,at,sku,n,price\nA,c,10,x,1,1\nA,c,10,y,one,1\nB,c,9,z,1,1\n");
  ASSERT_THAT(mapped.status, IsOk());
  ASSERT_EQ(mapped.events.size(), 1u);
  EXPECT_EQ(mapped.events[0].event_id(), "B");
  EXPECT_EQ(mapped.totals.spoiled_groups, 1);
  EXPECT_EQ(mapped.totals.refused, 1);
}

constexpr char kSurvey[] = R"pb(
  format: IMPORT_FORMAT_JSON_LINES
  event {
    event_id: "{user.id}-{line}"
    identity {
      kind: "EMAIL"
      value { column: "user.mail" }
    }
    event_time { column: "at" }
    field {
      path: "type"
      value {
        column: "kind"
        translate { key: "rec" value: "NPS_ANSWERED" }
      }
    }
    field {
      path: "channel"
      value { constant: "APP" }
    }
    field {
      path: "survey_answer.score"
      value { column: "score" scale: "10" no_answer: "99" }
    }
    property {
      path: "w"
      kind: PROPERTY_KIND_NUMBER
      value { column: "w" }
    }
    property {
      path: "old"
      kind: PROPERTY_KIND_BOOL
      value { column: "old" }
    }
  })pb";

TEST(Mapping, ReadsJsonWithTranslationScaleAndNoAnswer) {
  const Mapped mapped = Map(
      kSurvey,
      R"({"user":{"id":1,"mail":"a@b.c"},"at":"2026-01-01T00:00:00.5Z","kind":"rec","score":0.9,"w":0.25,"old":true})"
      "\n"
      R"({"user":{"id":2,"mail":"d@b.c"},"at":"2026-01-01T00:00:00Z","kind":"rec","score":99})"
      "\n"
      R"({"user":{"id":3,"mail":"e@b.c"},"at":"2026-01-01T00:00:00Z","kind":"rec","score":0.95})"
      "\n"
      R"({"user":{"id":4,"mail":"e@b.c"},"at":"2026-01-01T00:00:00Z","kind":"?","score":1})"
      "\n"
      R"({"user":{"id":5},"at":"2026-01-01T00:00:00Z","kind":"rec","score":1})");
  ASSERT_THAT(mapped.status, IsOk());
  ASSERT_EQ(mapped.events.size(), 1u);
  EXPECT_THAT(mapped.events[0], EqualsProto(R"pb(
                event_id: "1-1"
                identities { kind: IDENTITY_KIND_EMAIL value: "a@b.c" }
                event_time { seconds: 1767225600 nanos: 500000000 }
                type: EVENT_TYPE_NPS_ANSWERED
                channel: CHANNEL_APP
                survey_answer { score: 9 }
                properties {
                  key: "w"
                  value { number_value: 0.25 }
                }
                properties {
                  key: "old"
                  value { bool_value: true }
                })pb"));
  EXPECT_THAT(mapped.totals.skipped, ElementsAre(Pair("NO_ANSWER", 1)));
  ASSERT_EQ(mapped.refused.size(), 3u);
  EXPECT_EQ(mapped.refused[0].reason, "NOT_WHOLE");
  EXPECT_EQ(mapped.refused[1].field, "type");
  EXPECT_EQ(mapped.refused[1].reason, "UNKNOWN_VALUE");
  EXPECT_EQ(mapped.refused[2].field, "customer_id");
}

TEST(Mapping, ConditionsDecideWhatARowMakes) {
  const auto made = [](const std::string& when, const std::string& cell) {
    const std::string mapping =
        Cat("event { type: 'SIGNED_UP' event_id: '{line}' customer_id { constant: 'c' } "
            "event_time { constant: '2026-01-01T00:00:00Z' } when { column: 'x' ",
            when, " } }");
    return Map(mapping, Cat("x,y\n", cell, ",\n")).events.size() == 1;
  };
  EXPECT_TRUE(made("equals: 'a'", "a"));
  EXPECT_FALSE(made("equals: 'a'", "A"));
  EXPECT_TRUE(made("matches: 'C*5?'", "C12357"));
  EXPECT_FALSE(made("matches: 'C*5'", "C12357"));
  EXPECT_TRUE(made("greater: '0'", "0.01"));
  EXPECT_FALSE(made("greater: '0'", "zero"));
  EXPECT_TRUE(made("less: '-1.5'", "-1.51"));
  EXPECT_TRUE(made("not_empty: true", "x"));
  EXPECT_FALSE(made("not_empty: false", "x"));
  EXPECT_TRUE(made("one_of { value: 'p' value: 'q' }", "q"));
  EXPECT_TRUE(made("one_of { value: 'p' } negate: true", "q"));
}

TEST(Mapping, RefusesMistakesWithTheirPlace) {
  const auto status = [](const std::string& mapping) { return Map(mapping, "").status; };
  const std::string rest = "event_id: 'x' customer_id { column: 'c' } event_time { column: 't' } ";
  EXPECT_THAT(status(""), FailsWith("REQUIRED", "event"));
  EXPECT_THAT(status("delimiter: ';;' event { " + rest + "}"),
              FailsWith("BAD_DELIMITER", "delimiter"));
  EXPECT_THAT(status("time_zone: 'Mars/Olympus' event { " + rest + "}"),
              FailsWith("UNKNOWN_TIME_ZONE", "time_zone"));
  EXPECT_THAT(status("event { event_time { column: 't' } }"),
              FailsWith("REQUIRED", "event.event_id"));
  EXPECT_THAT(status("event { type: 'NOPE' " + rest + "}"), FailsWith("UNKNOWN_VALUE", "mapping"));
  EXPECT_THAT(status("event { field { path: 'order.nope' value { column: 'x' } } " + rest + "}"),
              FailsWith("UNKNOWN_FIELD", "path"));
  EXPECT_THAT(status("event { field { path: 'order' value { column: 'x' } } " + rest + "}"),
              FailsWith("UNKNOWN_FIELD", "path"));
  EXPECT_THAT(status("event { field { path: 'order.amount' value { column: 'x' } } " + rest + "}"),
              FailsWith("REQUIRED", "currency"));
  EXPECT_THAT(status("event { field { path: 'touchpoint' value { } } " + rest + "}"),
              FailsWith("REQUIRED", "value"));
  EXPECT_THAT(status("time_format: 'yesterday' event { " + rest + "}"),
              FailsWith("BAD_TIME_FORMAT", "time_format"));
  EXPECT_THAT(status("event { " + rest + " property { path: 'p' value { template: '{a' } } }"),
              FailsWith("BAD_TEMPLATE", "template"));
}

TEST(LoadMapping, NamesLineAndColumn) {
  const std::string path = ::testing::TempDir() + "/mapping_broken.textproto";
  std::ofstream(path) << "description: 'x'\nevnt { }\n";
  const auto mapping = LoadMapping(path);
  EXPECT_THAT(mapping, FailsWith("BAD_MAPPING", path));
  EXPECT_NE(mapping.status().message().find("2:"), absl::string_view::npos);
  EXPECT_THAT(LoadMapping(path + ".none"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace rapport::ctl
