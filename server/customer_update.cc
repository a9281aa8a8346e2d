// SPDX-License-Identifier: Apache-2.0
#include "server/customer_update.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

using customers::IdentityRef;
using store::v1::CustomerRecord;

constexpr std::string_view kAttributePrefix = "attributes.";
constexpr size_t kMaxAttributes = 256;
constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxSourceBytes = 64;
constexpr int kMaxIdentities = 16;

// What the mask asks for.
struct Plan {
  bool replace_attributes = false;
  bool set_given_attributes = false;
  std::vector<std::string> keys;  // Set if given, removed otherwise.
  bool identities = false;
};

absl::StatusOr<Plan> PlanOf(const v1::UpdateCustomerRequest& request) {
  Plan plan;
  if (request.update_mask().paths().empty()) {
    plan.set_given_attributes = true;
    plan.identities = true;
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "attributes") {
      plan.replace_attributes = true;
    } else if (path == "identities") {
      plan.identities = true;
    } else if (path.starts_with(kAttributePrefix)) {
      plan.keys.push_back(path.substr(kAttributePrefix.size()));
    } else {
      return InvalidField(
          "update_mask", "UNKNOWN_PATH",
          Cat(path, " cannot be changed; use attributes, attributes.KEY, identities"));
    }
  }
  return plan;
}

bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

