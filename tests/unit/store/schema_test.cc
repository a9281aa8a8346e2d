// SPDX-License-Identifier: Apache-2.0
// docs/storage.md and the code name the same families with the same keys, and the codecs
// are as wide as the grammar says.
#include "lib/store/schema.h"

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"

namespace rapport::store {
namespace {

std::string Trimmed(std::string text) {
  const auto first = text.find_first_not_of(" `");
  const auto last = text.find_last_not_of(" `");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(Trimmed(cell));
  return cells;
}

// The rows of the table whose header starts with "| family |".
std::vector<std::vector<std::string>> DocumentedFamilies() {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in("docs/storage.md");
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| family |")) {
      inside = true;
    } else if (inside && !line.starts_with("|")) {
      break;
    } else if (inside && !line.starts_with("|--")) {
      rows.push_back(Cells(line));
    }
  }
  return rows;
}

TEST(Schema, TheDocumentSaysTheSame) {
  const auto rows = DocumentedFamilies();
  ASSERT_EQ(rows.size(), Families().size()) << "run from the source root";
  for (size_t i = 0; i < rows.size(); ++i) {
    const FamilySpec& family = Families()[i];
    const std::vector<std::string> expected = {
        std::string(family.name), std::string(family.key), std::string(family.value),
        std::string(family.retention), std::string(family.writes)};
    EXPECT_EQ(rows[i], expected);
  }
}

// Bytes of the fixed fields of a dataset's key, without the version.
size_t FixedWidth(std::string_view grammar) {
  size_t bytes = 0;
  std::stringstream in{std::string(grammar)};
  for (std::string field; in >> field;) {
    const auto colon = field.find(':');
    if (field.substr(0, colon) == "version" || field.ends_with(":bytes")) continue;
    bytes += static_cast<size_t>(std::stoi(field.substr(colon + 2))) / 8;
  }
  return bytes;
}

TEST(Schema, CodecsAreAsWideAsTheGrammar) {
  const std::map<std::string_view, size_t> widths = {
      {"event_blocks", BlockKey{}.Encode().size()},
      {"event_payloads", BlockKey{}.Encode().size()},
      {"event_ids", IdChunkKey{}.Encode().size()},
      {"folds", CustomerKey{}.Encode().size()},
      {"facts", CustomerKey{}.Encode().size()},
      {"series", SeriesKey{}.Encode().size()},
      {"reports", ReportKey{}.Encode().size()},
      {"transitions", TransitionKey{}.Encode().size()},
      {"alerts", AlertKey{}.Encode().size()},
      {"segments", SegmentKey{}.Encode().size()},
      {"standings", StandingKey{}.Encode().size()}};
  for (const DatasetId id : kAllDatasets) {
    const FamilySpec& family = Families()[1 + std::size(kAllTables) + static_cast<size_t>(id)];
    EXPECT_EQ(family.name, DatasetName(id));
    EXPECT_EQ(FixedWidth(family.key), widths.at(family.name)) << family.name;
  }
}

TEST(Schema, TablesAreNamedInOrder) {
  EXPECT_EQ(TableName(TableId::kIdentities), "identities");
  EXPECT_EQ(TableName(TableId::kCustomers), "customers");
  EXPECT_EQ(TableName(TableId::kDictionary), "dictionary");
  EXPECT_EQ(TableName(TableId::kWorkspaces), "workspaces");
  EXPECT_EQ(TableName(TableId::kRuns), "runs");
  EXPECT_EQ(TableName(TableId::kPointers), "pointers");
  EXPECT_EQ(TableName(TableId::kDefinitions), "definitions");
}

}  // namespace
}  // namespace rapport::store
