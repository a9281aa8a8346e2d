// SPDX-License-Identifier: Apache-2.0
// ListFunnelCustomers: who reached a step or left before it, by the begin of the attempt.
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/journey/funnel_reader.h"
#include "server/journey_point.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/services/journey_questions.h"
#include "server/times.h"
#include "server/top_page.h"

namespace rapport::server {
namespace {

constexpr std::string_view kMethod = "ListFunnelCustomers";

struct Listing {
  const journey::CompiledFunnel& funnel;
  int step = 0;  // From 0.
  bool dropped = false;
  std::string group;  // Only this one, if `grouped`.
  bool grouped = false;
  size_t limit = 0;
  std::optional<PagePlace> after;
};

class ListWalker {
 public:
  explicit ListWalker(const Listing& listing)
      : page(listing.limit, listing.after), listing_(listing), reader_(listing.funnel) {}

  void Customer(const JourneyPoint& point, const filter::CustomerEvents& customer,
                std::span<const uint32_t> codes) {
    if (!reader_.Open(customer)) return;
    reader_.Find(0, [&](const journey::Attempt& attempt) {
      if (!OnSide(attempt) || !InGroup(attempt, codes)) return;
      ++count;
      if (!page.Wants(attempt.start)) return;
      v1::FunnelCustomer entry;
      SetTime(attempt.start, entry.mutable_start_time());
      SetTime(attempt.reached, entry.mutable_reach_time());
      entry.set_furthest_step(attempt.furthest + 1);
      page.Offer({attempt.start, point.workspace().directory->PrimaryName(customer.customer_no), 0},
                 std::move(entry));
    });
  }
  void Merge(ListWalker&& other) {
    page.Merge(std::move(other.page));
    count += other.count;
  }

  TopPage<v1::FunnelCustomer> page;
  int64_t count = 0;

 private:
  bool OnSide(const journey::Attempt& attempt) const {
    const journey::FunnelPlan& plan = listing_.funnel.plan();
    if (plan.order == journey::Order::kAny) {
      return listing_.dropped ? attempt.furthest == listing_.step - 1
                              : attempt.furthest >= listing_.step;
    }
    return listing_.dropped ? attempt.furthest == plan.RequiredBefore(listing_.step)
                            : attempt.Took(listing_.step);
  }

  bool InGroup(const journey::Attempt& attempt, std::span<const uint32_t> codes) {
    if (!listing_.grouped) return true;
    const uint32_t code = reader_.GroupOf(attempt, codes);
    const auto [found, is_new] = in_group_.try_emplace(code, false);
    if (is_new) {
      const journey::Dimension& dimension = *listing_.funnel.dimension();
      found->second =
          dimension.Label(code, listing_.funnel.scope(), reader_.properties()) == listing_.group;
    }
    return found->second;
  }

  const Listing& listing_;
  journey::FunnelReader reader_;
  absl::flat_hash_map<uint32_t, bool> in_group_;  // By code.
};

journey::FunnelQuestion QuestionOf(const v1::ListFunnelCustomersRequest& request) {
  journey::FunnelQuestion question;
  question.funnel = request.funnel();
  question.start_date = request.start_date();
  question.end_date = request.end_date();
  question.filter = request.filter();
  question.group_by = request.group_by();
  question.attribution = request.attribution();
  question.attribution_step = request.attribution_step();
  return question;
}

absl::Status CheckListing(const v1::ListFunnelCustomersRequest& request,
                          const journey::CompiledFunnel& funnel) {
  const journey::FunnelPlan& plan = funnel.plan();
  if (plan.counting != journey::Counting::kCustomers) {
    return InvalidField("funnel.counting", "UNSUPPORTED_COUNTING", "must be CUSTOMERS for a list");
  }
  if (request.step() < 1 || request.step() > plan.steps) {
    return InvalidField("step", "OUT_OF_RANGE", Cat("must be 1 to ", plan.steps));
  }
  const bool dropped = request.side() == v1::FUNNEL_SIDE_DROPPED;
  if (dropped && (request.step() == 1 || !plan.Required(request.step() - 1))) {
    return InvalidField("side", "NOTHING_DROPPED", "DROPPED needs a required step from 2 on");
  }
  if (!v1::FunnelSide_IsValid(request.side())) {
    return InvalidField("side", "UNKNOWN_SIDE", "must be CONVERTED or DROPPED");
  }
  if (!request.group().empty() && request.group_by().empty()) {
    return InvalidField("group", "NOTHING_TO_GROUP", "needs group_by");
  }
  if (request.attribution() == v1::FUNNEL_ATTRIBUTION_ALL_STEPS) {
    return InvalidField("attribution", "UNSUPPORTED_ATTRIBUTION", "ALL_STEPS has no lists");
  }
  return absl::OkStatus();
}

// Everything but the page.
std::string BoundOf(v1::ListFunnelCustomersRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return request.SerializeAsString();
}

}  // namespace

absl::Status HandleListFunnelCustomers(CallContext& call,
                                       const v1::ListFunnelCustomersRequest& request,
                                       v1::ListFunnelCustomersResponse* response) {
  JourneyPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent(), request.view()));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  const std::string bound = BoundOf(request);
  ASSIGN_OR_RETURN(const std::string position,
                   DecodePageToken(request.page_token(), kMethod, bound));
  ASSIGN_OR_RETURN(const journey::CompiledFunnel funnel,
                   journey::CompiledFunnel::Create(QuestionOf(request), point.scope()));
  RETURN_IF_ERROR(CheckListing(request, funnel));
  Listing listing{.funnel = funnel,
                  .step = request.step() - 1,
                  .dropped = request.side() == v1::FUNNEL_SIDE_DROPPED,
                  .group = request.group(),
                  .grouped = !request.group().empty(),
                  .limit = static_cast<size_t>(page_size) + 1,
                  .after = std::nullopt};
  ASSIGN_OR_RETURN(listing.after, DecodePlace(position));
  ASSIGN_OR_RETURN(
      auto scanned,
      point.Scan<ListWalker>(
          call, NeedsOf(funnel), [&] { return std::make_unique<ListWalker>(listing); },
          [&point](auto& walker, const auto& customer, std::span<const uint32_t> codes) {
            walker.Customer(point, customer, codes);
            return absl::OkStatus();
          }));
  auto entries = scanned.first->page.Take();
  for (size_t i = 0; i < entries.size() && i < static_cast<size_t>(page_size); ++i) {
    auto& [place, entry] = entries[i];
    entry.set_customer(FormatCustomerName(point.workspace().id, place.name));
    *response->add_customers() = std::move(entry);
  }
  if (entries.size() > static_cast<size_t>(page_size)) {
    const PagePlace& last = entries[static_cast<size_t>(page_size) - 1].first;
    response->set_next_page_token(EncodePageToken(kMethod, bound, EncodePlace(last)));
  }
  response->set_total_size(scanned.first->count);
  v1::AnswerContext& context = *response->mutable_context();
  context.set_definition("funnel");
  context.set_start_date(FormatDate(funnel.ranges()[0].first_day));
  context.set_end_date(FormatDate(funnel.ranges()[0].end_day));
  context.set_sample_size(scanned.first->count);
  point.Finish(scanned.second, &context);
  return absl::OkStatus();
}

}  // namespace rapport::server
