// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/book.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"

namespace rapport::segments {
namespace {

Bitmap Merged(const Bitmap& list, absl::FunctionRef<uint32_t(uint32_t)> survivor) {
  std::vector<uint32_t> numbers;
  list.ForEach([&](uint32_t number) { numbers.push_back(survivor(number)); });
  return Bitmap(numbers);
}

std::vector<RuleDefinition> DefinitionsOf(const std::vector<StoredSegment>& segments) {
  std::vector<RuleDefinition> definitions;
  for (const StoredSegment& segment : segments) {
    RuleDefinition& definition = definitions.emplace_back();
    definition.id = segment.id;
    if (segment.is_list()) {
      definition.list_fingerprint = FingerprintOf(segment.list);
    } else {
      definition.rule = &segment.record.segment().rule();
    }
  }
  return definitions;
}

void AddReferences(const v1::SegmentRule& rule, std::set<std::string, std::less<>>& ids) {
  for (const auto* rules : {&rule.all_of(), &rule.any_of(), &rule.none_of()}) {
    for (const v1::SegmentRule& child : rules->rules()) AddReferences(child, ids);
  }
  if (rule.condition_case() == v1::SegmentRule::kSegment) ids.insert(rule.segment());
}

// The segment whose rule an error of RuleSet::Compile names: `{id}.rule...`.
std::string CulpritOf(const absl::Status& status) {
  const auto detail = DetailOf(status);
  return detail.has_value() ? detail->field.substr(0, detail->field.find('.')) : std::string();
}

}  // namespace

std::vector<RuleDefinition> SegmentBook::Definitions() const { return DefinitionsOf(segments_); }

std::unique_ptr<const SegmentBook> SegmentBook::Create(
    std::vector<StoredSegment> segments, const metrics::Scope& scope,
    absl::FunctionRef<uint32_t(uint32_t)> survivor) {
  std::unique_ptr<SegmentBook> book(new SegmentBook);
  std::erase_if(segments, [](const StoredSegment& segment) { return segment.deleted(); });
  for (StoredSegment& segment : segments) segment.list = Merged(segment.list, survivor);
  for (;;) {
    auto rules = RuleSet::Compile(DefinitionsOf(segments), scope);
    if (rules.ok()) {
      book->rules_ = *std::move(rules);
      break;
    }
    // Every error names a segment; one that did not would go round for ever.
    auto culprit = std::ranges::find(segments, CulpritOf(rules.status()), &StoredSegment::id);
    if (culprit == segments.end()) culprit = segments.begin();
    book->broken_.push_back({std::move(*culprit), rules.status()});
    segments.erase(culprit);
  }
  book->segments_ = std::move(segments);
  return book;
}

void KeepNeeded(std::string_view id, std::vector<StoredSegment>& segments) {
  std::set<std::string, std::less<>> needed = {std::string(id)};
  for (size_t before = 0; before != needed.size();) {
    before = needed.size();
    for (const StoredSegment& segment : segments) {
      if (needed.contains(segment.id)) AddReferences(segment.record.segment().rule(), needed);
    }
  }
  std::erase_if(segments, [&](const StoredSegment& s) { return !needed.contains(s.id); });
}

bool RefersTo(const v1::SegmentRule& rule, std::string_view id) {
  std::set<std::string, std::less<>> references;
  AddReferences(rule, references);
  return references.contains(id);
}

uint32_t NextSegmentNumber(const std::vector<StoredSegment>& segments) {
  uint32_t last = 0;
  for (const StoredSegment& segment : segments) last = std::max(last, segment.record.number());
  return last + 1;
}

uint64_t FingerprintOf(const Bitmap& list) {
  std::string bytes;
  for (const auto& [part, text] : list.Encode()) bytes += Cat(part, ":", text);
  return HashText64(bytes);
}

}  // namespace rapport::segments
