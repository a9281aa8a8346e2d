// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/segment_pass.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "jobs/pipeline/customer_source.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/events/customer_pass.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

// Rows of tonight's facts for customers that mostly rise.
class FactRows {
 public:
  FactRows(const Run& run, uint32_t workspace_no) : run_(run), workspace_no_(workspace_no) {}
  // False when the customer has none.
  absl::StatusOr<bool> Read(CustomerNo customer_no, v1::CustomerFacts& facts) {
    constexpr int kMostSteps = 16;  // Then a seek is cheaper.
    const std::string key = store::CustomerKey{workspace_no_, customer_no}.Encode();
    if (cursor_ == nullptr || customer_no < last_) {
      cursor_ =
          run_.store->dataset().Scan(store::DatasetId::kFacts, run_.version(),
                                     {.begin = key, .end = store::WorkspaceEnd(workspace_no_)});
    }
    last_ = customer_no;
    for (int steps = 0; cursor_->Valid() && cursor_->Key() < key; ++steps) {
      steps < kMostSteps ? cursor_->Next() : cursor_->Seek(key);
    }
    RETURN_IF_ERROR(cursor_->status());
    if (!cursor_->Valid() || cursor_->Key() != key) return false;
    const std::string_view bytes = cursor_->Value();
    if (facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return true;
    return DataLoss("facts", "a row does not decode");
  }

 private:
  const Run& run_;
  const uint32_t workspace_no_;
  std::unique_ptr<store::Cursor> cursor_;
  CustomerNo last_ = 0;
};

class SegmentStep final : public events::PassStep {
 public:
  SegmentStep(const Run& run, const WorkspaceRun& workspace, const SegmentPassInput& input)
      : input_(input),
        as_of_(run.as_of()),
        as_of_before_(run.base == nullptr ? run.as_of() : run.base->as_of_micros()),
        facts_(run, workspace.number),
        evaluator_(input.book.rules(), &input.book) {
    const segments::RuleSet& rules = input.book.rules();
    result.segments.resize(rules.size());
    for (size_t i = 0; i < rules.size(); ++i) {
      moves_.push_back(!rules.is_list(i) && rules.NeedsOf(i).events);
    }
    reads_summary_ = rules.NeedsOfAll().customer.Has(filter::Place::kCustomerSummary);
  }

  absl::Status Customer(events::CustomerWalk& walk) override {
    filter::CustomerEvents customer;
    customer.customer_no = walk.customer_no();
    customer.events = walk.events();
    customer.payloads = &walk;
    RETURN_IF_ERROR(Look(customer));
    return walk.status();
  }
  // Also of one without events.
  absl::Status Look(filter::CustomerEvents customer) {
    RETURN_IF_ERROR(Fill(customer.customer_no));
    customer.customer = &customer_;
    evaluator_.Begin(customer);
    for (size_t i = 0; i < result.segments.size(); ++i) Judge(i, customer.customer_no);
    return absl::OkStatus();
  }

  SegmentPassResult result;

 private:
  absl::Status Fill(CustomerNo customer_no) {
    customer_.Clear();
    v1::CustomerFacts& facts = *customer_.mutable_facts();
    ASSIGN_OR_RETURN(const bool known, facts_.Read(customer_no, facts));
    if (!known) customer_.clear_facts();
    if (reads_summary_ && known) *customer_.mutable_summary() = facts.summary();
    if (const auto* record = input_.attributes.Of(customer_no); record != nullptr) {
      *customer_.mutable_attributes() = record->attributes();
    }
    const v1::CustomerValue& value = customer_.facts().value();
    result.worths.push_back({customer_no, value.predicted().micros(), value.historic().micros()});
    result.rfm.Add(customer_.facts());
    return absl::OkStatus();
  }

  void Judge(size_t segment, CustomerNo customer_no) {
    SegmentPassResult::OfSegment& found = result.segments[segment];
    const bool member = evaluator_.Member(segment, as_of_);
    if (member) found.members.Add(customer_no);
    if (moves_[segment] &&
        evaluator_.NextChange(segment, as_of_, as_of_ + kForeseen) != segments::kNever) {
      found.due.Add(customer_no);
    }
    const SegmentBefore& before = input_.before[segment];
    if (!before.comparable || before.members.Has(customer_no) == member) return;
    segment_store::Change change{customer_no, as_of_, member, false};
    if (moves_[segment] && evaluator_.Member(segment, as_of_before_) != member) {
      const auto moment = evaluator_.LastChange(segment, as_of_before_, as_of_);
      change.exact = moment.has_value();
      change.time = moment.value_or(as_of_);
    }
    found.changes.push_back(change);
  }

  const SegmentPassInput& input_;
  const TimeMicros as_of_, as_of_before_;
  FactRows facts_;
  segments::Evaluator evaluator_;
  std::vector<bool> moves_;  // Whether time and events alone change the segment.
  bool reads_summary_ = false;
  v1::Customer customer_;
};

void Merge(SegmentPassResult& part, SegmentPassResult& all) {
  if (all.segments.empty()) all.segments.resize(part.segments.size());
  for (size_t i = 0; i < part.segments.size(); ++i) {
    SegmentPassResult::OfSegment& from = part.segments[i];
    SegmentPassResult::OfSegment& to = all.segments[i];
    to.members.Unite(from.members);
    to.due.Unite(from.due);
    to.changes.insert(to.changes.end(), from.changes.begin(), from.changes.end());
  }
  all.worths.insert(all.worths.end(), part.worths.begin(), part.worths.end());
  all.rfm.Merge(part.rfm);
}

// Who is known by attributes alone.
std::vector<CustomerNo> WithoutEvents(const std::vector<CustomerNo>& with_record,
                                      const std::vector<CustomerWorth>& seen) {
  std::vector<CustomerNo> left;
  auto at = seen.begin();
  for (const CustomerNo customer_no : with_record) {
    while (at != seen.end() && at->customer_no < customer_no) ++at;
    if (at == seen.end() || at->customer_no != customer_no) left.push_back(customer_no);
  }
  return left;
}

}  // namespace

absl::StatusOr<SegmentPassResult> PassForSegments(const Run& run, const WorkspaceRun& workspace,
                                                  const SegmentPassInput& input) {
  SegmentPassResult all;
  all.segments.resize(input.book.rules().size());
  const auto by_number = [](const CustomerWorth& a, const CustomerWorth& b) {
    return a.customer_no < b.customer_no;
  };
  if (workspace.last_customer_no > 0) {
    events::PassOptions options;
    options.threads = run.threads;
    RETURN_IF_ERROR(events::ScanCustomersByThread(
                        SealedGround(run, workspace, run.as_of()), options,
                        [&] { return std::make_unique<SegmentStep>(run, workspace, input); },
                        [&](events::PassStep& step) {
                          Merge(static_cast<SegmentStep&>(step).result, all);
                          return absl::OkStatus();
                        })
                        .status());
  }
  std::ranges::sort(all.worths, by_number);
  SegmentStep rest(run, workspace, input);
  for (const CustomerNo customer_no : WithoutEvents(input.attributes.customers(), all.worths)) {
    filter::CustomerEvents customer;
    customer.customer_no = customer_no;
    RETURN_IF_ERROR(rest.Look(customer));
  }
  Merge(rest.result, all);
  std::ranges::sort(all.worths, by_number);
  return all;
}

}  // namespace rapport::jobs
