// SPDX-License-Identifier: Apache-2.0
#include "server/services/segment_members.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/segment_point.h"
#include "server/times.h"

namespace rapport::server {
namespace {

constexpr char kAsItStands[] =
    "Filters on customers look at each customer as it stands now, also for moments in the past.";

// As of a moment, by evaluation.
void FillMoment(const SegmentPoint& point, TimeMicros moment, v1::AnswerContext* context) {
  FillContext(point.at(), context);
  SetTime(moment, context->mutable_as_of());
  context->set_definition("segment");
  const bool by_customer = !point.rules().NeedsOf(point.segment()).customer.empty();
  if (by_customer && moment < point.at().now) context->add_notes(kAsItStands);
}

// As of the night.
void FillNight(const SegmentPoint& point, v1::AnswerContext* context) {
  const ReadPoint night{point.at().env, point.scope(), point.generation(), v1::VIEW_NIGHTLY,
                        point.at().now};
  FillContext(night, context);
  context->set_definition("segment");
}

void SetCount(int64_t count, int64_t universe, v1::SegmentCount& out) {
  out.set_customer_count(count);
  out.set_universe(universe);
  out.mutable_context()->set_sample_size(universe);
  if (universe > 0) {
    out.set_share(static_cast<double>(count) / static_cast<double>(universe));
  }
}

void SetScan(const SegmentPoint& point, const SegmentScan& scan, TimeMicros moment,
             v1::SegmentCount& out) {
  FillMoment(point, moment, out.mutable_context());
  SetCount(static_cast<int64_t>(scan.members.size()), scan.universe, out);
  out.set_partial(!scan.complete);
  if (!scan.complete) {
    out.mutable_context()->add_notes(
        "The time for the answer ran out: it counts the customers looked at so far.");
  }
}

// The moment asked for; now by default.
absl::StatusOr<TimeMicros> MomentOf(const SegmentPoint& point,
                                    const google::protobuf::Timestamp* asked) {
  if (asked == nullptr) return point.at().now;
  const TimeMicros moment = MicrosOf(*asked);
  if (moment > point.at().now) return InvalidField("as_of", "IN_FUTURE", "must not be after now");
  return moment;
}

absl::StatusOr<v1::SegmentCustomer> MemberOf(const SegmentPoint& point, CustomerNo customer_no) {
  v1::SegmentCustomer member;
  member.set_customer(
      CustomerResource(point.scope(), point.scope().directory->Resolve(customer_no)));
  v1::CustomerFacts facts;
  ASSIGN_OR_RETURN(const bool known, ReadFacts(point.at(), customer_no, &facts));
  if (!known) return member;
  if (facts.value().has_historic()) *member.mutable_historic_value() = facts.value().historic();
  if (facts.value().has_predicted()) *member.mutable_predicted_value() = facts.value().predicted();
  member.set_stage(facts.lifecycle().stage());
  member.set_rfm_segment(facts.rfm().segment());
  return member;
}

// Members in the generation's order of value; those it does not know come last.
absl::StatusOr<std::vector<CustomerNo>> ByValue(const SegmentPoint& point,
                                                const segments::Bitmap& members) {
  std::vector<CustomerNo> ordered;
  segments::Bitmap left = members;
  if (const auto rows = point.Rows(); rows.has_value()) {
    const auto visit = [&](CustomerNo customer_no) {
      const CustomerNo survivor = point.scope().directory->Resolve(customer_no);
      if (!left.Has(survivor)) return;
      left.Remove(survivor);
      ordered.push_back(survivor);
    };
    RETURN_IF_ERROR(rows->ForEachByValue(visit));
  }
  left.ForEach([&](uint32_t customer_no) { ordered.push_back(customer_no); });
  return ordered;
}

// Where a page of members begins, and its members.
struct MemberPage {
  std::vector<CustomerNo> customers;
  uint64_t next = 0;  // Position of the following page; 0: none.
  int64_t total = 0;
};

absl::StatusOr<uint64_t> ParsePosition(std::string_view position) {
  uint64_t number = 0;
  if (!position.empty() && !GetVarint(position, number)) return Internal("page position");
  return number;
}

// From the night's bitmaps: positions are places by value, or customer numbers.
absl::StatusOr<MemberPage> NightPage(const SegmentPoint& point, bool by_value, uint64_t position,
                                     size_t size) {
  const auto row = by_value ? store::SegmentRow::kRanked : store::SegmentRow::kMembers;
  const auto rows = point.Rows();
  ASSIGN_OR_RETURN(const segments::Bitmap set,
                   rows->Set(row, point.book().number(point.segment())));
  MemberPage page;
  page.total = static_cast<int64_t>(set.size());
  std::vector<uint32_t> found = set.From(static_cast<uint32_t>(position), size + 1);
  if (found.size() > size) {
    page.next = found.back();
    found.pop_back();
  }
  page.customers = std::move(found);
  if (by_value) {
    ASSIGN_OR_RETURN(page.customers, rows->CustomersAt(page.customers));
  }
  return page;
}

// From an evaluation: positions count members.
absl::StatusOr<MemberPage> ScannedPage(const SegmentPoint& point, const segments::Bitmap& members,
                                       bool by_value, uint64_t position, size_t size) {
  MemberPage page;
  page.total = static_cast<int64_t>(members.size());
  std::vector<CustomerNo> all;
  if (by_value) {
    ASSIGN_OR_RETURN(all, ByValue(point, members));
  } else {
    all = members.From(0, members.size());
  }
  const size_t begin = std::min<size_t>(position, all.size());
  const size_t end = std::min(all.size(), begin + size);
  page.customers.assign(all.begin() + static_cast<std::ptrdiff_t>(begin),
                        all.begin() + static_cast<std::ptrdiff_t>(end));
  if (end < all.size()) page.next = end;
  return page;
}

// A list as it stands, which the night may not have seen.
bool IsFreshList(const SegmentPoint& point) { return point.rules().is_list(point.segment()); }

}  // namespace

absl::Status HandleCountSegment(CallContext& call, const v1::CountSegmentRequest& request,
                                v1::SegmentCount* response) {
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::OpenName(call, request.name()));
  response->set_segment(request.name());
  std::optional<store::v1::SegmentNight> night;
  if (!request.has_as_of() && request.view() != v1::VIEW_LIVE) {
    ASSIGN_OR_RETURN(night, point->Night(point->segment()));
  }
  if (night.has_value()) {
    FillNight(*point, response->mutable_context());
    SetCount(night->figures().customer_count(), night->figures().universe(), *response);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const TimeMicros moment,
                   MomentOf(*point, request.has_as_of() ? &request.as_of() : nullptr));
  SegmentScan scan;
  if (request.has_as_of()) {
    ASSIGN_OR_RETURN(scan, ScanSegment(call, *point, moment));
  } else {
    ASSIGN_OR_RETURN(scan, ScanSegmentLive(call, *point));
  }
  SetScan(*point, scan, moment, *response);
  if (!request.has_as_of() && request.view() != v1::VIEW_LIVE) {
    response->mutable_context()->add_notes("No night has seen this definition: as of now.");
  }
  return absl::OkStatus();
}

