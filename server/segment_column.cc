// SPDX-License-Identifier: Apache-2.0
#include "server/segment_column.h"

#include <memory>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/segment_point.h"

namespace rapport::server {
namespace {

class SegmentColumn final : public CodeColumn {
 public:
  SegmentColumn(std::string_view id, segments::Bitmap members)
      : id_(id), members_(std::move(members)) {}
  uint32_t CodeOf(uint32_t customer_no) const override { return members_.Has(customer_no) ? 1 : 0; }
  std::string Label(uint32_t) const override { return id_; }

 private:
  const std::string id_;
  const segments::Bitmap members_;
};

}  // namespace

absl::StatusOr<CodeColumnHandle> LoadSegmentColumn(const CallContext& call,
                                                   const WorkspaceScope& scope,
                                                   std::string_view id) {
  ASSIGN_OR_RETURN(ScopeHandle handle, call.env().workspaces.Find(scope.id));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(handle), id));
  ASSIGN_OR_RETURN(auto members, NightMembers(*point, id));
  return std::make_shared<const SegmentColumn>(id, std::move(members));
}

}  // namespace rapport::server
