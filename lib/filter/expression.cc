// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/expression.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/text.h"
#include "lib/filter/compare.h"

namespace rapport::filter {
namespace {

bool Run(const Node& node, const FieldSource& source) {
  const auto run = [&](const Node& child) { return Run(child, source); };
  switch (node.kind) {
    case Node::Kind::kAnd:
      return std::ranges::all_of(node.children, run);
    case Node::Kind::kOr:
      return std::ranges::any_of(node.children, run);
    case Node::Kind::kNot:
      return !run(node.children.front());
    case Node::Kind::kTest:
      return Holds(node.test, [&](size_t nth) { return source.Read(node.test.ref, nth); });
  }
  return false;
}

template <typename Visit>
void EachTest(const Node& node, const Visit& visit) {
  for (const Node& child : node.children) EachTest(child, visit);
  if (node.kind == Node::Kind::kTest) visit(node.test);
}

}  // namespace

Expression::Expression(Node root, std::string base_currency, const Calendar& calendar) {
  PlaceSet places;
  EachTest(root, [&](const Test& test) { places.Add(test.ref.field->place); });
  parsed_ = std::make_shared<const Parsed>(
      Parsed{std::move(root), std::move(base_currency), calendar, places});
}

bool Expression::Evaluate(const FieldSource& source) const {
  return empty() || Run(parsed_->root, source);
}

const std::string& Expression::base_currency() const {
  static const std::string none;
  return empty() ? none : parsed_->base_currency;
}

const Calendar& Expression::calendar() const {
  static const Calendar utc = Calendar::Utc();
  return empty() ? utc : parsed_->calendar;
}

PlaceSet Expression::places() const { return empty() ? PlaceSet() : parsed_->places; }

bool Expression::OnlyCellFields() const {
  bool only = true;
  if (empty()) return only;
  EachTest(parsed_->root, [&](const Test& test) { only = only && test.ref.field->in_cells; });
  return only;
}

std::vector<std::string> Expression::Paths() const {
  std::set<std::string> paths;
  if (empty()) return {};
  EachTest(parsed_->root,
           [&](const Test& test) { paths.insert(Cat(test.ref.field->path, test.ref.key)); });
  return {paths.begin(), paths.end()};
}

std::vector<Expression> Expression::Conjuncts() const {
  if (empty()) return {};
  if (parsed_->root.kind != Node::Kind::kAnd) return {*this};
  std::vector<Expression> conjuncts;
  for (const Node& child : parsed_->root.children) {
    conjuncts.push_back(Expression(child, parsed_->base_currency, parsed_->calendar));
  }
  return conjuncts;
}

bool operator==(const Expression& a, const Expression& b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty();
  return a.parsed_->root == b.parsed_->root;
}

}  // namespace rapport::filter