absl::Status HandleListSegmentCustomers(CallContext& call,
                                        const v1::ListSegmentCustomersRequest& request,
                                        v1::ListSegmentCustomersResponse* response) {
  constexpr std::string_view kMethod = "ListSegmentCustomers";
  const bool by_value = request.order_by().empty() || request.order_by() == "value";
  if (!by_value && request.order_by() != "number") {
    return InvalidField("order_by", "UNKNOWN_ORDER", "must be value or number");
  }
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::OpenName(call, request.name()));
  ASSIGN_OR_RETURN(const auto night, point->Night(point->segment()));
  // Positions mean something in one generation and definition alone.
  const std::string bound =
      Cat(request.name(), "\n", by_value, "\n", night ? night->figures().generation() : "", "\n",
          point->rules().Fingerprint(point->segment()));
  const auto token = DecodePageToken(request.page_token(), kMethod, bound);
  RETURN_IF_ERROR(token.status());
  ASSIGN_OR_RETURN(const uint64_t position, ParsePosition(*token));
  const auto size = static_cast<size_t>(page_size);
  MemberPage page;
  if (night.has_value()) {
    ASSIGN_OR_RETURN(page, NightPage(*point, by_value, position, size));
    FillNight(*point, response->mutable_context());
  } else {
    segments::Bitmap members;
    if (IsFreshList(*point)) {
      members = point->book().list(point->segment());
    } else {
      ASSIGN_OR_RETURN(SegmentScan scan, ScanSegment(call, *point, point->at().now));
      members = std::move(scan.members);
    }
    ASSIGN_OR_RETURN(page, ScannedPage(*point, members, by_value, position, size));
    FillMoment(*point, point->at().now, response->mutable_context());
    response->mutable_context()->add_notes("No night has seen this definition: as of now.");
  }
  for (const CustomerNo customer_no : page.customers) {
    ASSIGN_OR_RETURN(*response->add_customers(), MemberOf(*point, customer_no));
  }
  response->set_total_size(page.total);
  response->mutable_context()->set_sample_size(page.total);
  if (page.next > 0) {
    std::string next;
    PutVarint(next, page.next);
    response->set_next_page_token(EncodePageToken(kMethod, bound, next));
  }
  return absl::OkStatus();
}

