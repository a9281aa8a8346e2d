// SPDX-License-Identifier: Apache-2.0
#include "server/services/segment_definitions.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/segment_store/definition_rows.h"
#include "lib/store/definitions.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/segment_point.h"
#include "server/times.h"

namespace rapport::server {
namespace {

using segments::StoredSegment;

constexpr size_t kMaxSegments = 200;
constexpr int kMaxListed = 100'000;
constexpr size_t kMaxTextBytes = 2'000;

bool IsSegmentId(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= 63 && id[0] >= 'a' && id[0] <= 'z' &&
         std::ranges::all_of(id, fits);
}

std::string EtagOf(const v1::Segment& segment, std::string_view before, TimeMicros now) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(
                    HashText64(Cat(before, "\n", now, "\n", segment.SerializeAsString()))));
  return text;
}

store::Definitions DefinitionsOf(const CallContext& call, const WorkspaceScope& scope) {
  return {call.env().store.table(store::TableId::kDefinitions), scope.workspace_no};
}

absl::Status CheckTexts(const v1::Segment& segment) {
  if (segment.membership_case() == v1::Segment::MEMBERSHIP_NOT_SET) {
    return InvalidField("segment.rule", "REQUIRED", "needs a rule or a list");
  }
  if (segment.display_name().size() > kMaxTextBytes) {
    return InvalidField("segment.display_name", "TOO_LONG",
                        Cat("at most ", kMaxTextBytes, " bytes"));
  }
  if (segment.description().size() > kMaxTextBytes) {
    return InvalidField("segment.description", "TOO_LONG",
                        Cat("at most ", kMaxTextBytes, " bytes"));
  }
  return absl::OkStatus();
}

// Compiles the workspace's rules with this one in place of `id`'s: circles show.
absl::Status CheckRule(const CallContext& call, ScopeHandle scope, std::string_view id,
                       const v1::Segment& segment) {
  if (!segment.has_rule()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(scope)));
  std::vector<segments::RuleDefinition> definitions = point->book().Definitions();
  auto known = std::ranges::find(definitions, id, &segments::RuleDefinition::id);
  if (known == definitions.end()) {
    definitions.emplace_back().id = std::string(id);
    known = std::prev(definitions.end());
  }
  known->rule = &segment.rule();
  known->path = "segment.rule";
  // First of all, so that a circle is found from here.
  std::rotate(definitions.begin(), known, std::next(known));
  return segments::RuleSet::Compile(definitions, point->metrics_scope()).status();
}

absl::StatusOr<segments::Bitmap> ReadList(const WorkspaceScope& scope,
                                          const v1::SegmentList& list) {
  if (list.customers_size() > kMaxListed) {
    return InvalidField("segment.list.customers", "TOO_MANY",
                        Cat("a list has at most ", kMaxListed, " customers"));
  }
  std::vector<uint32_t> numbers;
  for (int i = 0; i < list.customers_size(); ++i) {
    const std::string field = Cat("segment.list.customers[", i, "]");
    ASSIGN_OR_RETURN(const CustomerName name, ParseCustomerName(list.customers(i), field));
    const auto found = name.workspace == scope.id ? FindCustomer(scope, name.customer)
                                                  : absl::StatusOr<CustomerNo>(NotFound(field));
    if (!found.ok()) {
      return InvalidField(field, "UNKNOWN_CUSTOMER", Cat("there is no ", list.customers(i)));
    }
    numbers.push_back(*found);
  }
  return segments::Bitmap(numbers);
}

// Completes the record of a definition that holds and writes it. Holds the definition mutex.
absl::Status Put(const CallContext& call, const WorkspaceScope& scope, StoredSegment stored,
                 const v1::Segment& asked, const segments::Bitmap& members_before) {
  const v1::Segment before = stored.record.segment();
  v1::Segment segment = asked;
  segment.clear_name();
  segment.clear_figures();
  segment.clear_etag();
  if (segment.has_list()) {
    segment.mutable_list()->clear_customers();
    segment.mutable_list()->set_customer_count(static_cast<int64_t>(stored.list.size()));
  }
  *segment.mutable_create_time() = before.create_time();
  if (!before.has_create_time()) SetTime(call.now(), segment.mutable_create_time());
  SetTime(call.now(), segment.mutable_update_time());
  segment.set_etag(EtagOf(segment, before.etag(), call.now()));
  *stored.record.mutable_segment() = std::move(segment);
  const auto changes = segment_store::ChangesOf(stored, members_before);
  return DefinitionsOf(call, scope).Write(changes);
}

absl::Status Show(CallContext& call, const WorkspaceScope& scope, std::string_view id,
                  v1::Segment* response) {
  v1::GetSegmentRequest request;
  request.set_name(FormatChildName(scope.id, kSegments, id));
  return HandleGetSegment(call, request, response);
}

}  // namespace

