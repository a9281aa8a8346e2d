// SPDX-License-Identifier: Apache-2.0
#include "server/alerts.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/store/keys.h"

namespace rapport::server {
namespace {

constexpr size_t kRowsBetweenLooks = 512;

}  // namespace

absl::StatusOr<std::vector<AlertRow>> ReadAlerts(const CallContext& call, const AlertQuery& query) {
  std::vector<AlertRow> rows;
  if (query.generation == nullptr) return rows;
  store::ScanOptions options;
  options.begin =
      query.after.empty() ? store::WorkspaceBegin(query.workspace_no) : query.after + '\0';
  options.end = query.before.empty() ? store::WorkspaceEnd(query.workspace_no) : query.before;
  const auto cursor = call.env().store.dataset().Scan(store::DatasetId::kAlerts,
                                                      query.generation->generation(), options);
  for (size_t seen = 0; cursor->Valid() && rows.size() < query.limit; cursor->Next(), ++seen) {
    if (seen % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    const auto key = store::AlertKey::Decode(cursor->Key());
    if (!key.has_value()) return DataLoss("alerts", "a key that is no alert's");
    if (!query.metric.empty() && key->metric != query.metric) continue;
    AlertRow row{std::string(cursor->Key()), {}};
    if (!row.alert.ParseFromArray(cursor->Value().data(),
                                  static_cast<int>(cursor->Value().size()))) {
      return DataLoss(key->DebugString(), "does not decode");
    }
    rows.push_back(std::move(row));
  }
  RETURN_IF_ERROR(cursor->status());
  return rows;
}

}  // namespace rapport::server
