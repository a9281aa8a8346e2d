// SPDX-License-Identifier: Apache-2.0
#include "lib/events/scan_ground.h"

#include <algorithm>

#include "lib/events/engine_state.h"

namespace rapport::events {

CustomerNo Survivor(const ScanGround& ground, CustomerNo customer_no) {
  const auto found = std::ranges::lower_bound(ground.aliases, customer_no, {}, &Alias::customer_no);
  const bool merged = found != ground.aliases.end() && found->customer_no == customer_no;
  return merged ? found->survivor_no : customer_no;
}

std::vector<CustomerNo> CustomersOfTail(const ScanGround& ground) {
  std::vector<CustomerNo> customers;
  const TailSlice& slice = ground.tail;
  if (slice.tail == nullptr) return customers;
  const CustomerNo end = ground.last_customer_no + 1;
  for (CustomerNo at = slice.tail->NextWithEvents(0, end); at < end;
       at = slice.tail->NextWithEvents(at + 1, end)) {
    if (slice.tail->HasEvents(at, slice.after, slice.last)) {
      customers.push_back(Survivor(ground, at));
    }
  }
  std::ranges::sort(customers);
  customers.erase(std::ranges::unique(customers).begin(), customers.end());
  return customers;
}

ScanGround Engine::GroundOf(const store::GenerationHandle& generation, uint32_t workspace_no,
                            ScanExtent extent) const {
  const View view = state_->CurrentView();
  ScanGround ground;
  ground.dataset = &state_->store.dataset();
  ground.log = &state_->store.log();
  ground.workspace_no = workspace_no;
  // As in TailEvents: the caller's generation, unless the tails begin after it.
  const bool fits = extent == ScanExtent::kSealed || view.tails->base <= SequenceOf(generation) ||
                    (view.retired != nullptr && view.retired->base <= SequenceOf(generation));
  ground.generation = fits ? generation : view.generation;
  if (ground.generation != nullptr) {
    ground.segments.assign(ground.generation->segments().begin(),
                           ground.generation->segments().end());
  }
  if (extent == ScanExtent::kSealed) {
    ground.until = generation == nullptr ? 0 : generation->as_of_micros();
  } else {
    const store::Sequence after = SequenceOf(ground.generation);
    const TailSet& tails = TailsFor(view, after);
    if (workspace_no < tails.by_workspace.size()) {
      ground.tail = {tails.by_workspace[workspace_no], after, 0};
    }
    if (ground.tail.tail != nullptr) ground.tail.last = ground.tail.tail->count();
  }
  const Workspace* workspace = state_->Find(workspace_no);
  if (workspace == nullptr) return ground;
  // Merges after the tail's end, so that whoever has events is known.
  ground.last_customer_no = workspace->directory->last_customer_no();
  for (const auto& [merged, survivor] : workspace->directory->AllMerges()) {
    ground.aliases.push_back({merged, survivor});
  }
  return ground;
}

}  // namespace rapport::events