absl::Status HandleCreateSegment(CallContext& call, const v1::CreateSegmentRequest& request,
                                 v1::Segment* response) {
  ASSIGN_OR_RETURN(const ScopeHandle scope,
                   call.env().workspaces.FromName(request.parent(), "parent"));
  const std::string& id = request.segment_id();
  if (!IsSegmentId(id)) {
    return InvalidField("segment_id", "BAD_NAME", "1-63 of [a-z0-9_-], starting with a letter");
  }
  RETURN_IF_ERROR(CheckTexts(request.segment()));
  absl::MutexLock lock(&call.env().definition_mutex);
  RETURN_IF_ERROR(CheckRule(call, scope, id, request.segment()));
  ASSIGN_OR_RETURN(auto all, segment_store::ReadSegments(DefinitionsOf(call, *scope)));
  const auto known = std::ranges::find(all, id, &StoredSegment::id);
  if (known != all.end() && !known->deleted()) {
    return AlreadyExists(FormatChildName(scope->id, kSegments, id));
  }
  const auto living = std::ranges::count_if(all, [](const auto& s) { return !s.deleted(); });
  if (static_cast<size_t>(living) >= kMaxSegments) {
    return ResourceExhausted("TOO_MANY_SEGMENTS",
                             Cat("a workspace has at most ", kMaxSegments, " segments"));
  }
  StoredSegment stored;
  stored.id = id;
  stored.record.set_number(segments::NextSegmentNumber(all));
  ASSIGN_OR_RETURN(stored.list, ReadList(*scope, request.segment().list()));
  RETURN_IF_ERROR(Put(call, *scope, std::move(stored), request.segment(), {}));
  return Show(call, *scope, id, response);
}

absl::Status HandleGetSegment(CallContext& call, const v1::GetSegmentRequest& request,
                              v1::Segment* response) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kSegments, "name"));
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(scope), name.id));
  ASSIGN_OR_RETURN(const auto opened, point->AllShown());
  const auto found = std::ranges::find(opened, request.name(), &v1::Segment::name);
  if (found == opened.end()) return NotFound(request.name());
  *response = *found;
  return absl::OkStatus();
}

absl::Status HandleListSegments(CallContext& call, const v1::ListSegmentsRequest& request,
                                v1::ListSegmentsResponse* response) {
  constexpr std::string_view kMethod = "ListSegments";
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.FromName(request.parent(), "parent"));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  ASSIGN_OR_RETURN(const std::string after,
                   DecodePageToken(request.page_token(), kMethod, request.parent()));
  ASSIGN_OR_RETURN(const auto point, SegmentPoint::Open(call, std::move(scope)));
  ASSIGN_OR_RETURN(auto all, point->AllShown());
  for (v1::Segment& segment : all) {
    if (!after.empty() && segment.name() <= after) continue;
    if (response->segments_size() == page_size) {
      const std::string& last = response->segments(page_size - 1).name();
      response->set_next_page_token(EncodePageToken(kMethod, request.parent(), last));
      break;
    }
    *response->add_segments() = std::move(segment);
  }
  return absl::OkStatus();
}

absl::Status HandleUpdateSegment(CallContext& call, const v1::UpdateSegmentRequest& request,
                                 v1::Segment* response) {
  const v1::Segment& asked = request.segment();
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(asked.name(), kSegments, "segment.name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  RETURN_IF_ERROR(CheckTexts(asked));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(auto all, segment_store::ReadSegments(DefinitionsOf(call, *scope)));
  const auto known = std::ranges::find(all, name.id, &StoredSegment::id);
  if (known == all.end() || known->deleted()) return NotFound(asked.name());
  RETURN_IF_ERROR(CheckRule(call, scope, name.id, asked));
  if (!asked.etag().empty() && asked.etag() != known->record.segment().etag()) {
    return Aborted("ETAG_MISMATCH",
                   Cat("segment ", name.id, " has changed; read it again and repeat"));
  }
  const segments::Bitmap members_before = known->list;
  const bool keeps = asked.has_list() && asked.list().customers().empty() && known->is_list();
  if (!keeps) {
    ASSIGN_OR_RETURN(known->list, ReadList(*scope, asked.list()));
  }
  RETURN_IF_ERROR(Put(call, *scope, std::move(*known), asked, members_before));
  return Show(call, *scope, name.id, response);
}

absl::Status HandleDeleteSegment(CallContext& call, const v1::DeleteSegmentRequest& request,
                                 google::protobuf::Empty*) {
  ASSIGN_OR_RETURN(const ChildName name, ParseChildName(request.name(), kSegments, "name"));
  ASSIGN_OR_RETURN(const ScopeHandle scope, call.env().workspaces.Find(name.workspace));
  absl::MutexLock lock(&call.env().definition_mutex);
  ASSIGN_OR_RETURN(auto all, segment_store::ReadSegments(DefinitionsOf(call, *scope)));
  const auto known = std::ranges::find(all, name.id, &StoredSegment::id);
  if (known == all.end() || known->deleted()) return NotFound(request.name());
  for (const StoredSegment& other : all) {
    if (other.id == name.id || !segments::RefersTo(other.record.segment().rule(), name.id))
      continue;
    return FailedPrecondition("SEGMENT_IN_USE", Cat("segment ", other.id, " refers to ", name.id));
  }
  const segments::Bitmap members_before = std::exchange(known->list, {});
  known->record.clear_segment();
  const auto changes = segment_store::ChangesOf(*known, members_before);
  return DefinitionsOf(call, *scope).Write(changes);
}

}  // namespace rapport::server
