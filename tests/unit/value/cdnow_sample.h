// SPDX-License-Identifier: Apache-2.0
// The CDNOW 1/10 sample (2,357 customers) from the data folder beside the repository,
// $RAPPORT_DATA or ../shared/data. Calibration: 39 weeks to 1997-09-30; holdout: the
// 39 weeks after. Empty when the file is absent.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "lib/base/calendar.h"
#include "lib/base/money.h"
#include "lib/base/text.h"
#include "lib/value/rfm.h"

namespace rapport::value {

struct CdnowSample {
  std::vector<PurchaseHistory> histories;  // Calibration.
  std::vector<RfmValues> rfm;
  std::vector<double> holdout;  // Purchase days in the holdout period.
  size_t lines = 0;
  double order_days = 0;  // After merging, both periods.
  bool empty() const { return histories.empty(); }
};

inline constexpr double kCdnowHoldoutDays = 273;

inline std::string CdnowPath() {
  const char* root = std::getenv("RAPPORT_DATA");
  return std::string(root == nullptr ? "../shared/data" : root) +
         "/cdnow_sample/cdnow_sample.csv.gz";
}

inline std::map<std::string, std::vector<Order>> ReadCdnowOrders(const std::string& path) {
  std::map<std::string, std::vector<Order>> orders;
  const std::string command = "zcat '" + path + "'";
  const auto close = [](FILE* file) { pclose(file); };
  std::unique_ptr<FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
  char line[256];
  while (pipe != nullptr && std::fgets(line, sizeof(line), pipe.get()) != nullptr) {
    // master_customer_id,sample_id,date,number_of_cds,dollar_value
    std::string text(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    const std::vector<std::string> field = absl::StrSplit(text, ',');
    if (field.size() != 5) continue;
    const auto day = ParseDate(field[2]);
    const auto value = ParseMoney(field[4]);
    if (day.ok() && value.ok()) orders[field[0]].push_back({*day, *value});
  }
  return orders;
}

inline CdnowSample LoadCdnow() {
  CdnowSample sample;
  if (!std::filesystem::exists(CdnowPath())) return sample;
  const CivilDays as_of = DaysFromCivil({1997, 9, 30});
  const CivilDays end = as_of + static_cast<CivilDays>(kCdnowHoldoutDays);
  for (const auto& [customer, orders] : ReadCdnowOrders(CdnowPath())) {
    const auto summary = SummarizeOrders(orders, as_of);
    if (!summary.ok() || !summary->has_value()) continue;
    sample.lines += orders.size();
    sample.histories.push_back((*summary)->history);
    sample.rfm.push_back((*summary)->rfm);
    sample.holdout.push_back(CountOrderDays(orders, as_of, end));
    sample.order_days += (*summary)->rfm.orders + sample.holdout.back();
  }
  return sample;
}

}  // namespace rapport::value

// Skips the test, saying why, unless the file is there.
#define LOAD_CDNOW_OR_SKIP(name)                                                          \
  const ::rapport::value::CdnowSample name = ::rapport::value::LoadCdnow();               \
  if (name.empty()) {                                                                     \
    GTEST_SKIP() << "NOT TESTED: " << ::rapport::value::CdnowPath()                       \
                 << " is absent; set RAPPORT_DATA to the folder with the real data sets"; \
  }
