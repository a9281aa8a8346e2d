// SPDX-License-Identifier: Apache-2.0
#include "server/segment_point.h"

#include <algorithm>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/segment_store/definition_rows.h"
#include "lib/store/definitions.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

// No id of a stored segment begins so.
constexpr char kCandidateId[] = "(rule)";

}  // namespace

absl::Status SegmentPoint::Load(const CallContext& call) {
  const store::Definitions definitions(call.env().store.table(store::TableId::kDefinitions),
                                       scope_->workspace_no);
  ASSIGN_OR_RETURN(read_, segment_store::ReadSegments(definitions));
  generation_ = call.env().serving.Current();
  at_.emplace(ReadPoint{call.env(), *scope_, generation_, v1::VIEW_LIVE, call.now()});
  metrics_.calendar = scope_->settings.calendar;
  metrics_.base_currency = scope_->settings.base_currency;
  metrics_.rates = &scope_->book->rates;
  metrics_.names = scope_->names.get();
  metrics_.as_of = at_->now;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SegmentPoint>> SegmentPoint::Open(
    const CallContext& call, ScopeHandle scope, std::optional<std::string_view> id) {
  std::unique_ptr<SegmentPoint> point(new SegmentPoint);
  point->scope_ = std::move(scope);
  RETURN_IF_ERROR(point->Load(call));
  if (id.has_value()) segments::KeepNeeded(*id, point->read_);
  const customers::Directory& directory = *point->scope_->directory;
  point->book_ = segments::SegmentBook::Create(
      std::move(point->read_), point->metrics_,
      [&](uint32_t customer_no) { return directory.Resolve(customer_no); });
  point->rules_ = &point->book_->rules();
  return point;
}

absl::StatusOr<std::unique_ptr<SegmentPoint>> SegmentPoint::OpenName(const CallContext& call,
                                                                     const std::string& name) {
  ASSIGN_OR_RETURN(const ChildName parsed, ParseChildName(name, kSegments, "name"));
  ASSIGN_OR_RETURN(ScopeHandle scope, call.env().workspaces.Find(parsed.workspace));
  ASSIGN_OR_RETURN(auto point, Open(call, std::move(scope), parsed.id));
  point->segment_ = point->rules().Find(parsed.id);
  if (point->segment_ != segments::RuleSet::npos) return point;
  for (const auto& broken : point->book_->broken()) {
    if (broken.segment.id != parsed.id) continue;
    return FailedPrecondition(
        "BROKEN_SEGMENT",
        Cat("segment ", parsed.id, " cannot be evaluated: ", FromAbsl(broken.status.message())));
  }
  return NotFound(name);
}

absl::StatusOr<std::unique_ptr<SegmentPoint>> SegmentPoint::OpenRule(const CallContext& call,
                                                                     ScopeHandle scope,
                                                                     const v1::SegmentRule& rule,
                                                                     const std::string& field) {
  ASSIGN_OR_RETURN(auto point, Open(call, std::move(scope)));
  std::vector<segments::RuleDefinition> definitions = point->book_->Definitions();
  point->segment_ = definitions.size();
  segments::RuleDefinition& candidate = definitions.emplace_back();
  candidate.id = kCandidateId;
  candidate.rule = &rule;
  candidate.path = field;
  ASSIGN_OR_RETURN(point->candidate_, segments::RuleSet::Compile(definitions, point->metrics_));
  point->rules_ = point->candidate_.get();
  return point;
}

std::optional<segment_store::NightRows> SegmentPoint::Rows() const {
  if (generation_ == nullptr) return std::nullopt;
  return segment_store::NightRows(at_->env.store.dataset(), generation_->generation(),
                                  scope_->workspace_no);
}

absl::StatusOr<std::optional<store::v1::SegmentNight>> SegmentPoint::Night(size_t segment) const {
  const auto rows = Rows();
  std::optional<store::v1::SegmentNight> none;
  if (!rows.has_value() || segment >= size()) return none;
  ASSIGN_OR_RETURN(auto night, rows->Night(book_->number(segment)));
  if (!night.has_value() || night->fingerprint() != rules_->Fingerprint(segment)) return none;
  night->mutable_figures()->set_generation(FormatGenerationName(generation_->generation()));
  return night;
}

std::string SegmentPoint::NameOf(size_t segment) const {
  return segment < size() ? FormatChildName(scope_->id, kSegments, rules_->id(segment))
                          : std::string();
}

v1::Segment SegmentPoint::Named(const segments::StoredSegment& segment) const {
  v1::Segment named = segment.record.segment();
  named.set_name(FormatChildName(scope_->id, kSegments, segment.id));
  return named;
}

absl::StatusOr<std::vector<v1::Segment>> SegmentPoint::AllShown() const {
  std::vector<v1::Segment> all;
  for (size_t i = 0; i < size(); ++i) {
    ASSIGN_OR_RETURN(all.emplace_back(), Shown(i));
  }
  for (const auto& broken : book_->broken()) all.push_back(Named(broken.segment));
  std::ranges::sort(all, {}, &v1::Segment::name);
  return all;
}

absl::StatusOr<v1::Segment> SegmentPoint::Shown(size_t segment) const {
  v1::Segment shown = Named(stored(segment));
  ASSIGN_OR_RETURN(const auto night, Night(segment));
  if (night.has_value()) *shown.mutable_figures() = night->figures();
  return shown;
}

absl::StatusOr<segments::Bitmap> NightMembers(const SegmentPoint& point, std::string_view id) {
  const size_t segment = point.rules().Find(id);
  if (segment == segments::RuleSet::npos) {
    return InvalidField("segment", "UNKNOWN_SEGMENT", Cat("there is no segment ", id));
  }
  ASSIGN_OR_RETURN(const auto night, point.Night(segment));
  if (!night.has_value()) {
    return FailedPrecondition("NO_NIGHT_YET", Cat("no night has seen segment ", id));
  }
  return point.Rows()->Set(store::SegmentRow::kMembers, point.book().number(segment));
}

}  // namespace rapport::server
