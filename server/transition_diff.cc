// SPDX-License-Identifier: Apache-2.0
#include "server/transition_diff.h"

#include <limits>
#include <memory>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/store/keys.h"

namespace rapport::server {
namespace {

constexpr int64_t kRowsBetweenLooks = 4096;

std::unique_ptr<store::Cursor> CursorOf(const CallContext& call, const TransitionDiff& diff,
                                        const store::GenerationHandle& generation,
                                        const std::string& after) {
  const store::TransitionKey newest{diff.workspace_no, std::numeric_limits<int64_t>::max(), 0};
  const store::TransitionKey beyond{diff.workspace_no, std::numeric_limits<int64_t>::min(), 0};
  // A zero byte behind a key makes the next possible one.
  const std::string begin = after.empty() ? newest.Encode() : after + std::string(1, '\0');
  return call.env().store.dataset().Scan(store::DatasetId::kTransitions, generation->generation(),
                                         {.begin = begin, .end = beyond.Encode()});
}

// Whether the base has the row under the target's cursor; moves the base's up to it.
bool HasRow(store::Cursor* base, const store::Cursor& target) {
  if (base == nullptr) return false;
  while (base->Valid() && base->Key() < target.Key()) base->Next();
  return base->Valid() && base->Key() == target.Key() && base->Value() == target.Value();
}

absl::Status Take(const store::Cursor& row, const store::TransitionKey& key,
                  const TransitionDiff& diff, TransitionDiffPage& page) {
  v1::Transition transition;
  const std::string_view bytes = row.Value();
  if (!transition.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss("transitions", "a row does not decode");
  }
  if (diff.to_stage != v1::LIFECYCLE_STAGE_UNSPECIFIED && diff.to_stage != transition.to_stage()) {
    return absl::OkStatus();
  }
  page.transitions.push_back(std::move(transition));
  page.customers.push_back(key.customer_no);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TransitionDiffPage> ReadTransitionDiff(const CallContext& call,
                                                      const TransitionDiff& diff,
                                                      const std::string& after) {
  TransitionDiffPage page;
  const auto target = CursorOf(call, diff, diff.target, after);
  const auto base = diff.base == nullptr ? nullptr : CursorOf(call, diff, diff.base, after);
  for (int64_t row = 0; target->Valid(); target->Next(), ++row) {
    if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    if (HasRow(base.get(), *target)) continue;
    const auto key = store::TransitionKey::Decode(target->Key());
    if (!key.has_value()) return DataLoss("transitions", "foreign key");
    if (key->time_micros <= diff.base_as_of) break;
    RETURN_IF_ERROR(Take(*target, *key, diff, page));
    if (page.transitions.size() < diff.page_size) continue;
    page.next = target->Key();
    return page;
  }
  RETURN_IF_ERROR(target->status());
  if (base != nullptr) RETURN_IF_ERROR(base->status());
  return page;
}

}  // namespace rapport::server
