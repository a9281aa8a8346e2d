// SPDX-License-Identifier: Apache-2.0
#include "server/reports.h"

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/store/keys.h"

namespace rapport::server {

absl::Status ReadReport(const Env& env, const store::Manifest& generation, uint32_t workspace_no,
                        const std::string& report, google::protobuf::Message* out) {
  const store::ReportKey key{workspace_no, report};
  const auto row =
      env.store.dataset().Get(store::DatasetId::kReports, generation.generation(), key.Encode());
  if (absl::IsNotFound(row.status())) {
    return FailedPrecondition("NO_REPORT", Cat("the published generation has no report ", report,
                                               " for this workspace: run rapport-nightly"));
  }
  RETURN_IF_ERROR(row.status());
  if (!out->ParseFromString(*row)) return DataLoss(key.DebugString(), "does not decode");
  return absl::OkStatus();
}

}  // namespace rapport::server
