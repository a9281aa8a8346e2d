// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/predicate.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "lib/filter/column_test.h"
#include "lib/filter/compare.h"
#include "lib/filter/local_clock.h"

namespace rapport::filter {
namespace {

constexpr uint16_t kAccept = 0xFFFF;
constexpr uint16_t kReject = 0xFFFE;

// One test of a program and where to go on after it.
struct Step {
  Place place = Place::kEventColumns;
  uint16_t test = 0;  // Place in the list of column, payload or customer tests.
  uint16_t on_true = kAccept;
  uint16_t on_false = kReject;
};

// Begins at `entry`; ends with kAccept or kReject.
struct Program {
  std::vector<Step> steps;
  uint16_t entry = kAccept;
  bool empty() const { return entry == kAccept; }
};

// Event types for which a node can be true, and for which it can be false.
struct Possible {
  TypeSet when_true, when_false;
};

Possible PossibleTypes(const Node& node, const Names& names) {
  if (node.kind == Node::Kind::kTest) {
    const Field& field = *node.test.ref.field;
    if (field.type != FieldType::kTypeName) return {field.types, TypeSet::All()};
    const TypeSet types = TypesOf(node.test, names);
    return {types, types.Complement()};
  }
  Possible first = PossibleTypes(node.children.front(), names);
  if (node.kind == Node::Kind::kNot) return {first.when_false, first.when_true};
  const bool all = node.kind == Node::Kind::kAnd;
  for (const Node& child : std::span(node.children).subspan(1)) {
    const Possible next = PossibleTypes(child, names);
    first = all ? Possible{first.when_true.Intersect(next.when_true),
                           first.when_false.Unite(next.when_false)}
                : Possible{first.when_true.Unite(next.when_true),
                           first.when_false.Intersect(next.when_false)};
  }
  return first;
}

void CollectPlaces(const Node& node, PlaceSet& places) {
  for (const Node& child : node.children) CollectPlaces(child, places);
  if (node.kind == Node::Kind::kTest) places.Add(node.test.ref.field->place);
}

}  // namespace

struct EventPredicate::Parts {
  Expression expression;  // Keeps the tests that are pointed to.
  TypeSet types = TypeSet::All();
  PlaceSet places;
  std::vector<ColumnTest> column_tests;
  std::vector<const Test*> payload_tests, customer_tests;
  std::vector<const Node*> customer_conjuncts;
  Program on_columns, on_payload;  // Conjuncts without and with payload.
  std::unique_ptr<const LocalClock> clock;

  bool CustomerHolds(const Node& node, const v1::Customer& customer) const {
    const auto holds = [&](const Node& child) { return CustomerHolds(child, customer); };
    switch (node.kind) {
      case Node::Kind::kAnd:
        return std::ranges::all_of(node.children, holds);
      case Node::Kind::kOr:
        return std::ranges::any_of(node.children, holds);
      case Node::Kind::kNot:
        return !holds(node.children.front());
      case Node::Kind::kTest:
        break;
    }
    return TestCustomer(node.test, customer);
  }

  bool TestCustomer(const Test& test, const v1::Customer& customer) const {
    return Holds(test, [&](size_t) {
      return test.ref.field->read_customer(customer, test.ref.key, expression.base_currency());
    });
  }

  static bool TestPayload(const Test& test, const EventColumns& event,
                          const store::v1::EventPayload& payload) {
    const Field& field = *test.ref.field;
    return field.types.Has(event.type) &&
           Holds(test, [&](size_t nth) { return field.read_payload(payload, test.ref.key, nth); });
  }

  // `payload` may be null for a program without payload tests.
  bool Run(const Program& program, const EventColumns& event,
           const store::v1::EventPayload* payload, const CustomerTruth& truth) const {
    uint16_t at = program.entry;
    while (at < kReject) {
      const Step& step = program.steps[at];
      bool holds = false;
      if (step.place == Place::kEventColumns) {
        holds = clock == nullptr ? column_tests[step.test].Holds(event, NoClock())
                                 : column_tests[step.test].Holds(event, *clock);
      } else if (step.place == Place::kEventPayload) {
        holds = TestPayload(*payload_tests[step.test], event, *payload);
      } else {
        holds = (truth.tests[step.test / 64U] >> (step.test % 64U) & 1) != 0;
      }
      at = holds ? step.on_true : step.on_false;
    }
    return at == kAccept;
  }
};

namespace {

// Builds the parts. Steps are made from the last test to the first, so that each knows
// where to go on.
template <typename Parts>
class Compiler {
 public:
  Compiler(Parts& parts, const Names& names) : parts_(parts), names_(names) {}

  // Puts `node` before what is in the program already, as a further conjunct.
  void AddConjunct(const Node& node, Program& program) {
    program.entry = Compile(node, {program.entry, kReject}, program);
  }

 private:
  struct Exits {
    uint16_t on_true, on_false;
  };