absl::Status HandleTestSegment(CallContext& call, const v1::TestSegmentRequest& request,
                               v1::SegmentTest* response) {
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::OpenName(call, request.name()));
  ASSIGN_OR_RETURN(const CustomerName customer, ParseCustomerName(request.customer(), "customer"));
  if (customer.workspace != point->scope().id) {
    return InvalidField("customer", "OTHER_WORKSPACE", "must be of the segment's workspace");
  }
  ASSIGN_OR_RETURN(const CustomerNo customer_no, FindCustomer(point->scope(), customer.customer));
  ASSIGN_OR_RETURN(const TimeMicros moment,
                   MomentOf(*point, request.has_as_of() ? &request.as_of() : nullptr));
  ASSIGN_OR_RETURN(*response->mutable_check(), ExplainMember(call, *point, customer_no, moment));
  response->set_member(response->check().holds());
  FillMoment(*point, moment, response->mutable_context());
  response->mutable_context()->set_sample_size(1);
  return absl::OkStatus();
}

absl::Status HandlePreviewSegment(CallContext& call, const v1::PreviewSegmentRequest& request,
                                  v1::SegmentPreview* response) {
  constexpr int32_t kMostShown = 100;
  if (request.sample_size() < 0 || request.sample_size() > kMostShown) {
    return InvalidField("sample_size", "OUT_OF_RANGE", Cat("must be 0 to ", kMostShown));
  }
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const auto point,
                   SegmentPoint::OpenRule(call, std::move(scope), request.rule(), "rule"));
  ASSIGN_OR_RETURN(const TimeMicros moment,
                   MomentOf(*point, request.has_as_of() ? &request.as_of() : nullptr));
  ASSIGN_OR_RETURN(const SegmentScan scan, ScanSegment(call, *point, moment));
  SetScan(*point, scan, moment, *response->mutable_count());
  response->set_rule(point->rules().Describe(point->segment()));
  if (request.sample_size() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const MemberPage page, ScannedPage(*point, scan.members, true, 0,
                                                      static_cast<size_t>(request.sample_size())));
  for (const CustomerNo customer_no : page.customers) {
    ASSIGN_OR_RETURN(*response->add_customers(), MemberOf(*point, customer_no));
  }
  return absl::OkStatus();
}

absl::Status HandleListSegmentChanges(CallContext& call,
                                      const v1::ListSegmentChangesRequest& request,
                                      v1::ListSegmentChangesResponse* response) {
  constexpr std::string_view kMethod = "ListSegmentChanges";
  if (!v1::SegmentChangeKind_IsValid(request.kind())) {
    return InvalidField("kind", "UNKNOWN_VALUE", "is not known");
  }
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::OpenName(call, request.name()));
  const auto rows = point->Rows();
  if (!rows.has_value()) return NoGeneration();
  const std::string bound =
      Cat(request.name(), "\n", request.kind(), "\n", point->generation()->generation());
  const auto token = DecodePageToken(request.page_token(), kMethod, bound);
  RETURN_IF_ERROR(token.status());
  std::string_view rest = *token;
  uint64_t row_no = 0;
  uint64_t first = 0;  // In that row.
  if (!token->empty() && (!GetVarint(rest, row_no) || !GetVarint(rest, first))) {
    return Internal("page position");
  }
  const auto add = [&](uint64_t position,
                       const store::v1::SegmentChanges& row) -> absl::StatusOr<bool> {
    RETURN_IF_ERROR(call.Alive());
    const uint64_t begin = position == row_no ? first : 0;
    for (auto i = static_cast<int>(begin); i < row.customers_size(); ++i) {
      const auto kind =
          (row.flags(i) & 1) != 0 ? v1::SEGMENT_CHANGE_KIND_ENTERED : v1::SEGMENT_CHANGE_KIND_LEFT;
      if (request.kind() != v1::SEGMENT_CHANGE_KIND_UNSPECIFIED && request.kind() != kind) continue;
      if (response->changes_size() == page_size) {
        std::string next;
        PutVarint(next, position);
        PutVarint(next, static_cast<uint64_t>(i));
        response->set_next_page_token(EncodePageToken(kMethod, bound, next));
        return false;
      }
      v1::SegmentChange& change = *response->add_changes();
      change.set_customer(
          CustomerResource(point->scope(), point->scope().directory->Resolve(row.customers(i))));
      change.set_kind(kind);
      SetTime(row.night() - row.ages(i), change.mutable_change_time());
      change.set_exact((row.flags(i) & 2) == 0);
      SetTime(row.night(), change.mutable_night());
    }
    return true;
  };
  RETURN_IF_ERROR(rows->ForEachChanges(point->book().number(point->segment()), row_no, add));
  FillNight(*point, response->mutable_context());
  response->mutable_context()->set_definition("segment_changes");
  response->mutable_context()->set_sample_size(response->changes_size());
  return absl::OkStatus();
}

}  // namespace rapport::server
