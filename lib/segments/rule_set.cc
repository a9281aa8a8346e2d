// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/rule_set.h"

#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"

namespace rapport::segments {
namespace {

// Changes whenever the meaning of rules does.
constexpr int kRulesVersion = 1;

void AddKeys(const filter::Node* node, std::set<std::string>& keys) {
  if (node == nullptr) return;
  for (const filter::Node& child : node->children) AddKeys(&child, keys);
  if (node->kind != filter::Node::Kind::kTest) return;
  const filter::FieldRef& ref = node->test.ref;
  if (ref.field->place == filter::Place::kCustomerAttributes) keys.insert(ref.key);
}

std::string SettingsText(const metrics::Scope& scope) {
  return Cat(kRulesVersion, "|", FromAbsl(scope.calendar.zone().name()), "|",
             static_cast<int>(scope.calendar.week_start()), "|", scope.base_currency);
}

}  // namespace

// Makes a RuleSet; used once.
class RuleCompiler {
 public:
  RuleCompiler(std::span<const RuleDefinition> definitions, const metrics::Scope& scope)
      : definitions_(definitions), set_(new RuleSet) {
    set_->scope_ = &scope;
  }

  absl::StatusOr<std::unique_ptr<const RuleSet>> Run() {
    for (size_t i = 0; i < definitions_.size(); ++i) {
      set_->numbers_.emplace(definitions_[i].id, i);
    }
    for (const RuleDefinition& definition : definitions_) {
      RuleSet::Segment& segment = set_->segments_.emplace_back();
      segment.id = definition.id;
      segment.is_list = definition.rule == nullptr;
      if (segment.is_list) continue;
      conditions_ = 0;
      const std::string path = definition.path.empty() ? definition.id + ".rule" : definition.path;
      RETURN_IF_ERROR(Add(*definition.rule, path, 0, segment.root));
    }
    states_.assign(definitions_.size(), State::kNew);
    for (size_t i = 0; i < definitions_.size(); ++i) RETURN_IF_ERROR(Visit(i, {}));
    return std::unique_ptr<const RuleSet>(std::move(set_));
  }

 private:
  enum class State { kNew, kUnderWay, kDone };

  absl::Status Add(const v1::SegmentRule& rule, const std::string& path, int depth,
                   RuleNode& node) {
    if (depth > kMaxRuleDepth) {
      return InvalidField(path, "TOO_DEEP", Cat("rules go ", kMaxRuleDepth, " levels deep"));
    }
    if (++conditions_ > kMaxConditions) {
      return InvalidField(path, "TOO_MANY_CONDITIONS",
                          Cat("a rule has at most ", kMaxConditions, " conditions"));
    }
    switch (rule.condition_case()) {
      case v1::SegmentRule::kAllOf:
        return AddChildren(rule.all_of(), path + ".all_of", depth, RuleNode::Kind::kAll, node);
      case v1::SegmentRule::kAnyOf:
        return AddChildren(rule.any_of(), path + ".any_of", depth, RuleNode::Kind::kAny, node);
      case v1::SegmentRule::kNoneOf:
        return AddChildren(rule.none_of(), path + ".none_of", depth, RuleNode::Kind::kNone, node);
      case v1::SegmentRule::kCustomer:
        return AddCustomer(rule.customer(), path + ".customer", node);
      case v1::SegmentRule::kBehaviour:
        return AddBehaviour(rule.behaviour(), path + ".behaviour", node);
      case v1::SegmentRule::kAggregate:
        return AddAggregate(rule.aggregate(), path + ".aggregate", node);
      case v1::SegmentRule::kSegment:
        return AddSegment(rule.segment(), path + ".segment", node);
      case v1::SegmentRule::CONDITION_NOT_SET:
        break;
    }
    return InvalidField(path, "REQUIRED", "needs a condition");
  }

