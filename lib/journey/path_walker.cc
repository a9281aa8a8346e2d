// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/path_walker.h"

#include <algorithm>
#include <utility>

#include "lib/base/text.h"
#include "lib/journey/dimension.h"
#include "lib/journey/session_numbers.h"

namespace rapport::journey {

PathWalker::PathWalker(const PathPlan& plan, size_t max_paths)
    : plan_(&plan),
      max_paths_(max_paths),
      depth_(plan.depth()),
      filter_(plan.filter().predicate.get()),
      from_(plan.from().predicate.get()),
      to_(plan.to().predicate.get()),
      places_(1) {}

void PathWalker::Customer(const filter::CustomerEvents& customer) {
  if (!filter_.Begin(customer)) return;
  from_.Begin(customer);
  to_.Begin(customer);
  seen_.clear();
  sessions_.clear();
  SessionNumbers numbers(plan_->limit());
  for (size_t i = 0; i < customer.events.size(); ++i) {
    const uint32_t session = plan_->by_session() ? numbers.Of(customer.events[i]) : 1;
    if (session == 0 || !filter_.Matches(customer, i)) continue;
    seen_.push_back(static_cast<uint32_t>(i));
    sessions_.push_back(session);
  }
  for (size_t begin = 0; begin < seen_.size();) {
    size_t end = begin;
    while (end < seen_.size() && sessions_[end] == sessions_[begin]) ++end;
    Unit(customer, begin, end);
    begin = end;
  }
}

void PathWalker::Unit(const filter::CustomerEvents& customer, size_t begin, size_t end) {
  labels_.clear();
  if (plan_->backward()) {
    Backward(customer, begin, end);
  } else {
    Forward(customer, begin, end);
  }
}

// Of an event with the label of the one before only the first counts.
bool PathWalker::Push(uint32_t label) {
  if (!plan_->question().keep_repeats() && !labels_.empty() && labels_.back() == label) {
    return false;
  }
  labels_.push_back(label);
  return true;
}

void PathWalker::Forward(const filter::CustomerEvents& customer, size_t begin, size_t end) {
  const auto time_of = [&](size_t at) { return customer.events[seen_[at]].time; };
  const metrics::TimeWindow& range = plan_->range();
  const auto begins = [&](size_t at) {
    return plan_->from().empty() || from_.Matches(customer, seen_[at]);
  };
  // A session that began before the range belongs to another one.
  if (plan_->by_session()) {
    while (begin < end && !begins(begin)) ++begin;
  } else {
    while (begin < end && (time_of(begin) < range.begin || !begins(begin))) ++begin;
  }
  if (begin == end || time_of(begin) < range.begin || time_of(begin) >= range.end) return;
  const TimeMicros start = time_of(begin);
  const bool between = plan_->between();
  bool arrived = !between;
  for (size_t at = begin; at < end; ++at) {
    if (!plan_->by_session() && time_of(at) - start > plan_->limit()) break;
    Push(LabelOf(customer, seen_[at]));
    if (between && at > begin && to_.Matches(customer, seen_[at])) {
      arrived = true;
      break;
    }
    // One more than is shown tells that the path goes on.
    if (!between && labels_.size() > static_cast<size_t>(depth_)) break;
  }
  if (arrived) Count(labels_, true);
}

void PathWalker::Backward(const filter::CustomerEvents& customer, size_t begin, size_t end) {
  const auto time_of = [&](size_t at) { return customer.events[seen_[at]].time; };
  const metrics::TimeWindow& range = plan_->range();
  size_t last = begin;
  while (last < end && (time_of(last) < range.begin || !to_.Matches(customer, seen_[last]))) ++last;
  if (last == end || time_of(last) >= range.end) return;
  for (size_t at = last + 1; at-- > begin;) {
    if (!plan_->by_session() && time_of(last) - time_of(at) > plan_->limit()) break;
    Push(LabelOf(customer, seen_[at]));
    if (labels_.size() > static_cast<size_t>(depth_)) break;
  }
  Count(labels_, true);
}

uint32_t PathWalker::LabelOf(const filter::CustomerEvents& customer, size_t index) {
  const EventColumns& event = customer.events[index];
  Place place{event.type, 0};
  switch (plan_->question().label()) {
    case v1::PATH_LABEL_TOUCHPOINT:
      place.detail = event.touchpoint_no;
      break;
    case v1::PATH_LABEL_CHANNEL:
      place.detail = event.channel;
      break;
    case v1::PATH_LABEL_CAMPAIGN:
      place.detail = event.campaign_no;
      break;
    case v1::PATH_LABEL_PROPERTY: {
      const std::string text = PropertyText(customer, index, plan_->question().property());
      place.detail = text.empty() ? 0 : properties_.NumberOf(text);
      break;
    }
    default:
      break;
  }
  return NumberOf(place);
}

uint32_t PathWalker::NumberOf(const Place& place) {
  const auto [found, is_new] = numbers_.try_emplace(place, places_.size());
  if (is_new) places_.push_back(place);
  return found->second;
}

std::string PathWalker::Label(uint32_t number) const {
  if (number == kMiddle) return "...";
  const Place& place = places_[number];
  std::string type = metrics::TypeWord(place.type, *plan_->scope().names);
  if (place.detail == 0) return type;
  const filter::Names& names = *plan_->scope().names;
  switch (plan_->question().label()) {
    case v1::PATH_LABEL_TOUCHPOINT:
      return Cat(type, " @ ", names.Text(filter::NameKind::kTouchpoint, place.detail));
    case v1::PATH_LABEL_CHANNEL:
      return Cat(type, ": ", metrics::ChannelWord(place.detail));
    case v1::PATH_LABEL_CAMPAIGN:
      return Cat(type, ": ", names.Text(filter::NameKind::kCampaign, place.detail));
    case v1::PATH_LABEL_PROPERTY:
      return Cat(type, ": ", properties_.Text(place.detail));
    default:
      return type;
  }
}

bool PathWalker::Cut(Labels& labels, int depth) const {
  const auto most = static_cast<size_t>(depth);
  if (labels.size() <= most) return true;
  if (!plan_->between()) {
    labels.resize(most);
    return false;
  }
  const uint32_t last = labels.back();
  labels.resize(most);
  labels.back() = last;
  if (most > 2) labels[most - 2] = kMiddle;
  return true;  // Both ends are there.
}

void PathWalker::Count(Labels labels, bool whole) {
  whole = Cut(labels, depth_) && whole;
  Add(labels, {1, whole ? 1 : 0});
}

void PathWalker::Add(const Labels& labels, const Counts& counts) {
  Counts& sum = paths_[labels];
  sum.paths += counts.paths;
  sum.whole += counts.whole;
  while (paths_.size() > max_paths_ && depth_ > 1) Shorten();
}

void PathWalker::Shorten() {
  --depth_;
  absl::flat_hash_map<Labels, Counts> longer;
  longer.swap(paths_);
  for (const auto& [labels, counts] : longer) {
    Labels shorter = labels;
    const bool whole = Cut(shorter, depth_);
    Counts& sum = paths_[shorter];
    sum.paths += counts.paths;
    sum.whole += whole ? counts.whole : 0;
  }
}

void PathWalker::Merge(PathWalker&& other) {
  std::vector<uint32_t> mine(other.places_.size(), kMiddle);
  for (size_t number = 1; number < other.places_.size(); ++number) {
    Place place = other.places_[number];
    if (plan_->question().label() == v1::PATH_LABEL_PROPERTY && place.detail != 0) {
      place.detail = properties_.NumberOf(other.properties_.Text(place.detail));
    }
    mine[number] = NumberOf(place);
  }
  while (depth_ > other.depth_) Shorten();
  for (const auto& [theirs, counts] : other.paths_) {
    Labels labels = theirs;
    for (uint32_t& label : labels) label = mine[label];
    const bool whole = Cut(labels, depth_);
    Add(labels, {counts.paths, whole ? counts.whole : 0});
  }
}

}  // namespace rapport::journey
