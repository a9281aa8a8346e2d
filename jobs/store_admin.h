// SPDX-License-Identifier: Apache-2.0
// Admin straight on an open store, without a server: for benchmarks and tests. Folders
// are those of a server: <folder>/checkpoints/<run id> and <folder>/staging.
//
// Not thread-safe. Remembers the runs it was told of.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "jobs/admin.h"
#include "lib/base/clock.h"
#include "lib/store/generation.h"
#include "lib/store/seam.h"

namespace rapport::jobs {

class StoreAdmin final : public Admin {
 public:
  // `store` and `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<StoreAdmin>> Open(store::Store& store, const Clock& clock,
                                                          const std::string& folder);

  absl::StatusOr<v1::CreateCheckpointResponse> CreateCheckpoint(const std::string& run_id) override;
  absl::Status ReportRun(const v1::Run& run) override;
  absl::StatusOr<v1::Generation> PublishGeneration(const std::string& folder,
                                                   const std::string& run_name) override;
  absl::StatusOr<uint32_t> CurrentGeneration() override;

  store::Generations& generations() { return *generations_; }
  const std::map<std::string, v1::Run>& runs() const { return runs_; }  // Last report, by name.

 private:
  StoreAdmin(store::Store& store, const Clock& clock, std::string folder)
      : store_(store), clock_(clock), folder_(std::move(folder)) {}

  store::Store& store_;
  const Clock& clock_;
  const std::string folder_;
  std::unique_ptr<store::Generations> generations_;
  std::map<std::string, v1::Run> runs_;
};

}  // namespace rapport::jobs
