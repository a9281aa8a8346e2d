// SPDX-License-Identifier: Apache-2.0
// Event fields that stand in columns. What `value` and `aux` hold by type is listed in
// lib/events/row.h; where 0 there means that nothing was given, the field is not set.
#include "lib/base/money.h"
#include "lib/filter/catalogue.h"
#include "lib/filter/event_types.h"
#include "lib/filter/words.h"

namespace rapport::filter {
namespace {

constexpr double kMicros = 1e6;
constexpr double kThousandths = 1e3;
constexpr double kPermilleToPercent = 10;

Field Column(std::string path, FieldType type, ColumnReading reading, std::string doc) {
  Field field;
  field.path = std::move(path);
  field.type = type;
  field.doc = std::move(doc);
  field.types = reading.types;
  field.columns.push_back(std::move(reading));
  return field;
}

Field Number(std::string path, std::vector<ColumnReading> readings, std::string doc) {
  Field field = Column(std::move(path), FieldType::kNumber, readings.front(), std::move(doc));
  for (const ColumnReading& reading : readings) field.types = field.types.Unite(reading.types);
  field.columns = std::move(readings);
  return field;
}

Field InCells(Field field) {
  field.in_cells = true;
  return field;
}
Field WithWords(Field field, const WordList& words) {
  field.words = &words;
  return field;
}
Field Named(Field field, NameKind kind) {
  field.names = kind;
  return field;
}

ColumnReading Plain(ColumnPart part) { return {TypeSet::All(), part, ColumnGuard::kNone, 1}; }
ColumnReading NotZero(ColumnPart part) { return {TypeSet::All(), part, ColumnGuard::kPositive, 1}; }

// What, where, of which sort: the fields that every type can have.
void AddGeneral(std::vector<Field>& fields) {
  Field type =
      InCells(Named(WithWords(Column("type", FieldType::kTypeName, Plain(ColumnPart::kType),
                                     "event type: a standard word, the name of a custom type, or "
                                     "`custom` for all of these; may begin or end with `*`"),
                              TypeWords()),
                    NameKind::kCustomType));
  type.repeated = true;  // A custom type is its name and `custom`.
  fields.push_back(std::move(type));
  fields.push_back(InCells(
      WithWords(Column("channel", FieldType::kWord, NotZero(ColumnPart::kChannel), "channel"),
                ChannelWords())));
  fields.push_back(InCells(
      Named(Column("touchpoint", FieldType::kText, NotZero(ColumnPart::kTouchpoint), "touchpoint"),
            NameKind::kTouchpoint)));
  fields.push_back(InCells(
      Named(Column("campaign", FieldType::kText, NotZero(ColumnPart::kCampaign), "campaign"),
            NameKind::kCampaign)));
  fields.push_back(InCells(Column("currency", FieldType::kCurrency, NotZero(ColumnPart::kCurrency),
                                  "ISO 4217 code of the event's money")));
}

void AddTimes(std::vector<Field>& fields) {
  fields.push_back(Column("time", FieldType::kTime, Plain(ColumnPart::kTime),
                          "when it happened; a date means the start of that civil day"));
  fields.push_back(InCells(Column("date", FieldType::kDate, Plain(ColumnPart::kTime),
                                  "civil day on which it happened")));
  fields.push_back(
      Column("hour", FieldType::kNumber, Plain(ColumnPart::kHour), "civil hour, 0-23"));
  fields.push_back(InCells(WithWords(
      Column("weekday", FieldType::kWord, Plain(ColumnPart::kWeekday), "civil day of the week"),
      WeekdayWords())));
}

void AddMoney(std::vector<Field>& fields) {
  const auto money = [&](std::string path, TypeSet types, ColumnPart part, std::string doc) {
    fields.push_back(Column(std::move(path), FieldType::kMoney,
                            {std::move(types), part, ColumnGuard::kHasCurrency, 1},
                            std::move(doc)));
  };
  money("amount", OrderTypes().Unite(RefundTypes()).Unite(InterestTypes()), ColumnPart::kValue,
        "what is paid, paid back, or the price of one piece, in units of the event's currency");
  money("mrr", SubscriptionTypes(), ColumnPart::kValue,
        "monthly recurring revenue after the event, in units of its currency");
  money("cost", CampaignTypes().Unite(HumanTouchTypes()), ColumnPart::kAux,
        "cost of the contact, in units of its currency");
}

std::vector<ColumnReading> ValueReadings() {
  const TypeSet money =
      OrderTypes().Unite(RefundTypes()).Unite(InterestTypes()).Unite(SubscriptionTypes());
  return {{money, ColumnPart::kValue, ColumnGuard::kHasCurrency, kMicros},
          {ScoreTypes(), ColumnPart::kValue, ColumnGuard::kNone, 1},
          {SessionTypes(), ColumnPart::kValue, ColumnGuard::kNone, kMicros},
          {ContentTypes(), ColumnPart::kValue, ColumnGuard::kPositive, kMicros},
          {HumanTouchTypes().Unite(UsageTypes()), ColumnPart::kValue, ColumnGuard::kPositive,
           kThousandths}};
}

void AddNumbers(std::vector<Field>& fields) {
  fields.push_back(
      InCells(Number("score", {{ScoreTypes(), ColumnPart::kValue, ColumnGuard::kNone, 1}},
                     "answer of a survey, rating of a review")));
  fields.push_back(
      InCells(Number("scale", {{ScoreTypes(), ColumnPart::kAux, ColumnGuard::kNone, 1}},
                     "largest possible score")));
  fields.push_back(Number("value", ValueReadings(),
                          "main number: amount, MRR, score, seconds, minutes or quantity"));
  fields.push_back(Number("items",
                          {{OrderTypes(), ColumnPart::kAuxThousands, ColumnGuard::kPositive, 1}},
                          "number of lines of an order"));
  fields.push_back(
      Number("discount",
             {{OrderTypes(), ColumnPart::kAuxRest, ColumnGuard::kHasCurrency, kPermilleToPercent}},
             "discount in percent of the list price"));
  fields.push_back(
      Number("quantity",
             {{InterestTypes(), ColumnPart::kAux, ColumnGuard::kPositive, kThousandths},
              {UsageTypes(), ColumnPart::kValue, ColumnGuard::kPositive, kThousandths}},
             "pieces of a product, how often or how much was used"));
  fields.push_back(Number("duration",
                          {{SessionTypes(), ColumnPart::kValue, ColumnGuard::kNone, kMicros},
                           {ContentTypes(), ColumnPart::kValue, ColumnGuard::kPositive, kMicros}},
                          "length of a session or of reading, seconds"));
  fields.push_back(Number("pages", {{SessionTypes(), ColumnPart::kAux, ColumnGuard::kPositive, 1}},
                          "pages or screens of a session"));
  fields.push_back(Number(
      "minutes", {{HumanTouchTypes(), ColumnPart::kValue, ColumnGuard::kPositive, kThousandths}},
      "minutes that a person gave"));
}

}  // namespace

std::vector<Field> EventColumnFields() {
  std::vector<Field> fields;
  AddGeneral(fields);
  AddTimes(fields);
  AddMoney(fields);
  AddNumbers(fields);
  return fields;
}

}  // namespace rapport::filter
