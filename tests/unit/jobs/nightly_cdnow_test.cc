// SPDX-License-Identifier: Apache-2.0
// The published value models come out of a whole nightly run: CDNOW, 39 weeks.
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_split.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

std::string CdnowPath() {
  const char* root = std::getenv("RAPPORT_DATA");
  return Cat(root == nullptr ? "../shared/data" : root, "/cdnow_sample/cdnow_sample.csv.gz");
}

// master_customer_id,sample_id,date,number_of_cds,dollar_value
std::vector<events::EventRow> ReadCdnow(const std::string& path) {
  std::vector<events::EventRow> rows;
  std::map<std::string, uint32_t> numbers;
  const auto closing = [](FILE* file) { pclose(file); };
  const std::unique_ptr<FILE, decltype(closing)> pipe(popen(Cat("zcat '", path, "'").c_str(), "r"),
                                                      closing);
  char line[256];
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe.get()) != nullptr) {
    std::vector<std::string> field = absl::StrSplit(line, absl::ByAnyChar(",\r\n"));
    if (field.size() < 5) continue;
    const auto day = ParseDate(field[2]);
    const auto value = ParseMoney(field[4]);
    if (!day.ok() || !value.ok()) continue;
    const auto number =
        numbers.try_emplace(field[1], static_cast<uint32_t>(numbers.size() + 1)).first->second;
    rows.push_back(OrderRow(number, *day * kMicrosPerDay + kMicrosPerDay / 2, *value, "USD"));
  }
  return rows;
}

double Parameter(const google::protobuf::RepeatedPtrField<v1::Parameter>& parameters,
                 const std::string& name) {
  for (const auto& parameter : parameters) {
    if (parameter.name() == name) return parameter.value();
  }
  ADD_FAILURE() << "no parameter " << name;
  return 0;
}

TEST(NightlyCdnow, FitsThePublishedModels) {
  const std::string path = CdnowPath();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "NOT TESTED: " << path << " is absent";
  const auto rows = ReadCdnow(path);
  ASSERT_EQ(rows.size(), 6919u);
  Shop shop("cdnow");
  v1::Workspace workspace = TestWorkspace();
  workspace.set_time_zone("UTC");
  workspace.set_base_currency("USD");
  workspace.mutable_value_settings()->set_purchase_model("bg_nbd");  // Auto takes MBG/NBD.
  shop.PutWorkspace(workspace);
  shop.Log(rows);
  NightlyOptions options;
  RAPPORT_ASSERT_OK_AND_ASSIGN(options.as_of, ParseTime("1997-09-30T23:59:59Z"));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::Run run, shop.Night(options));
  EXPECT_EQ(run.customer_count(), 2357);

  const v1::ValueModel& model = shop.Current()->models().at(1).value_model();
  EXPECT_NEAR(Parameter(model.purchase_parameters(), "r"), .2425945, 5e-6);
  EXPECT_NEAR(Parameter(model.purchase_parameters(), "alpha"), 4.413602, 5e-5);
  EXPECT_NEAR(Parameter(model.purchase_parameters(), "a"), .792922, 5e-5);
  EXPECT_NEAR(Parameter(model.purchase_parameters(), "b"), 2.425907, 2e-4);
  EXPECT_NEAR(model.purchase_log_likelihood(), -9582.4292067, 1e-5);
  EXPECT_NEAR(Parameter(model.spend_parameters(), "p"), 6.249572, 5e-4);
  EXPECT_NEAR(Parameter(model.spend_parameters(), "q"), 3.744225, 5e-4);
  EXPECT_NEAR(Parameter(model.spend_parameters(), "gamma"), 15.443521, 5e-3);
  EXPECT_EQ(model.customer_count(), 2357);
  EXPECT_EQ(model.repeater_count(), 946);
  EXPECT_TRUE(model.converged());
}

}  // namespace
}  // namespace rapport::jobs