absl::Status CheckAttribute(const std::string& key, const v1::Attribute& attribute) {
  const std::string field = Cat("customer.attributes[", key, "]");
  if (!IsKey(key)) return InvalidField(field, "BAD_KEY", "a key is 1-64 of [a-z0-9_.]");
  if (attribute.source().size() > kMaxSourceBytes) {
    return InvalidField(Cat(field, ".source"), "TOO_LONG", "at most 64 bytes");
  }
  const v1::PropertyValue& value = attribute.value();
  switch (value.kind_case()) {
    case v1::PropertyValue::KIND_NOT_SET:
      return InvalidField(Cat(field, ".value"), "REQUIRED", "is required");
    case v1::PropertyValue::kStringValue:
      if (value.string_value().size() <= kMaxTextBytes) return absl::OkStatus();
      return InvalidField(Cat(field, ".value"), "TOO_LONG", "at most 4096 bytes");
    case v1::PropertyValue::kNumberValue:
      if (std::isfinite(value.number_value())) return absl::OkStatus();
      return InvalidField(Cat(field, ".value"), "NOT_FINITE", "must be finite");
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckAttributes(const v1::Customer& customer, const Plan& plan) {
  if (customer.attributes_size() > static_cast<int>(kMaxAttributes)) {
    return InvalidField("customer.attributes", "TOO_MANY", "at most 256");
  }
  for (const auto& [key, attribute] : customer.attributes()) {
    RETURN_IF_ERROR(CheckAttribute(key, attribute));
  }
  for (const std::string& key : plan.keys) {
    if (!IsKey(key)) return InvalidField("update_mask", "BAD_KEY", "a key is 1-64 of [a-z0-9_.]");
  }
  return absl::OkStatus();
}

// Writes one attribute unless what is there was said later.
void SetAttribute(const std::string& key, const v1::Attribute& given, TimeMicros now,
                  CustomerRecord& record) {
  v1::Attribute attribute = given;
  if (!attribute.has_update_time()) SetTime(now, attribute.mutable_update_time());
  const auto known = record.attributes().find(key);
  const bool is_older = known != record.attributes().end() &&
                        MicrosOf(attribute.update_time()) < MicrosOf(known->second.update_time());
  if (!is_older) (*record.mutable_attributes())[key] = std::move(attribute);
}

void ApplyAttributes(const CustomerUpdate& update, const Plan& plan, CustomerRecord& record) {
  const auto& given = update.request.customer().attributes();
  if (plan.replace_attributes) record.clear_attributes();
  if (plan.replace_attributes || plan.set_given_attributes) {
    for (const auto& [key, attribute] : given) SetAttribute(key, attribute, update.now, record);
  }
  for (const std::string& key : plan.keys) {
    const auto found = given.find(key);
    if (found == given.end()) {
      record.mutable_attributes()->erase(key);
    } else {
      SetAttribute(key, found->second, update.now, record);
    }
  }
}

using NamedIdentities = std::vector<std::pair<v1::IdentityKind, std::string>>;

absl::StatusOr<NamedIdentities> NormalIdentities(const v1::Customer& customer) {
  if (customer.identities_size() > kMaxIdentities) {
    return InvalidField("customer.identities", "TOO_MANY", "at most 16");
  }
  NamedIdentities normal;
  for (int i = 0; i < customer.identities_size(); ++i) {
    const v1::Identity& identity = customer.identities(i);
    ASSIGN_OR_RETURN(std::string value,
                     customers::NormalizeIdentity(identity.kind(), identity.value(),
                                                  Cat("customer.identities[", i, "]")));
    normal.emplace_back(identity.kind(), std::move(value));
  }
  return normal;
}

bool HasCustomerId(const customers::Directory& directory, CustomerNo customer_no) {
  const auto identities = directory.Identities(customer_no);
  return std::any_of(identities.begin(), identities.end(), [](const v1::Identity& identity) {
    return identity.kind() == v1::IDENTITY_KIND_CUSTOMER_ID;
  });
}

// Refuses what would name somebody else: only merging joins two known customers.
absl::Status CheckFree(const customers::Directory& directory, CustomerNo customer_no,
                       const NamedIdentities& identities) {
  for (size_t i = 0; i < identities.size(); ++i) {
    const auto& [kind, value] = identities[i];
    const auto owner = directory.Find(kind, value);
    if (owner.has_value() && *owner == customer_no) continue;
    const bool taken = owner.has_value() && HasCustomerId(directory, *owner);
    const bool second_id = !owner.has_value() && kind == v1::IDENTITY_KIND_CUSTOMER_ID &&
                           HasCustomerId(directory, customer_no);
    if (taken || second_id) {
      return FailedPrecondition("IDENTITY_IN_USE",
                                Cat("customer.identities[", i, "]: belongs to another customer; ",
                                    "use MergeCustomers to join two customers"));
    }
  }
  return absl::OkStatus();
}

// Attaches the identities to the customer that the first of them names, or a new one.
absl::StatusOr<CustomerNo> Attach(Env& env, customers::Directory& directory,
                                  const NamedIdentities& identities) {
  std::vector<IdentityRef> refs;
  for (const auto& [kind, value] : identities) refs.push_back({kind, value});
  std::vector<store::PartitionWrite> writes;
  const auto resolved = directory.ResolveOrCreate(refs, writes);
  RETURN_IF_ERROR(env.store.table(store::TableId::kIdentities).ApplyAll(writes));
  const std::vector<store::PartitionWrite> merges = directory.TakeMerges();
  RETURN_IF_ERROR(env.store.table(store::TableId::kCustomers).ApplyAll(merges));
  return resolved.customer_no;
}

// The customer to change, with new identities attached; created if allowed.
absl::StatusOr<CustomerNo> Identify(Env& env, const CustomerUpdate& update, const Plan& plan) {
  customers::Directory& directory = *update.scope.directory;
  const auto found = FindCustomer(update.scope, update.customer);
  if (!found.ok() && !(absl::IsNotFound(found.status()) && update.request.allow_missing())) {
    return found.status();
  }
  NamedIdentities identities;
  if (plan.identities) {
    ASSIGN_OR_RETURN(identities, NormalIdentities(update.request.customer()));
  }
  if (found.ok() && identities.empty()) return *found;
  RETURN_IF_ERROR(CheckFree(directory, found.ok() ? *found : 0, identities));
  const IdentityRef name = customers::SplitName(update.customer);
  ASSIGN_OR_RETURN(std::string own,
                   customers::NormalizeIdentity(name.kind, name.value, "customer.name"));
  identities.emplace(identities.begin(), name.kind, std::move(own));
  return Attach(env, directory, identities);
}

absl::StatusOr<std::optional<uint64_t>> ExpectedRevision(const v1::Customer& customer) {
  if (customer.etag().empty()) return std::nullopt;
  uint64_t revision = 0;
  if (!absl::SimpleAtoi(customer.etag(), &revision)) {
    return InvalidField("customer.etag", "BAD_ETAG", "must come from a Customer that was read");
  }
  return revision;
}

absl::Status CheckEtag(const std::optional<uint64_t>& expected, const CustomerRecord& record) {
  if (!expected.has_value() || *expected == record.revision()) return absl::OkStatus();
  return Aborted("ETAG_MISMATCH", "the customer was changed since it was read");
}

// The change itself, under the writer lock.
absl::StatusOr<CustomerNo> Change(Env& env, const CustomerUpdate& update, const Plan& plan,
                                  const std::optional<uint64_t>& expected) {
  customers::Directory& directory = *update.scope.directory;
  // Before anything is written: a stale caller must not even attach an identity.
  if (const auto known = FindCustomer(update.scope, update.customer); known.ok()) {
    ASSIGN_OR_RETURN(const CustomerRecord seen, directory.Record(*known));
    RETURN_IF_ERROR(CheckEtag(expected, seen));
  }
  ASSIGN_OR_RETURN(const CustomerNo customer_no, Identify(env, update, plan));
  const bool writes_record = plan.replace_attributes || !plan.keys.empty() ||
                             !update.request.customer().attributes().empty();
  if (!writes_record) return customer_no;
  ASSIGN_OR_RETURN(CustomerRecord record, directory.Record(customer_no));
  ApplyAttributes(update, plan, record);
  if (record.attributes().size() > kMaxAttributes) {
    return InvalidField("customer.attributes", "TOO_MANY", "at most 256 in all");
  }
  RETURN_IF_ERROR(directory.WriteRecord(customer_no, std::move(record), std::nullopt));
  return customer_no;
}

}  // namespace

absl::StatusOr<CustomerNo> UpdateCustomer(Env& env, const CustomerUpdate& update) {
  ASSIGN_OR_RETURN(const Plan plan, PlanOf(update.request));
  RETURN_IF_ERROR(CheckAttributes(update.request.customer(), plan));
  ASSIGN_OR_RETURN(const auto expected, ExpectedRevision(update.request.customer()));
  absl::StatusOr<CustomerNo> customer_no = CustomerNo{0};
  RETURN_IF_ERROR(env.engine.WithWriterLock([&]() -> absl::Status {
    customer_no = Change(env, update, plan, expected);
    return customer_no.status();
  }));
  return customer_no;
}

}  // namespace rapport::server
