// SPDX-License-Identifier: Apache-2.0
// The attributes that value models look at, of one workspace's customers, as they stand in
// the run's checkpoint. Read once and held: 4 bytes and 12 a key for each customer that
// has any of them, plus each distinct text.
//
// Adding is not thread-safe; Of is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/events/sealed_events.h"
#include "lib/facts/attribute_columns.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::jobs {

class AttributeRows {
 public:
  AttributeRows() = default;
  explicit AttributeRows(const std::vector<std::string>& keys) : columns_(keys) {}

  const std::vector<std::string>& keys() const { return columns_.keys(); }
  // Customers ascending.
  void Add(events::CustomerNo customer_no, const store::v1::CustomerRecord& record);
  // Goes before what was added: of a customer that others were merged into.
  void Replace(events::CustomerNo customer_no, const store::v1::CustomerRecord& record);

  facts::Attributes Of(events::CustomerNo customer_no) const;

 private:
  facts::Attributes Read(const store::v1::CustomerRecord& record) const;

  std::vector<events::CustomerNo> customers_;  // Of each row, ascending.
  facts::AttributeColumns columns_;
  std::map<events::CustomerNo, facts::Attributes> replaced_;
};

}  // namespace rapport::jobs