  absl::Status AddChildren(const v1::SegmentRules& rules, const std::string& path, int depth,
                           RuleNode::Kind kind, RuleNode& node) {
    node.kind = kind;
    if (rules.rules().empty()) return InvalidField(path + ".rules", "REQUIRED", "needs a rule");
    for (int i = 0; i < rules.rules_size(); ++i) {
      RETURN_IF_ERROR(Add(rules.rules(i), Cat(path, ".rules[", i, "]"), depth + 1,
                          node.children.emplace_back()));
    }
    return absl::OkStatus();
  }

  absl::Status AddCustomer(const std::string& text, const std::string& path, RuleNode& node) {
    filter::Context context;
    context.base_currency = UnpackCurrency(set_->scope_->base_currency);
    context.calendar = set_->scope_->calendar;
    context.field = path;
    ASSIGN_OR_RETURN(filter::Expression expression,
                     filter::Parse(text, filter::CustomerCatalogue(), context));
    if (expression.empty()) return InvalidField(path, "REQUIRED", "needs a filter");
    node.kind = RuleNode::Kind::kCustomer;
    const auto [known, is_new] =
        filter_numbers_.try_emplace(expression.ToString(), set_->customer_filters_.size());
    if (is_new) set_->customer_filters_.push_back(std::move(expression));
    node.customer_filter = known->second;
    return absl::OkStatus();
  }

  absl::Status AddHits(const HitSource::Request& request, RuleNode& node) {
    ASSIGN_OR_RETURN(HitSource source, HitSource::Create(request, *set_->scope_));
    node.kind = RuleNode::Kind::kEvents;
    const auto [known, is_new] = source_numbers_.try_emplace(source.Key(), set_->sources_.size());
    if (is_new) set_->sources_.push_back(std::move(source));
    node.hits = known->second;
    return absl::OkStatus();
  }

  absl::Status AddBehaviour(const v1::SegmentBehaviour& behaviour, const std::string& path,
                            RuleNode& node) {
    HitSource::Request request;
    request.filter = behaviour.filter();
    request.path = path;
    RETURN_IF_ERROR(AddHits(request, node));
    ASSIGN_OR_RETURN(node.condition, NewBehaviour(behaviour, set_->scope_->calendar, path));
    return absl::OkStatus();
  }

  absl::Status AddAggregate(const v1::SegmentAggregate& aggregate, const std::string& path,
                            RuleNode& node) {
    ASSIGN_OR_RETURN(node.condition, NewAggregate(aggregate, set_->scope_->calendar, path));
    return AddHits(HitsOf(aggregate, path), node);
  }

  absl::Status AddSegment(const std::string& id, const std::string& path, RuleNode& node) {
    const auto found = set_->numbers_.find(id);
    if (found == set_->numbers_.end()) {
      return InvalidField(path, "UNKNOWN_SEGMENT", Cat("there is no segment ", id));
    }
    node.kind = RuleNode::Kind::kSegment;
    node.segment = found->second;
    return absl::OkStatus();
  }

  // Depth first: a segment met again under way stands on itself. Fingerprints on the way up.
  absl::Status Visit(size_t segment, std::string trail) {
    if (states_[segment] == State::kDone) return absl::OkStatus();
    const RuleDefinition& definition = definitions_[segment];
    trail += Cat(trail.empty() ? "" : " > ", definition.id);
    if (states_[segment] == State::kUnderWay) {
      return InvalidField(definition.path.empty() ? definition.id + ".rule" : definition.path,
                          "CYCLE", Cat("segments refer to each other in a circle: ", trail));
    }
    states_[segment] = State::kUnderWay;
    RuleSet::Segment& made = set_->segments_[segment];
    Prints prints;
    if (definition.rule != nullptr) RETURN_IF_ERROR(VisitNode(made.root, trail, prints));
    const std::string rule =
        definition.rule == nullptr ? "list" : definition.rule->SerializeAsString();
    const std::string text = Cat(SettingsText(*set_->scope_), "|", rule, "|");
    made.rule_fingerprint = HashText64(Cat(text, prints.rules));
    made.fingerprint = HashText64(Cat(text, prints.all, "|", definition.list_fingerprint));
    states_[segment] = State::kDone;
    return absl::OkStatus();
  }

