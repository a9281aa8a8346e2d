// SPDX-License-Identifier: Apache-2.0
// ListVerbatims: newest first over all customers. Payloads are read only for events that
// would come onto the page.
#include <memory>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/feedback/verbatim.h"
#include "lib/filter/predicate.h"
#include "server/customer_rows.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "server/services/feedback_lists.h"
#include "server/services/feedback_point.h"
#include "server/top_page.h"

namespace rapport::server {
namespace {

// Of texts on a page, well below the 4 MiB that clients take by default: longer pages are cut.
constexpr size_t kPageBytes = 2 << 20;

struct Entry {
  CustomerNo customer_no = 0;
  v1::Verbatim verbatim;
};
using VerbatimPage = TopPage<Entry>;

struct Question {
  const ReadPoint& at;
  filter::EventPredicate predicate;
  feedback::AnswerScope times;
  bool include_empty = false;
  size_t limit = 0;
  std::optional<PagePlace> after;
};

class VerbatimStep final : public events::PassStep {
 public:
  explicit VerbatimStep(const Question& question)
      : page(question.limit, question.after),
        question_(question),
        rows_(question.at, question.predicate.customer_places()) {}

  absl::Status Customer(events::CustomerWalk& walk) override {
    judged_ = false;
    for (size_t i = 0; i < walk.events().size(); ++i) {
      const EventColumns& event = walk.events()[i];
      const feedback::AnswerScope& times = question_.times;
      if (event.time < times.begin || event.time >= times.end) continue;
      if (!page.Wants(-event.time)) continue;
      RETURN_IF_ERROR(Judge(walk.customer_no()));
      if (!truth_.allowed) return absl::OkStatus();
      if (!question_.predicate.MatchesColumns(event, truth_)) continue;
      RETURN_IF_ERROR(Offer(walk, i));
    }
    return absl::OkStatus();
  }

  VerbatimPage page;

 private:
  // The customer's part of the filter, once a customer.
  absl::Status Judge(CustomerNo customer_no) {
    if (std::exchange(judged_, true) || !question_.predicate.reads_customer()) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const v1::Customer* customer, rows_.Load(customer_no));
    truth_ = question_.predicate.Judge(*customer);
    return absl::OkStatus();
  }

  absl::Status Offer(events::CustomerWalk& walk, size_t index) {
    const EventColumns& event = walk.events()[index];
    ASSIGN_OR_RETURN(const store::v1::EventPayload payload, walk.Payload(index));
    if (!question_.include_empty && feedback::WordsOf(payload.rest()).empty()) {
      return absl::OkStatus();
    }
    if (question_.predicate.reads_payload() &&
        !question_.predicate.MatchesPayload(event, payload, truth_)) {
      return absl::OkStatus();
    }
    uint32_t ordinal = 0;
    while (ordinal < index && walk.events()[index - ordinal - 1].time == event.time) ++ordinal;
    const WorkspaceScope& scope = question_.at.scope;
    PagePlace place{-event.time, scope.directory->PrimaryName(walk.customer_no()), ordinal};
    page.Offer(std::move(place), {walk.customer_no(), VerbatimOf(scope, event, payload.rest())});
    return absl::OkStatus();
  }

  const Question& question_;
  CustomerRows rows_;
  bool judged_ = false;
  filter::CustomerTruth truth_;
};

// Everything but the page.
std::string BoundOf(v1::ListVerbatimsRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return request.SerializeAsString();
}

// Types with words that the filter lets through, sorted.
std::vector<uint16_t> TypesOf(const filter::EventPredicate& predicate) {
  std::vector<uint16_t> types;
  for (const uint16_t type : feedback::VerbatimTypes()) {
    if (predicate.types().Has(type)) types.push_back(type);
  }
  return types;
}

absl::StatusOr<VerbatimPage> Scan(const CallContext& call, const FeedbackPoint& point,
                                  const Question& question) {
  VerbatimPage page(question.limit, question.after);
  events::PassOptions options = point.Options(call);
  options.types = TypesOf(question.predicate);
  if (options.types.empty()) return page;
  RETURN_IF_ERROR(events::ScanCustomersByThread(
                      point.Ground(), options,
                      [&question] { return std::make_unique<VerbatimStep>(question); },
                      [&page](events::PassStep& step) {
                        page.Merge(std::move(static_cast<VerbatimStep&>(step).page));
                        return absl::OkStatus();
                      })
                      .status());
  return page;
}

// Moves what fits onto the page; answers the place of the last entry if others follow.
absl::StatusOr<std::optional<PagePlace>> Show(const ReadPoint& at, size_t page_size,
                                              std::vector<VerbatimPage::Placed> entries,
                                              v1::ListVerbatimsResponse* response) {
  size_t bytes = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i].second;
    bytes += entry.verbatim.ByteSizeLong();
    if (i == page_size || (i > 0 && bytes > kPageBytes)) return entries[i - 1].first;
    v1::CustomerFacts facts;
    RETURN_IF_ERROR(ReadFacts(at, entry.customer_no, &facts).status());
    entry.verbatim.set_customer(FormatCustomerName(at.scope.id, entries[i].first.name));
    entry.verbatim.set_stage(StageOf(facts));
    *response->add_verbatims() = std::move(entry.verbatim);
  }
  return std::optional<PagePlace>();
}

}  // namespace

absl::Status HandleListVerbatims(CallContext& call, const v1::ListVerbatimsRequest& request,
                                 v1::ListVerbatimsResponse* response) {
  constexpr std::string_view kMethod = "ListVerbatims";
  FeedbackPoint point;
  RETURN_IF_ERROR(point.Open(call, request.parent()));
  ASSIGN_OR_RETURN(const int32_t page_size, PageSize(request.page_size(), {}));
  const std::string bound = BoundOf(request);
  ASSIGN_OR_RETURN(const std::string position,
                   DecodePageToken(request.page_token(), kMethod, bound));
  filter::Context context;
  context.base_currency = point.scope->workspace.base_currency();
  context.calendar = point.scope->settings.calendar;
  context.names = point.scope->names.get();
  ASSIGN_OR_RETURN(const filter::Expression condition,
                   filter::Parse(request.filter(), filter::EventAndCustomerCatalogue(), context));
  Question question{.at = *point.at,
                    .predicate = filter::Bind(condition, *point.scope->names),
                    .times = {},
                    .include_empty = request.include_empty(),
                    .limit = static_cast<size_t>(page_size) + 1,
                    .after = std::nullopt};
  ASSIGN_OR_RETURN(question.times,
                   ParseDays(*point.scope, request.start_date(), request.end_date()));
  ASSIGN_OR_RETURN(question.after, DecodePlace(position));
  ASSIGN_OR_RETURN(VerbatimPage page, Scan(call, point, question));
  ASSIGN_OR_RETURN(const std::optional<PagePlace> last,
                   Show(*point.at, static_cast<size_t>(page_size), page.Take(), response));
  if (last) response->set_next_page_token(EncodePageToken(kMethod, bound, EncodePlace(*last)));
  v1::AnswerContext& answer = *response->mutable_context();
  answer.set_start_date(request.start_date());
  answer.set_end_date(request.end_date());
  answer.set_sample_size(response->verbatims_size());
  FillContext(*point.at, &answer);
  return absl::OkStatus();
}

}  // namespace rapport::server
