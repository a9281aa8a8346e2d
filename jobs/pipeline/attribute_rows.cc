// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/attribute_rows.h"

#include <algorithm>

namespace rapport::jobs {

facts::Attributes AttributeRows::Read(const store::v1::CustomerRecord& record) const {
  return facts::PickAttributes(keys(), record.attributes());
}

void AttributeRows::Add(events::CustomerNo customer_no, const store::v1::CustomerRecord& record) {
  const facts::Attributes attributes = Read(record);
  if (attributes.empty()) return;
  customers_.push_back(customer_no);
  columns_.Add(attributes);
}

void AttributeRows::Replace(events::CustomerNo customer_no,
                            const store::v1::CustomerRecord& record) {
  replaced_[customer_no] = Read(record);
}

facts::Attributes AttributeRows::Of(events::CustomerNo customer_no) const {
  if (keys().empty()) return {};
  const auto replaced = replaced_.find(customer_no);
  if (replaced != replaced_.end()) return replaced->second;
  const auto found = std::lower_bound(customers_.begin(), customers_.end(), customer_no);
  if (found == customers_.end() || *found != customer_no) return {};
  return columns_.At(static_cast<size_t>(found - customers_.begin()));
}

}  // namespace rapport::jobs
