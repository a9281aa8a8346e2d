// SPDX-License-Identifier: Apache-2.0
// docs/filters.md lists every field of the catalogues as they describe themselves.
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/filter/catalogue.h"

namespace rapport::filter {
namespace {

std::string TypeText(const Field& field) {
  switch (field.type) {
    case FieldType::kNumber:
      return "number";
    case FieldType::kMoney:
      return "money";
    case FieldType::kTime:
      return "time";
    case FieldType::kDate:
      return "date";
    case FieldType::kText:
      return field.repeated ? "texts" : "text";
    case FieldType::kVerbatim:
      return "long text";
    case FieldType::kWord:
    case FieldType::kTypeName:
      return "word";
    case FieldType::kCurrency:
      return "currency";
    case FieldType::kDynamic:
      return "as stored";
  }
  return "";
}

std::string RowOf(const Field& field) {
  return Cat("| `", field.path, field.dynamic ? "KEY" : "", "` | ", TypeText(field), " | ",
             field.doc, " |\n");
}

TEST(Docs, ListEveryField) {
  std::ifstream file("docs/filters.md");  // Tests run from the top of the sources.
  if (!file) GTEST_SKIP() << "docs/filters.md is not below the working directory";
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  for (const Catalogue* catalogue : {&EventCatalogue(), &CustomerCatalogue()}) {
    for (const Field& field : catalogue->fields()) {
      EXPECT_NE(page.find(RowOf(field)), std::string::npos) << "missing row:\n" << RowOf(field);
    }
  }
}

}  // namespace
}  // namespace rapport::filter
