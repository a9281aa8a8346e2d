// SPDX-License-Identifier: Apache-2.0
// The work of `rapportctl import`: files through a mapping into a stream, with a reject
// file and a resume file.
//
// The resume file counts acknowledged events; a second run with the same mapping, files
// and workspace reads the input again without sending those. Even without it nothing is
// stored twice, because events carry ids. A reject may be listed twice after a resume.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "rapport/store/v1/import_mapping.pb.h"
#include "tools/rapportctl/client.h"
#include "tools/rapportctl/mapping.h"
#include "tools/rapportctl/progress.h"
#include "tools/rapportctl/stream.h"

namespace rapport::ctl {

struct ImportOptions {
  std::string workspace;
  std::vector<std::string> files;
  std::string rejects_path;  // Empty: none.
  std::string resume_path;   // Empty: none.
  size_t batch_size = 1000;
  size_t window = 8;
  bool dry_run = false;  // Read and map, send nothing.
};

struct ImportSummary {
  MappingTotals mapping;
  SendTotals sent;
  int64_t resumed_events = 0;
  int64_t rejects = 0;                            // By mapping and by server.
  std::map<std::string, int64_t> reject_reasons;  // "reason field".
};

// `connection` may be null for a dry run. Errors: the mapping's, the files', the server's.
absl::StatusOr<ImportSummary> Import(Connection* connection,
                                     const store::v1::ImportMapping& mapping,
                                     const ImportOptions& options, ProgressBar& progress,
                                     const std::function<int64_t()>& now_micros);

}  // namespace rapport::ctl