  // Fingerprints of the segments that a rule refers to.
  struct Prints {
    std::string rules, all;
  };
  absl::Status VisitNode(const RuleNode& node, const std::string& trail, Prints& prints) {
    for (const RuleNode& child : node.children) RETURN_IF_ERROR(VisitNode(child, trail, prints));
    if (node.kind != RuleNode::Kind::kSegment) return absl::OkStatus();
    RETURN_IF_ERROR(Visit(node.segment, trail));
    prints.rules += Cat(set_->segments_[node.segment].rule_fingerprint, " ");
    prints.all += Cat(set_->segments_[node.segment].fingerprint, " ");
    return absl::OkStatus();
  }

  std::span<const RuleDefinition> definitions_;
  std::unique_ptr<RuleSet> set_;
  TextMap<size_t> filter_numbers_, source_numbers_;
  std::vector<State> states_;
  size_t conditions_ = 0;
};

absl::StatusOr<std::unique_ptr<const RuleSet>> RuleSet::Compile(
    std::span<const RuleDefinition> definitions, const metrics::Scope& scope) {
  return RuleCompiler(definitions, scope).Run();
}

size_t RuleSet::Find(std::string_view id) const {
  const auto found = numbers_.find(id);
  return found == numbers_.end() ? npos : found->second;
}

void RuleSet::AddNeeds(const RuleNode& node, std::vector<bool>& seen, Needs& needs) const {
  for (const RuleNode& child : node.children) AddNeeds(child, seen, needs);
  switch (node.kind) {
    case RuleNode::Kind::kCustomer:
      needs.customer.Add(customer_filters_[node.customer_filter].places());
      break;
    case RuleNode::Kind::kEvents: {
      const HitSource& source = sources_[node.hits];
      needs.events = true;
      needs.payloads = needs.payloads || source.reads_payload();
      needs.rates = needs.rates || source.reads_rates();
      needs.customer.Add(source.predicate().customer_places());
      break;
    }
    case RuleNode::Kind::kSegment:
      if (seen[node.segment]) break;
      seen[node.segment] = true;
      if (!is_list(node.segment)) AddNeeds(root(node.segment), seen, needs);
      break;
    default:
      break;
  }
}

RuleSet::Needs RuleSet::NeedsOf(size_t segment) const {
  std::vector<bool> seen(size());
  Needs needs;
  if (!is_list(segment)) AddNeeds(root(segment), seen, needs);
  return needs;
}

RuleSet::Needs RuleSet::NeedsOfAll() const {
  std::vector<bool> seen(size());
  Needs needs;
  for (size_t i = 0; i < size(); ++i) {
    if (!is_list(i)) AddNeeds(root(i), seen, needs);
  }
  return needs;
}

std::vector<std::string> RuleSet::AttributeKeys() const {
  std::set<std::string> keys;
  for (const filter::Expression& expression : customer_filters_) AddKeys(expression.root(), keys);
  for (const HitSource& source : sources_) AddKeys(source.filter().root(), keys);
  return {keys.begin(), keys.end()};
}

std::string RuleSet::Describe(size_t segment) const {
  return is_list(segment) ? "a list of customers" : Describe(root(segment));
}

std::string RuleSet::Describe(const RuleNode& node) const {
  switch (node.kind) {
    case RuleNode::Kind::kCustomer:
      return customer_filters_[node.customer_filter].ToString();
    case RuleNode::Kind::kSegment:
      return Cat("in segment ", id(node.segment));
    case RuleNode::Kind::kEvents:
      return node.condition->Describe(sources_[node.hits].FilterText());
    default:
      break;
  }
  std::string text = node.kind == RuleNode::Kind::kAll   ? "all of ("
                     : node.kind == RuleNode::Kind::kAny ? "any of ("
                                                         : "none of (";
  for (size_t i = 0; i < node.children.size(); ++i) {
    text += Cat(i == 0 ? "" : "; ", Describe(node.children[i]));
  }
  return text + ")";
}

}  // namespace rapport::segments
