// SPDX-License-Identifier: Apache-2.0
#include "server/customer_view.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/util/field_mask_util.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/model_parameters.h"
#include "lib/store/keys.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

using google::protobuf::util::FieldMaskUtil;
using store::DatasetId;

constexpr std::string_view kAttributePrefix = "attributes.";

// Parses the row of a per-customer dataset; false if there is none.
absl::StatusOr<bool> ReadRow(const ReadPoint& at, DatasetId dataset, CustomerNo customer_no,
                             google::protobuf::Message* out) {
  if (at.generation == nullptr) return false;
  const store::CustomerKey key{at.scope.workspace_no, customer_no};
  const auto row = at.env.store.dataset().Get(dataset, at.generation->generation(), key.Encode());
  if (absl::IsNotFound(row.status())) return false;
  RETURN_IF_ERROR(row.status());
  if (!out->ParseFromString(*row)) {
    return DataLoss(Cat(store::DatasetName(dataset), "/", key.DebugString()), "does not decode");
  }
  return true;
}

void AddTail(const ReadPoint& at, CustomerNo customer_no, v1::CustomerSummary* summary) {
  thread_local std::vector<events::EventRow> rows;  // Kept for its capacity.
  rows.clear();
  at.env.engine.TailEvents(at.generation, at.scope.workspace_no, customer_no, rows);
  for (const events::EventRow& row : rows) facts::AddToSummary(ColumnsOf(row), *summary);
}

absl::Status FillProfile(const ReadPoint& at, CustomerNo customer_no, const CustomerFields& fields,
                         v1::Customer* out) {
  const customers::Directory& directory = *at.scope.directory;
  out->set_name(CustomerResource(at.scope, customer_no));
  if (fields.identities) {
    for (v1::Identity& identity : directory.Identities(customer_no)) {
      *out->add_identities() = std::move(identity);
    }
  }
  if (fields.merged) {
    for (const CustomerNo merged : directory.MergedInto(customer_no)) {
      out->add_merged_customers(CustomerResource(at.scope, merged));
    }
  }
  if (!fields.attributes) return absl::OkStatus();
  ASSIGN_OR_RETURN(store::v1::CustomerRecord record, directory.Record(customer_no));
  out->set_etag(Cat(record.revision()));
  *out->mutable_attributes() = std::move(*record.mutable_attributes());
  return absl::OkStatus();
}

absl::Status FillFacts(const ReadPoint& at, CustomerNo customer_no, v1::Customer* out) {
  if (at.live()) {
    ASSIGN_OR_RETURN(auto projection, ProjectCustomer(at, customer_no));
    if (!projection.has_value()) return absl::OkStatus();
    *out->mutable_facts() = std::move(projection->facts);
  } else {
    ASSIGN_OR_RETURN(const bool found, ReadFacts(at, customer_no, out->mutable_facts()));
    if (!found) {
      out->clear_facts();
      return absl::OkStatus();
    }
  }
  SetTime(at.as_of(), out->mutable_facts_as_of());
  if (at.generation != nullptr)
    out->set_generation(FormatGenerationName(at.generation->generation()));
  return absl::OkStatus();
}

// Live totals; starts from `out`'s nightly facts when they are there.
absl::Status FillSummary(const ReadPoint& at, CustomerNo customer_no, v1::Customer* out) {
  v1::CustomerSummary* summary = out->mutable_summary();
  if (!at.live() && out->has_facts()) {
    *summary = out->facts().summary();
  } else {
    v1::CustomerFacts facts;
    ASSIGN_OR_RETURN(const bool found, ReadFacts(at, customer_no, &facts));
    if (found) *summary = std::move(*facts.mutable_summary());
  }
  return AddLiveTotals(at, customer_no, summary);
}

void Trim(const CustomerFields& fields, v1::Customer* out) {
  if (fields.trim.paths().empty()) return;
  if (!fields.attribute_keys.empty()) {
    google::protobuf::Map<std::string, v1::Attribute> kept;
    for (const std::string& key : fields.attribute_keys) {
      const auto found = out->attributes().find(key);
      if (found != out->attributes().end()) kept[key] = found->second;
    }
    out->mutable_attributes()->swap(kept);
  }
  FieldMaskUtil::TrimMessage(fields.trim, out);
}

// Notes one path of a read mask.
absl::Status AddPath(const std::string& path, CustomerFields& fields) {
  const bool is_attribute = path.starts_with(kAttributePrefix);
  if (is_attribute) fields.attribute_keys.push_back(path.substr(kAttributePrefix.size()));
  const std::string known = is_attribute ? "attributes" : path;
  if (!FieldMaskUtil::IsValidPath<v1::Customer>(known)) {
    return InvalidField("read_mask", "UNKNOWN_PATH", Cat("Customer has no field ", path));
  }
  fields.trim.add_paths(known);
  const std::string top = known.substr(0, known.find('.'));
  fields.identities |= top == "identities";
  fields.attributes |= top == "attributes" || top == "etag";
  fields.merged |= top == "merged_customers";
  fields.summary |= top == "summary";
  fields.facts |= top == "facts" || top == "facts_as_of" || top == "generation";
  return absl::OkStatus();
}

}  // namespace

const facts::WorkspaceModel* ReadPoint::model() const {
  if (generation == nullptr) return nullptr;
  const auto found = generation->models().find(scope.workspace_no);
  return found == generation->models().end() ? nullptr : &found->second;
}

