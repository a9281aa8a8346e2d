// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/benchmarks.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/reference/field_checks.h"

namespace rapport::reference {
namespace {

constexpr size_t kMaxIndustryBytes = 63;

std::string SetId(const v1::Benchmark& benchmark) {
  std::string id;
  for (const auto* part :
       {&benchmark.metric(), &benchmark.industry(), &benchmark.source(), &benchmark.date()}) {
    id.append(*part).push_back('\0');
  }
  return id;
}

// The bits of positive numbers sort as the numbers do.
std::string RowId(const v1::Benchmark& benchmark) {
  std::string id = SetId(benchmark);
  PutBigEndian(id, std::bit_cast<uint64_t>(benchmark.percentile()));
  return id;
}

absl::Status CheckOne(const v1::Benchmark& benchmark, const std::string& field,
                      MetricCheck check_metric) {
  if (absl::Status known = check_metric(benchmark.metric()); !known.ok()) {
    return PrefixField(known, Cat(field, "."));
  }
  RETURN_IF_ERROR(
      CheckRequiredText(Cat(field, ".industry"), benchmark.industry(), kMaxIndustryBytes));
  RETURN_IF_ERROR(CheckRequiredText(Cat(field, ".source"), benchmark.source(), kMaxSourceBytes));
  RETURN_IF_ERROR(CheckDate(Cat(field, ".date"), benchmark.date()).status());
  if (!(benchmark.percentile() > 0 && benchmark.percentile() < 100)) {
    return InvalidField(Cat(field, ".percentile"), "OUT_OF_RANGE", "must lie between 0 and 100");
  }
  if (std::isfinite(benchmark.value())) return absl::OkStatus();
  return InvalidField(Cat(field, ".value"), "BAD_NUMBER", "must be finite");
}

// Within each set values do not fall as percentiles rise.
absl::Status CheckRising(const v1::ImportBenchmarksRequest& request) {
  std::map<std::string, int> by_row;
  for (int i = 0; i < request.benchmarks_size(); ++i) {
    if (by_row.emplace(RowId(request.benchmarks(i)), i).second) continue;
    return InvalidField(Cat("benchmarks[", i, "].percentile"), "DUPLICATE",
                        "comes twice in its set");
  }
  const v1::Benchmark* before = nullptr;
  for (const auto& [row, i] : by_row) {
    const v1::Benchmark& benchmark = request.benchmarks(i);
    const bool falls =
        before != nullptr && SameSet(*before, benchmark) && benchmark.value() < before->value();
    if (falls) {
      return InvalidField(Cat("benchmarks[", i, "].value"), "NOT_RISING",
                          "is below that of a lower percentile");
    }
    before = &benchmark;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckBenchmarks(const v1::ImportBenchmarksRequest& request, MetricCheck check_metric) {
  RETURN_IF_ERROR(CheckCount("benchmarks", request.benchmarks_size()));
  for (int i = 0; i < request.benchmarks_size(); ++i) {
    RETURN_IF_ERROR(CheckOne(request.benchmarks(i), Cat("benchmarks[", i, "]"), check_metric));
  }
  return CheckRising(request);
}

absl::StatusOr<std::vector<v1::Benchmark>> ReadBenchmarks(std::span<const store::Definition> rows) {
  std::vector<v1::Benchmark> benchmarks;
  benchmarks.reserve(rows.size());
  for (const store::Definition& row : rows) {
    if (!benchmarks.emplace_back().ParseFromString(row.bytes)) {
      return DataLoss("definitions", "a benchmark that does not decode");
    }
  }
  return benchmarks;
}

bool SameSet(const v1::Benchmark& a, const v1::Benchmark& b) {
  return a.metric() == b.metric() && a.industry() == b.industry() && a.source() == b.source() &&
         a.date() == b.date();
}

absl::StatusOr<BenchmarkUpdate> ReplaceBenchmarks(std::span<const v1::Benchmark> known,
                                                  const v1::ImportBenchmarksRequest& request) {
  BenchmarkUpdate update;
  std::set<std::string> sets;
  for (const v1::Benchmark& benchmark : request.benchmarks()) sets.insert(SetId(benchmark));
  update.stored = static_cast<size_t>(request.benchmarks_size());
  for (const v1::Benchmark& benchmark : known) {
    if (!sets.contains(SetId(benchmark))) {
      ++update.stored;
      continue;
    }
    update.changes.push_back({store::DefinitionKind::kBenchmark, RowId(benchmark), std::nullopt});
  }
  if (update.stored > kMaxBenchmarks) {
    return InvalidField("benchmarks", "TOO_MANY_STORED",
                        Cat("a workspace has at most ", kMaxBenchmarks, " benchmarks"));
  }
  for (const v1::Benchmark& benchmark : request.benchmarks()) {
    update.changes.push_back(
        {store::DefinitionKind::kBenchmark, RowId(benchmark), benchmark.SerializeAsString()});
  }
  return update;
}

}  // namespace rapport::reference
