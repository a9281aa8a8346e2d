// SPDX-License-Identifier: Apache-2.0
#include "server/customer_scan.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/events/customer_pass.h"
#include "server/customer_rows.h"

namespace rapport::server {
namespace {

class WalkerStep final : public events::PassStep {
 public:
  WalkerStep(const ReadPoint& at, const ScanNeeds& needs,
             const std::vector<CodeColumnHandle>& columns, std::unique_ptr<CustomerWalker> walker)
      : walker_(std::move(walker)),
        columns_(columns),
        rows_(at, needs.places),
        reads_customer_(!needs.places.empty()),
        codes_(columns.size()) {}

  absl::Status Customer(events::CustomerWalk& walk) override {
    ++customers;
    events += static_cast<int64_t>(walk.events().size());
    filter::CustomerEvents input{walk.customer_no(), walk.events(), nullptr, &walk};
    if (reads_customer_) {
      ASSIGN_OR_RETURN(input.customer, rows_.Load(walk.customer_no()));
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      codes_[i] = columns_[i]->CodeOf(walk.customer_no());
    }
    RETURN_IF_ERROR(walker_->Customer(input, codes_));
    return walk.status();
  }
  CustomerWalker& walker() { return *walker_; }

  int64_t customers = 0;
  int64_t events = 0;

 private:
  std::unique_ptr<CustomerWalker> walker_;
  const std::vector<CodeColumnHandle>& columns_;
  CustomerRows rows_;
  bool reads_customer_;
  std::vector<uint32_t> codes_;
};

}  // namespace

events::ScanGround GroundOfView(const ReadPoint& at, const GenerationMetrics& generation) {
  events::ScanGround ground =
      at.env.engine.GroundOf(at.generation, at.scope.workspace_no,
                             at.live() ? events::ScanExtent::kLive : events::ScanExtent::kSealed);
  // Generations before manifest format 2 did not keep theirs: those of now stand in.
  if (!at.live() && generation.has_campaigns()) ground.aliases = generation.merges();
  return ground;
}

absl::StatusOr<ScanDone> ScanWalkers(const CallContext& call, const ReadPoint& at,
                                     GenerationMetrics& generation, const ScanNeeds& needs,
                                     absl::FunctionRef<std::unique_ptr<CustomerWalker>()> make,
                                     absl::FunctionRef<absl::Status(CustomerWalker&)> merge) {
  std::vector<CodeColumnHandle> columns;
  for (const std::string& dimension : needs.dimensions) {
    ASSIGN_OR_RETURN(columns.emplace_back(), generation.Column(call, at.scope, dimension));
  }
  const events::ScanGround ground = GroundOfView(at, generation);
  events::PassOptions options;
  options.threads = kScanThreads;
  options.types = needs.types;
  options.check = [&call] { return call.Alive(); };
  options.give_up = needs.give_up;
  ScanDone done;
  ASSIGN_OR_RETURN(
      const events::PassResult pass,
      events::ScanCustomersByThread(
          ground, options, [&] { return std::make_unique<WalkerStep>(at, needs, columns, make()); },
          [&](events::PassStep& pass_step) {
            auto& step = static_cast<WalkerStep&>(pass_step);
            done.customers += step.customers;
            done.events += step.events;
            return merge(step.walker());
          }));
  done.complete = pass.complete;
  done.customers_done = pass.customers_done;
  done.customers_total = pass.customers_total;
  return done;
}

}  // namespace rapport::server