  // The step at which `node` begins.
  uint16_t Compile(const Node& node, Exits exits, Program& program) {
    switch (node.kind) {
      case Node::Kind::kTest:
        return CompileTest(node.test, exits, program);
      case Node::Kind::kNot:
        return Compile(node.children.front(), {exits.on_false, exits.on_true}, program);
      case Node::Kind::kAnd:
      case Node::Kind::kOr:
        break;
    }
    const bool all = node.kind == Node::Kind::kAnd;
    uint16_t next = all ? exits.on_true : exits.on_false;
    for (size_t i = node.children.size(); i-- > 0;) {
      const Exits inner = all ? Exits{next, exits.on_false} : Exits{exits.on_true, next};
      next = Compile(node.children[i], inner, program);
    }
    return next;
  }

  uint16_t CompileTest(const Test& test, Exits exits, Program& program) {
    const Place place = test.ref.field->place;
    if (place == Place::kEventColumns) return CompileColumns(test, exits, program);
    auto& tests = place == Place::kEventPayload ? parts_.payload_tests : parts_.customer_tests;
    tests.push_back(&test);
    return Emit({place, static_cast<uint16_t>(tests.size() - 1), exits.on_true, exits.on_false},
                program);
  }

  uint16_t CompileColumns(const Test& test, Exits exits, Program& program) {
    ColumnTest column = CompileColumn(test, names_, parts_.expression.calendar());
    if (column.ReadsClock() && parts_.clock == nullptr) {
      parts_.clock = std::make_unique<const LocalClock>(parts_.expression.calendar());
    }
    parts_.column_tests.push_back(std::move(column));
    return Emit({Place::kEventColumns, static_cast<uint16_t>(parts_.column_tests.size() - 1),
                 exits.on_true, exits.on_false},
                program);
  }

  static uint16_t Emit(Step step, Program& program) {
    program.steps.push_back(step);
    return static_cast<uint16_t>(program.steps.size() - 1);
  }

  Parts& parts_;
  const Names& names_;
};

std::vector<const Node*> ConjunctsOf(const Node& root) {
  std::vector<const Node*> nodes;
  if (root.kind != Node::Kind::kAnd) return {&root};
  for (const Node& child : root.children) nodes.push_back(&child);
  return nodes;
}

}  // namespace

EventPredicate::EventPredicate() : parts_(std::make_unique<const Parts>()) {}
EventPredicate::EventPredicate(EventPredicate&&) noexcept = default;
EventPredicate& EventPredicate::operator=(EventPredicate&&) noexcept = default;
EventPredicate::~EventPredicate() = default;

EventPredicate Bind(const Expression& expression, const Names& names) {
  EventPredicate predicate;
  if (expression.empty()) return predicate;
  auto parts = std::make_unique<EventPredicate::Parts>();
  parts->expression = expression;
  parts->types = PossibleTypes(*expression.root(), names).when_true;
  Compiler compiler(*parts, names);
  std::vector<const Node*> conjuncts = ConjunctsOf(*expression.root());
  std::ranges::reverse(conjuncts);  // Each is put before those that are there.
  for (const Node* node : conjuncts) {
    PlaceSet places;
    CollectPlaces(*node, places);
    parts->places.Add(places);
    if (!places.HasEvent()) {
      parts->customer_conjuncts.push_back(node);
    } else {
      compiler.AddConjunct(
          *node, places.Has(Place::kEventPayload) ? parts->on_payload : parts->on_columns);
    }
  }
  predicate.parts_ = std::move(parts);
  return predicate;
}

bool EventPredicate::empty() const { return parts_->expression.empty(); }
const TypeSet& EventPredicate::types() const { return parts_->types; }
bool EventPredicate::reads_columns() const { return parts_->places.Has(Place::kEventColumns); }
bool EventPredicate::reads_payload() const { return !parts_->on_payload.empty(); }
bool EventPredicate::reads_customer() const { return parts_->places.HasCustomer(); }

PlaceSet EventPredicate::customer_places() const {
  PlaceSet places;
  for (const Place place :
       {Place::kCustomerFacts, Place::kCustomerSummary, Place::kCustomerAttributes}) {
    if (parts_->places.Has(place)) places.Add(place);
  }
  return places;
}

CustomerTruth EventPredicate::Judge(const v1::Customer& customer) const {
  CustomerTruth truth;
  for (const Node* node : parts_->customer_conjuncts) {
    truth.allowed = truth.allowed && parts_->CustomerHolds(*node, customer);
  }
  for (size_t i = 0; truth.allowed && i < parts_->customer_tests.size(); ++i) {
    if (parts_->TestCustomer(*parts_->customer_tests[i], customer)) {
      truth.tests[i / 64] |= uint64_t{1} << (i % 64);
    }
  }
  return truth;
}

bool EventPredicate::MatchesColumns(const EventColumns& event, const CustomerTruth& truth) const {
  return parts_->types.Has(event.type) && parts_->Run(parts_->on_columns, event, nullptr, truth);
}

bool EventPredicate::MatchesPayload(const EventColumns& event,
                                    const store::v1::EventPayload& payload,
                                    const CustomerTruth& truth) const {
  return parts_->Run(parts_->on_payload, event, &payload, truth);
}

}  // namespace rapport::filter
