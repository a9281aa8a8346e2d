// SPDX-License-Identifier: Apache-2.0
// Which columns and groups tonight's customers give: the channel of the first order and the
// attributes that the settings name.
//
//   channel   one column per channel but the commonest
//   texts     (also truth values) one column per common value but the commonest one, at
//             most kMostValues; the rarer values together, if common. Having none is a
//             value like any other
//   numbers   one standardised column, and one for customers who have none, if common.
//             An attribute is one of numbers when most of its values are
//   common    at least kCommonShare of the customers and kCommonCustomers of them
//
// Pure; the order of customers does not matter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/facts/attribute_columns.h"
#include "lib/facts/facts.h"

namespace rapport::facts {

inline constexpr size_t kMostCovariateAttributes = 8;
inline constexpr size_t kMostValues = 8;
inline constexpr double kCommonShare = 0.01;
inline constexpr int64_t kCommonCustomers = 20;
inline constexpr size_t kMostGroups = 32;  // Of an attribute; the rest is kOtherGroup.
inline constexpr size_t kMostCovariatePatterns = 256;

// Per customer.
struct CustomerTraits {
  const std::vector<int>& channels;
  const AttributeColumns& attributes;
};

std::vector<v1::Covariate> ChannelCovariates(const CustomerTraits& traits);
// Columns of the attribute with this key; none, and a note, when the data have nothing to
// tell apart.
std::vector<v1::Covariate> AttributeCovariates(const CustomerTraits& traits, const std::string& key,
                                               std::vector<std::string>& notes);

// Groups by name with the group of each customer.
struct Grouping {
  std::vector<std::string> names;
  std::vector<int64_t> customers;  // As names.
  std::vector<uint32_t> group_of_row;
};
Grouping ChannelGroups(const CustomerTraits& traits);
Grouping AttributeGroups(const CustomerTraits& traits, const std::string& key,
                         std::vector<std::string>& notes);

}  // namespace rapport::facts
