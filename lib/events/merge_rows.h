// SPDX-License-Identifier: Apache-2.0
// Which customers a generation saw as one: its merges as rows of dataset reports, so that
// answers of the generation can be taken apart again after further merges.
//
// Row `merges/NNNNN`: up to 8192 pairs in order of the merged customer, each two varints:
// the merged customer less the one before (of the row; 0 at first), the survivor. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/events/sealed_events.h"

namespace rapport::events {

struct MergeRow {
  std::string report;  // Name of the report.
  std::string bytes;
};
// `aliases` sorted by customer; no rows for none.
std::vector<MergeRow> EncodeMerges(std::span<const Alias> aliases);
// Appends the pairs of a row. DataLoss for foreign bytes.
absl::Status DecodeMerges(std::string_view bytes, std::vector<Alias>& out);
// The merges of a generation, sorted.
absl::StatusOr<std::vector<Alias>> ReadMerges(const store::Dataset& dataset,
                                              store::Version generation, uint32_t workspace_no);

}  // namespace rapport::events