absl::StatusOr<CustomerFields> ParseReadMask(const google::protobuf::FieldMask& mask) {
  if (mask.paths().empty() || (mask.paths_size() == 1 && mask.paths(0) == "*")) {
    return CustomerFields{};
  }
  CustomerFields fields{.identities = false,
                        .attributes = false,
                        .merged = false,
                        .summary = false,
                        .facts = false,
                        .attribute_keys = {},
                        .trim = {}};
  for (const std::string& path : mask.paths()) RETURN_IF_ERROR(AddPath(path, fields));
  const auto& paths = mask.paths();
  if (std::find(paths.begin(), paths.end(), "attributes") != paths.end()) {
    fields.attribute_keys.clear();
  }
  return fields;
}

absl::StatusOr<CustomerNo> FindCustomer(const WorkspaceScope& scope, std::string_view customer) {
  auto found = scope.directory->FromName(customer);
  if (absl::IsNotFound(found.status())) return NotFound(FormatCustomerName(scope.id, customer));
  return found;
}

std::string CustomerResource(const WorkspaceScope& scope, CustomerNo customer_no) {
  return FormatCustomerName(scope.id, scope.directory->PrimaryName(customer_no));
}

absl::Status FillCustomer(const ReadPoint& at, CustomerNo customer_no, const CustomerFields& fields,
                          v1::Customer* out) {
  RETURN_IF_ERROR(FillProfile(at, customer_no, fields, out));
  // The nightly summary stands in the facts row: one read serves both.
  const bool reads_facts = fields.facts || (fields.summary && !at.live());
  if (reads_facts) RETURN_IF_ERROR(FillFacts(at, customer_no, out));
  if (fields.summary) RETURN_IF_ERROR(FillSummary(at, customer_no, out));
  Trim(fields, out);
  return absl::OkStatus();
}

absl::Status AddLiveTotals(const ReadPoint& at, CustomerNo customer_no,
                           v1::CustomerSummary* summary) {
  for (const CustomerNo merged : at.scope.directory->MergedInto(customer_no)) {
    // A row of its own: merged after the generation was made.
    v1::CustomerFacts facts;
    ASSIGN_OR_RETURN(const bool found, ReadFacts(at, merged, &facts));
    if (found) facts::MergeSummary(facts.summary(), *summary);
    AddTail(at, merged, summary);
  }
  AddTail(at, customer_no, summary);
  return absl::OkStatus();
}

absl::StatusOr<bool> ReadFacts(const ReadPoint& at, CustomerNo customer_no,
                               v1::CustomerFacts* facts) {
  return ReadRow(at, DatasetId::kFacts, customer_no, facts);
}

namespace {

// What models look at beside purchases: live the attributes as they are, else those that
// the night has seen, as the customer's row tells.
absl::Status AddAttributes(const ReadPoint& at, CustomerNo customer_no,
                           facts::Projection& projection) {
  if (at.model() == nullptr) return absl::OkStatus();
  const std::vector<std::string> keys = facts::AttributeKeys({}, at.model());
  if (keys.empty()) return absl::OkStatus();
  if (at.live()) {
    ASSIGN_OR_RETURN(const auto record, at.scope.directory->Record(customer_no));
    projection.attributes = facts::PickAttributes(keys, record.attributes());
    return absl::OkStatus();
  }
  v1::CustomerFacts facts;
  ASSIGN_OR_RETURN(const bool found, ReadFacts(at, customer_no, &facts));
  const auto models = facts::ModelsOf(*at.model());
  if (found && models) projection.scored_as = models->UseOf(facts);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<facts::Projection>> ProjectCustomer(const ReadPoint& at,
                                                                 CustomerNo customer_no) {
  facts::Fold fold;
  if (at.live()) {
    std::vector<events::EventRow> rows;
    RETURN_IF_ERROR(
        at.env.engine.AllEvents(at.generation, at.scope.workspace_no, customer_no, rows));
    if (rows.empty()) return std::nullopt;
    std::vector<facts::EventColumns> columns;
    columns.reserve(rows.size());
    for (const events::EventRow& row : rows) columns.push_back(ColumnsOf(row));
    fold = facts::FoldEvents(at.scope.settings, columns, at.as_of());
  } else {
    ASSIGN_OR_RETURN(const bool found, ReadRow(at, DatasetId::kFolds, customer_no, &fold));
    if (!found) return std::nullopt;
  }
  facts::Projection projection = facts::Project(at.scope.settings, fold, at.as_of());
  facts::AddSignals(at.scope.settings, fold, at.as_of(), projection);
  RETURN_IF_ERROR(AddAttributes(at, customer_no, projection));
  if (at.model() != nullptr) facts::Score(at.scope.settings, *at.model(), projection);
  return projection;
}

absl::StatusOr<std::vector<v1::Transition>> ReadTransitions(const ReadPoint& at,
                                                            CustomerNo customer_no) {
  facts::Fold fold;
  ASSIGN_OR_RETURN(const bool found, ReadRow(at, DatasetId::kFolds, customer_no, &fold));
  if (!found) return std::vector<v1::Transition>();
  return facts::TransitionsOf(fold, at.as_of());
}

void FillContext(const ReadPoint& at, v1::AnswerContext* context) {
  SetTime(at.as_of(), context->mutable_as_of());
  if (at.generation != nullptr) {
    context->set_generation(FormatGenerationName(at.generation->generation()));
  }
  context->set_view(at.live() ? v1::VIEW_LIVE : v1::VIEW_NIGHTLY);
}

}  // namespace rapport::server
