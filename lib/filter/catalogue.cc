// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/catalogue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/filter/words.h"

namespace rapport::filter {
namespace {

std::vector<Field> Joined(std::vector<Field> first, std::vector<Field> second) {
  std::ranges::move(second, std::back_inserter(first));
  return first;
}

}  // namespace

Catalogue::Catalogue(std::vector<Field> fields) : fields_(std::move(fields)) {}

const Field* Catalogue::Find(std::string_view path, std::string_view* key) const {
  for (const Field& field : fields_) {
    if (field.dynamic) {
      if (!path.starts_with(field.path) || path.size() == field.path.size()) continue;
      *key = path.substr(field.path.size());
      return &field;
    }
    if (field.path != path) continue;
    *key = {};
    return &field;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::Nearest(std::string_view path) const {
  // Who leaves out `value.` or `customer.` means the field of that last name.
  std::vector<std::string> nearest;
  std::vector<std::string_view> paths;
  for (const Field& field : fields_) {
    if (field.dynamic) continue;
    paths.push_back(field.path);
    const size_t dot = field.path.size() - std::min(field.path.size(), path.size() + 1);
    const bool same_end = field.path.ends_with(path) && field.path[dot] == '.';
    if (same_end && !path.empty() && nearest.size() < 3) nearest.push_back(field.path);
  }
  return nearest.empty() ? NearestWords(path, paths) : nearest;
}

const Catalogue& CustomerCatalogue() {
  static const Catalogue catalogue(CustomerFields(""));
  return catalogue;
}

const Catalogue& EventCatalogue() {
  static const Catalogue catalogue(Joined(EventColumnFields(), EventPayloadFields()));
  return catalogue;
}

const Catalogue& EventAndCustomerCatalogue() {
  static const Catalogue catalogue(
      Joined(Joined(EventColumnFields(), EventPayloadFields()), CustomerFields("customer.")));
  return catalogue;
}

}  // namespace rapport::filter
