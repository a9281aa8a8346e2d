// SPDX-License-Identifier: Apache-2.0
#include "server/customer_list.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/filter/sources.h"
#include "lib/store/keys.h"

namespace rapport::server {
namespace {

// Customers looked at between two looks at deadline and generation.
constexpr CustomerNo kChunk = 256;
constexpr int kAttempts = 3;

// Walks customers from a number on, beside the cursor over the generation's facts.
class Walk {
 public:
  Walk(const CallContext& call, const CustomerQuery& query, store::GenerationHandle generation)
      : call_(call), query_(query), generation_(std::move(generation)), next_(query.after + 1) {
    if (generation_ == nullptr || query.condition.empty()) return;
    const store::CustomerKey begin{query.scope.workspace_no, next_};
    facts_ = call.env().store.dataset().Scan(
        store::DatasetId::kFacts, generation_->generation(),
        {.begin = begin.Encode(), .end = store::WorkspaceEnd(query.scope.workspace_no)});
  }

  const store::GenerationHandle& generation() const { return generation_; }
  CustomerPage TakePage() { return std::move(page_); }

  // Looks at one chunk; false when the page is full or nobody is left.
  absl::StatusOr<bool> Step(const ReadPoint& at) {
    const CustomerNo last = at.scope.directory->last_customer_no();
    const CustomerNo end = std::min<CustomerNo>(last, next_ + kChunk - 1);
    for (; next_ <= end; ++next_) {
      if (at.scope.directory->Resolve(next_) != next_) continue;
      ASSIGN_OR_RETURN(const bool matches, Matches(at));
      if (!matches) continue;
      if (page_.customers.size() == query_.page_size) {
        page_.last = last_shown_;
        return false;
      }
      RETURN_IF_ERROR(FillCustomer(at, next_, query_.fields, &page_.customers.emplace_back()));
      last_shown_ = next_;
    }
    return next_ <= last;
  }

 private:
  absl::StatusOr<bool> Matches(const ReadPoint& at) {
    if (query_.condition.empty()) return true;
    probe_.Clear();
    RETURN_IF_ERROR(LoadFacts());
    if (query_.condition.Reads(filter::Place::kCustomerSummary)) {
      *probe_.mutable_summary() = probe_.facts().summary();
      RETURN_IF_ERROR(AddLiveTotals(at, next_, probe_.mutable_summary()));
    }
    if (query_.condition.Reads(filter::Place::kCustomerAttributes)) {
      ASSIGN_OR_RETURN(store::v1::CustomerRecord record, at.scope.directory->Record(next_));
      *probe_.mutable_attributes() = std::move(*record.mutable_attributes());
    }
    return query_.condition.Evaluate(
        filter::CustomerSource(probe_, query_.condition.base_currency()));
  }

  // Puts the facts of customer `next_` into the probe, if the generation has them.
  absl::Status LoadFacts() {
    if (facts_ == nullptr) return absl::OkStatus();
    while (facts_->Valid()) {
      const auto key = store::CustomerKey::Decode(facts_->Key());
      if (!key.has_value()) return DataLoss("facts", "foreign key");
      if (key->customer_no > next_) return absl::OkStatus();
      if (key->customer_no == next_) {
        const std::string_view row = facts_->Value();
        if (!probe_.mutable_facts()->ParseFromArray(row.data(), static_cast<int>(row.size()))) {
          return DataLoss(key->DebugString(), "facts do not decode");
        }
      }
      facts_->Next();
      if (probe_.has_facts()) return absl::OkStatus();
    }
    return facts_->status();
  }

  const CallContext& call_;
  const CustomerQuery& query_;
  store::GenerationHandle generation_;
  std::unique_ptr<store::Cursor> facts_;
  CustomerNo next_;
  CustomerNo last_shown_ = 0;
  v1::Customer probe_;
  CustomerPage page_;
};

// The page from one generation; nullopt when another was published meanwhile.
absl::StatusOr<std::optional<CustomerPage>> TryPage(const CallContext& call,
                                                    const CustomerQuery& query) {
  Env& env = call.env();
  Walk walk(call, query, env.serving.Current());
  for (bool more = true; more;) {
    RETURN_IF_ERROR(call.Alive());
    Serving::Reading reading(env.serving);
    if (reading.generation() != walk.generation()) return std::nullopt;
    const ReadPoint at{env, query.scope, reading.generation(), v1::VIEW_NIGHTLY, call.now()};
    ASSIGN_OR_RETURN(more, walk.Step(at));
  }
  return walk.TakePage();
}

}  // namespace

absl::StatusOr<CustomerPage> ListPage(const CallContext& call, const CustomerQuery& query) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSIGN_OR_RETURN(std::optional<CustomerPage> page, TryPage(call, query));
    if (page.has_value()) return *std::move(page);
  }
  return Unavailable("GENERATION_CHANGED", "a new generation was published meanwhile; try again");
}

}  // namespace rapport::server
