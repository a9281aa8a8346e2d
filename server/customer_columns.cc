// SPDX-License-Identifier: Apache-2.0
#include "server/customer_columns.h"

#include <cstdio>
#include <functional>
#include <utility>

#include "absl/strings/ascii.h"
#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/varint.h"
#include "lib/metrics/grouping.h"
#include "lib/store/keys.h"
#include "lib/value/rfm_segment.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::server {
namespace {

constexpr int64_t kRowsBetweenLooks = 4096;

// A column of facts; `Code` is as wide as its codes need.
template <typename Code>
class FactColumn final : public CodeColumn {
 public:
  using Labeller = std::string (*)(uint32_t code);
  explicit FactColumn(Labeller label) : label_(label) {}

  void Set(uint32_t customer_no, uint32_t code) {
    if (customer_no >= codes_.size()) codes_.resize(customer_no + 1);
    codes_[customer_no] = static_cast<Code>(code);
  }
  void Done() { codes_.shrink_to_fit(); }
  uint32_t CodeOf(uint32_t customer_no) const override {
    return customer_no < codes_.size() ? codes_[customer_no] : 0;
  }
  std::string Label(uint32_t code) const override { return label_(code); }

 private:
  Labeller label_;
  std::vector<Code> codes_;
};

class AttributeColumn final : public CodeColumn {
 public:
  void Set(uint32_t customer_no, const v1::PropertyValue& value) {
    const std::string text = metrics::PropertyLabel(value);
    if (text.empty()) return;
    const auto [known, is_new] =
        numbers_.try_emplace(text, static_cast<uint32_t>(texts_.size()) + 1);
    if (is_new) texts_.push_back(text);
    if (customer_no >= codes_.size()) codes_.resize(customer_no + 1);
    codes_[customer_no] = known->second;
  }
  uint32_t CodeOf(uint32_t customer_no) const override {
    return customer_no < codes_.size() ? codes_[customer_no] : 0;
  }
  std::string Label(uint32_t code) const override {
    return code <= texts_.size() ? texts_[code - 1] : std::string();
  }

 private:
  TextMap<uint32_t> numbers_;
  std::vector<std::string> texts_;
  std::vector<uint32_t> codes_;
};

std::string StageLabel(uint32_t code) {
  constexpr std::string_view kPrefix = "LIFECYCLE_STAGE_";
  std::string word = v1::LifecycleStage_Name(static_cast<v1::LifecycleStage>(code));
  if (word.starts_with(kPrefix)) word.erase(0, kPrefix.size());
  absl::AsciiStrToLower(&word);
  return word;
}

std::string TierLabel(uint32_t code) { return Cat(code); }

std::string SegmentLabel(uint32_t code) {
  return std::string(value::RuleOf(static_cast<value::RfmSegment>(code)).id);
}

uint32_t SegmentCode(std::string_view id) {
  for (const value::RfmSegmentRule& rule : value::RfmSegmentRules()) {
    if (rule.id == id) return static_cast<uint32_t>(rule.segment);
  }
  return 0;
}

// A month as a number from 1, January 1900.
constexpr int kFirstYear = 1900;
uint32_t CohortCode(const std::string& date) {
  int year = 0;
  int month = 0;
  if (std::sscanf(date.c_str(), "%d-%d", &year, &month) != 2 || year < kFirstYear) return 0;
  return static_cast<uint32_t>((year - kFirstYear) * 12 + month);
}
std::string CohortLabel(uint32_t code) {
  char text[16];
  std::snprintf(text, sizeof text, "%04u-%02u", kFirstYear + (code - 1) / 12, (code - 1) % 12 + 1);
  return text;
}

// The columns while they are filled.
struct FactColumns {
  std::shared_ptr<FactColumn<uint8_t>> stage = std::make_shared<FactColumn<uint8_t>>(&StageLabel);
  std::shared_ptr<FactColumn<uint8_t>> tier = std::make_shared<FactColumn<uint8_t>>(&TierLabel);
  std::shared_ptr<FactColumn<uint8_t>> segment =
      std::make_shared<FactColumn<uint8_t>>(&SegmentLabel);
  std::shared_ptr<FactColumn<uint16_t>> cohort =
      std::make_shared<FactColumn<uint16_t>>(&CohortLabel);
  std::shared_ptr<FactColumn<uint8_t>> channel =
      std::make_shared<FactColumn<uint8_t>>(&metrics::ChannelWord);

  void Add(uint32_t customer_no, const v1::CustomerFacts& facts) {
    stage->Set(customer_no, static_cast<uint32_t>(facts.lifecycle().stage()));
    tier->Set(customer_no, static_cast<uint32_t>(facts.value().decile()));
    segment->Set(customer_no, SegmentCode(facts.rfm().segment()));
    cohort->Set(customer_no, CohortCode(facts.acquisition_cohort()));
    channel->Set(customer_no, static_cast<uint32_t>(facts.acquisition_channel()));
  }
};

}  // namespace

absl::StatusOr<TextMap<CodeColumnHandle>> LoadFactColumns(
    const CallContext& call, const WorkspaceScope& scope,
    const store::GenerationHandle& generation) {
  FactColumns columns;
  if (generation != nullptr) {
    const auto cursor =
        call.env().store.dataset().Scan(store::DatasetId::kFacts, generation->generation(),
                                        {.begin = store::WorkspaceBegin(scope.workspace_no),
                                         .end = store::WorkspaceEnd(scope.workspace_no)});
    v1::CustomerFacts facts;
    for (int64_t row = 0; cursor->Valid(); cursor->Next(), ++row) {
      if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
      const auto key = store::CustomerKey::Decode(cursor->Key());
      const std::string_view bytes = cursor->Value();
      if (!key.has_value() || !facts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return DataLoss("facts", "row does not decode");
      }
      columns.Add(key->customer_no, facts);
    }
    RETURN_IF_ERROR(cursor->status());
  }
  columns.stage->Done();
  TextMap<CodeColumnHandle> all;
  all["stage"] = columns.stage;
  all["value_tier"] = columns.tier;
  all["rfm_segment"] = columns.segment;
  all["cohort"] = columns.cohort;
  all["acquisition_channel"] = columns.channel;
  return all;
}

absl::StatusOr<CodeColumnHandle> LoadAttributeColumn(const CallContext& call,
                                                     const WorkspaceScope& scope,
                                                     std::string_view key) {
  auto column = std::make_shared<AttributeColumn>();
  std::string prefix;
  PutBigEndian(prefix, scope.workspace_no);
  int64_t rows = 0;
  const auto visit = [&](std::string_view partition, std::string_view,
                         std::string_view value) -> absl::Status {
    if (rows++ % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call.Alive());
    uint32_t workspace_no = 0;
    uint32_t customer_no = 0;
    store::v1::CustomerRecord record;
    if (!GetBigEndian(partition, workspace_no) || !GetBigEndian(partition, customer_no) ||
        !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return DataLoss("customers", "row does not decode");
    }
    const uint32_t survivor = scope.directory->Resolve(customer_no);
    if (survivor != customer_no || !scope.directory->MergedInto(customer_no).empty()) {
      ASSIGN_OR_RETURN(record, scope.directory->Record(survivor));  // Of all merged together.
    }
    const auto found = record.attributes().find(std::string(key));
    if (found != record.attributes().end()) column->Set(survivor, found->second.value());
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(call.env().store.table(store::TableId::kCustomers).ScanAll(prefix, visit));
  return CodeColumnHandle(std::move(column));
}

}  // namespace rapport::server
