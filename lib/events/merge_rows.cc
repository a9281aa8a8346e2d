// SPDX-License-Identifier: Apache-2.0
#include "lib/events/merge_rows.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/varint.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

constexpr size_t kPairsPerRow = 8192;
constexpr char kPrefix[] = "merges/";

}  // namespace

std::vector<MergeRow> EncodeMerges(std::span<const Alias> aliases) {
  std::vector<MergeRow> rows;
  for (size_t begin = 0; begin < aliases.size(); begin += kPairsPerRow) {
    char name[24];
    std::snprintf(name, sizeof name, "%s%05zu", kPrefix, rows.size());
    MergeRow& row = rows.emplace_back(MergeRow{name, ""});
    CustomerNo before = 0;
    for (size_t i = begin; i < std::min(aliases.size(), begin + kPairsPerRow); ++i) {
      PutVarint(row.bytes, aliases[i].customer_no - before);
      PutVarint(row.bytes, aliases[i].survivor_no);
      before = aliases[i].customer_no;
    }
  }
  return rows;
}

absl::Status DecodeMerges(std::string_view bytes, std::vector<Alias>& out) {
  uint64_t customer_no = 0;
  while (!bytes.empty()) {
    uint64_t step = 0;
    uint64_t survivor_no = 0;
    constexpr uint64_t kMost = std::numeric_limits<CustomerNo>::max();
    if (!GetVarint(bytes, step) || !GetVarint(bytes, survivor_no) || step == 0 ||
        step > kMost - customer_no || survivor_no > kMost) {
      return DataLoss("reports/merges", "row does not decode");
    }
    customer_no += step;
    out.push_back({static_cast<CustomerNo>(customer_no), static_cast<CustomerNo>(survivor_no)});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Alias>> ReadMerges(const store::Dataset& dataset,
                                              store::Version generation, uint32_t workspace_no) {
  std::vector<Alias> aliases;
  const auto cursor = dataset.Scan(store::DatasetId::kReports, generation,
                                   {.begin = store::ReportKey{workspace_no, kPrefix}.Encode(),
                                    .end = store::WorkspaceEnd(workspace_no)});
  for (; cursor->Valid(); cursor->Next()) {
    const auto key = store::ReportKey::Decode(cursor->Key());
    if (!key.has_value() || !key->report.starts_with(kPrefix)) break;
    RETURN_IF_ERROR(DecodeMerges(cursor->Value(), aliases));
  }
  RETURN_IF_ERROR(cursor->status());
  return aliases;
}

}  // namespace rapport::events
