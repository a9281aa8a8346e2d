// SPDX-License-Identifier: Apache-2.0
// What scans group and filter customers by, of all customers of a workspace as one
// generation has them: a code per customer and dimension, 0 for none.
//
// Stage, value tier, RFM segment, cohort and acquisition channel come from one scan of the
// facts (about 2 s a million customers) and take 6 bytes a customer; each attribute that is
// asked for takes another scan (of the customer records) and 4 bytes. Immutable once
// loaded and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/text.h"
#include "lib/store/generation.h"
#include "server/call_context.h"
#include "server/workspaces.h"

namespace rapport::server {

// Codes by customer number; whoever stands above has none.
class CodeColumn {
 public:
  virtual ~CodeColumn() = default;
  virtual uint32_t CodeOf(uint32_t customer_no) const = 0;
  virtual std::string Label(uint32_t code) const = 0;  // Not of code 0.
};
using CodeColumnHandle = std::shared_ptr<const CodeColumn>;

// The columns of facts by dimension: `stage`, `value_tier`, `rfm_segment`, `cohort`,
// `acquisition_channel`. Without a generation they are empty.
absl::StatusOr<TextMap<CodeColumnHandle>> LoadFactColumns(
    const CallContext& call, const WorkspaceScope& scope,
    const store::GenerationHandle& generation);
// The column of `attribute.KEY`.
absl::StatusOr<CodeColumnHandle> LoadAttributeColumn(const CallContext& call,
                                                     const WorkspaceScope& scope,
                                                     std::string_view key);

}  // namespace rapport::server
