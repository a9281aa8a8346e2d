// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/importer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/tools/fake_connection.h"

namespace rapport::ctl {
namespace {

using ::rapport::testing::FailsWith;

constexpr char kMapping[] = R"pb(
  time_format: "unix_seconds"
  currency: "EUR"
  event {
    type: "ORDER_PLACED"
    event_id: "o{id}"
    customer_id { column: "who" }
    event_time { column: "at" }
    field {
      path: "order.amount"
      value { column: "amount" }
    }
  })pb";

class ImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kMapping, &mapping_));
    folder_ = Cat(::testing::TempDir(), "/import_",
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.workspace = "workspaces/w";
    options_.files = {Path("in.csv")};
    options_.rejects_path = Path("rejects.csv");
    options_.batch_size = 3;
    options_.window = 2;
  }
  std::string Path(const std::string& name) const { return Cat(folder_, "/", name); }
  void WriteRows(int count) {
    std::ofstream file(Path("in.csv"));
    file << "id,who,at,amount\n";
    for (int i = 0; i < count; ++i) file << i << ",c" << i % 5 << "," << 100 + i << ",1.5\n";
  }
  absl::StatusOr<ImportSummary> Run() {
    FakeConnection connection(server_);
    std::ostringstream err;
    const std::function<int64_t()> now = [this] { return now_micros_ += 600'000; };
    ProgressBar progress(err, Terminal{}, "rows", 0);
    return Import(&connection, mapping_, options_, progress, now);
  }
  std::string Rejects() const {
    std::ifstream file(Path("rejects.csv"));
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  store::v1::ImportMapping mapping_;
  FakeServer server_;
  ImportOptions options_;
  std::string folder_;
  int64_t now_micros_ = 0;
};

TEST_F(ImportTest, StoresAllAndCounts) {
  WriteRows(10);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto summary, Run());
  EXPECT_EQ(summary.mapping.rows, 10);
  EXPECT_EQ(summary.sent.accepted, 10);
  EXPECT_EQ(summary.sent.batches, 4);
  EXPECT_EQ(summary.rejects, 0);
  EXPECT_EQ(Rejects(), "file,line,field,reason,message,row\n");
}

TEST_F(ImportTest, WritesRejectsOfMappingAndServer) {
  WriteRows(4);
  std::ofstream(Path("in.csv"), std::ios::app) << "x,\"c,1\",soon,1\n";
  server_.refused_ids = {"o2"};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto summary, Run());
  EXPECT_EQ(summary.rejects, 2);
  EXPECT_EQ(summary.sent.accepted, 3);
  const std::string rejects = Rejects();
  EXPECT_NE(rejects.find("in.csv,6,event_time,BAD_TIME,"), std::string::npos) << rejects;
  EXPECT_NE(rejects.find("\"x,\"\"c,1\"\",soon,1\""), std::string::npos) << rejects;
  EXPECT_NE(rejects.find("in.csv,4,order.amount,BAD,is refused,\"2,c2,102,1.5\""),
            std::string::npos)
      << rejects;
}

TEST_F(ImportTest, ResumingAfterTheEndSendsNothing) {
  WriteRows(20);
  options_.resume_path = Path("state");
  server_.break_every = 5;
  server_.refused_ids = {"o1"};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto first, Run());
  EXPECT_EQ(first.sent.accepted, 19);
  // The reject is still known.
  const int batches = server_.batches;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto second, Run());
  EXPECT_EQ(second.resumed_events, 20);
  EXPECT_EQ(second.sent.batches, 0);
  EXPECT_EQ(second.rejects, 1);
  EXPECT_EQ(server_.batches, batches);
  // More rows in the file make it another import.
  WriteRows(21);
  EXPECT_THAT(Run(), FailsWith("RESUME_MISMATCH", ""));
}

TEST_F(ImportTest, ResumesInTheMiddle) {
  WriteRows(20);
  options_.resume_path = Path("state");
  RAPPORT_ASSERT_OK(Run());
  // Pretend that only the first seven events were acknowledged.
  std::ifstream file(Path("state"));
  std::string fingerprint;
  file >> fingerprint;
  file.close();
  std::ofstream(Path("state")) << fingerprint << " 7 0\n";
  server_.stored.clear();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto summary, Run());
  EXPECT_EQ(summary.resumed_events, 7);
  EXPECT_EQ(summary.sent.accepted, 13);
  EXPECT_FALSE(server_.stored.contains("o6"));
  EXPECT_TRUE(server_.stored.contains("o7"));
}

TEST_F(ImportTest, ADryRunSendsNothing) {
  WriteRows(5);
  options_.dry_run = true;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto summary, Run());
  EXPECT_EQ(summary.mapping.events, 5);
  EXPECT_EQ(server_.streams, 0);
}

}  // namespace
}  // namespace rapport::ctl
