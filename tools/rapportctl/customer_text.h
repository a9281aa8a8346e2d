// SPDX-License-Identifier: Apache-2.0
// A customer, a list of customers, a customer's value and its explanation as text.
#pragma once

#include <string>

#include "google/protobuf/repeated_field.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/customer_service.pb.h"
#include "rapport/v1/value.pb.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

std::string CustomerText(const v1::Customer& customer, const Terminal& terminal);
std::string CustomerTable(const google::protobuf::RepeatedPtrField<v1::Customer>& customers,
                          const Terminal& terminal);
// Adds the figures of a value to a sheet.
void AddValue(const v1::CustomerValue& value, Sheet& sheet);
// Each figure with its formula and inputs.
std::string ExplanationText(const v1::ExplainCustomerResponse& answer, const Terminal& terminal);
// Chances of 0, 1, ... purchases as bars, and of more.
std::string CountsText(const google::protobuf::RepeatedField<double>& counts,
                       const Terminal& terminal);
// "at risk" and so on.
std::string StageText(v1::LifecycleStage stage);

}  // namespace rapport::ctl
