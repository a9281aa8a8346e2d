// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tools/rapportctl/input.h"

namespace rapport::ctl {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;
using ::testing::ElementsAre;

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/rows_" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::vector<std::string> Split(const std::string& record, char delimiter = ',') {
  std::vector<std::string_view> fields;
  std::string scratch;
  if (!SplitCsv(record, delimiter, fields, scratch)) return {"(open)"};
  return {fields.begin(), fields.end()};
}

TEST(SplitCsv, FollowsRfc4180) {
  EXPECT_THAT(Split("a,b,c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Split(""), ElementsAre(""));
  EXPECT_THAT(Split(",,"), ElementsAre("", "", ""));
  EXPECT_THAT(Split("\"a,b\",c"), ElementsAre("a,b", "c"));
  EXPECT_THAT(Split("\"say \"\"hi\"\"\",x"), ElementsAre("say \"hi\"", "x"));
  EXPECT_THAT(Split("\"\",\"\""), ElementsAre("", ""));
  EXPECT_THAT(Split("a;b,c", ';'), ElementsAre("a", "b,c"));
}

TEST(SplitCsv, TakesOddInput) {
  EXPECT_THAT(Split("5\" nails,2"), ElementsAre("5\" nails", "2"));
  EXPECT_THAT(Split("\"a\"b,c"), ElementsAre("ab", "c"));
  EXPECT_THAT(Split("x,\"open"), ElementsAre("(open)"));
}

struct ReadBack {
  absl::Status status;
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> lines;
  std::vector<std::string> errors;
};

ReadBack ReadRows(const std::string& path, const std::vector<std::string>& wanted, bool json) {
  ReadBack back;
  auto input = Input::Open(path);
  if (!input.ok()) return {input.status(), {}, {}, {}};
  std::unique_ptr<RowReader> reader;
  if (json) {
    reader = ReadJsonLines(**input, wanted);
  } else {
    auto csv = ReadCsv(**input, {}, wanted);
    if (!csv.ok()) return {csv.status(), {}, {}, {}};
    reader = *std::move(csv);
  }
  Row row;
  while (true) {
    const auto any = reader->Next(row);
    back.status = any.status();
    if (!any.ok() || !*any) return back;
    back.lines.push_back(row.line);
    back.errors.push_back(row.error);
    back.rows.emplace_back(row.cells.begin(), row.cells.end());
    if (!row.error.empty()) back.rows.back().clear();
  }
}

TEST(ReadCsv, PicksColumnsByNameAndNumbersLines) {
  const auto path =
      WriteFile("plain.csv", "\xEF\xBB\xBFid,name,n\r\n1,Ada,7\r\n\r\n2,\"B\nC\",8\n3,D,9");
  const ReadBack back = ReadRows(path, {"n", "id"}, false);
  ASSERT_THAT(back.status, IsOk());
  EXPECT_THAT(back.rows,
              ElementsAre(ElementsAre("7", "1"), ElementsAre("8", "2"), ElementsAre("9", "3")));
  EXPECT_THAT(back.lines, ElementsAre(2, 4, 6));
}

TEST(ReadCsv, ReportsRowsOfAnotherWidthAndOpenQuotes) {
  const auto path = WriteFile("bad.csv", "id,n\n1\n2,3\n\"4,5\n6,7\n");
  const ReadBack back = ReadRows(path, {"n"}, false);
  ASSERT_THAT(back.status, IsOk());
  EXPECT_THAT(back.errors,
              ElementsAre("has 1 fields instead of 2", "", "a quoted field does not end"));
}

TEST(ReadCsv, RefusesMissingColumnsAndFiles) {
  const auto path = WriteFile("header.csv", "id,n\n1,2\n");
  EXPECT_THAT(ReadRows(path, {"price"}, false).status, FailsWith("UNKNOWN_COLUMN", "price"));
  EXPECT_THAT(ReadRows(path + ".none", {"n"}, false).status, StatusIs(absl::StatusCode::kNotFound));
}

TEST(Input, ReadsGzipAndLongLines) {
  const std::string path = ::testing::TempDir() + "/rows_long.csv.gz";
  const std::string cell(700'000, 'x');
  gzFile file = gzopen(path.c_str(), "wb");
  const std::string text = "id,cell\n1," + cell + "\n2,y\n";
  ASSERT_GT(gzwrite(file, text.data(), static_cast<unsigned>(text.size())), 0);
  gzclose(file);
  const ReadBack back = ReadRows(path, {"cell"}, false);
  ASSERT_THAT(back.status, IsOk());
  ASSERT_EQ(back.rows.size(), 2u);
  EXPECT_EQ(back.rows[0][0], cell);
  EXPECT_EQ(back.rows[1][0], "y");
}

TEST(Input, BrokenGzipIsDataLoss) {
  const std::string whole = ::testing::TempDir() + "/rows_whole.gz";
  gzFile file = gzopen(whole.c_str(), "wb");
  std::string text = "id,n\n";
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919) + ",1\n";
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  std::ifstream in(whole, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  const std::string cut = WriteFile("cut.gz", bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(ReadRows(cut, {"n"}, false).status, StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ReadJsonLines, FollowsPathsAndReportsBadLines) {
  const auto path = WriteFile("a.jsonl",
                              "{\"id\":\"1\",\"user\":{\"n\":2.5},\"ok\":true,\"no\":null}\n"
                              "[1]\n{\"id\":\n{\"id\":3}\n");
  const ReadBack back = ReadRows(path, {"id", "user.n", "ok", "no", "user.n.x"}, true);
  ASSERT_THAT(back.status, IsOk());
  EXPECT_THAT(back.rows[0], ElementsAre("1", "2.5", "true", "", ""));
  EXPECT_THAT(back.rows[3], ElementsAre("3", "", "", "", ""));
  EXPECT_THAT(back.errors, ElementsAre("", "is not a JSON object", "is not a JSON object", ""));
}

}  // namespace
}  // namespace rapport::ctl
