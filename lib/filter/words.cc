// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/words.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "google/protobuf/descriptor.h"
#include "lib/base/text.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::filter {
namespace {

enum class Letters : bool { kUpper, kLower };

WordList FromEnum(const google::protobuf::EnumDescriptor& words, std::string prefix,
                  Letters letters) {
  WordList list{{}, std::move(prefix), false};
  for (int i = 0; i < words.value_count(); ++i) {
    std::string word = words.value(i)->name().substr(list.prefix.size());
    if (letters == Letters::kLower) absl::AsciiStrToLower(&word);
    list.words.push_back({std::move(word), words.value(i)->number()});
  }
  return list;
}

// Number 0 means "not set" in columns.
WordList WithoutZero(WordList list) {
  std::erase_if(list.words, [](const Word& word) { return word.number == 0; });
  return list;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({change, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

const WordList& StageWords() {
  static const WordList list = [] {
    WordList stages =
        FromEnum(*v1::LifecycleStage_descriptor(), "LIFECYCLE_STAGE_", Letters::kUpper);
    stages.ordered = true;
    return stages;
  }();
  return list;
}

const WordList& ChannelWords() {
  static const WordList list =
      WithoutZero(FromEnum(*v1::Channel_descriptor(), "CHANNEL_", Letters::kLower));
  return list;
}

const WordList& TypeWords() {
  static const WordList list =
      WithoutZero(FromEnum(*v1::EventType_descriptor(), "EVENT_TYPE_", Letters::kLower));
  return list;
}

const WordList& WeekdayWords() {
  static const WordList list{{{"monday", 0},
                              {"tuesday", 1},
                              {"wednesday", 2},
                              {"thursday", 3},
                              {"friday", 4},
                              {"saturday", 5},
                              {"sunday", 6}},
                             "",
                             true};
  return list;
}

std::optional<int64_t> NumberOf(const WordList& list, std::string_view text) {
  if (absl::StartsWithIgnoreCase(ToAbsl(text), list.prefix)) text.remove_prefix(list.prefix.size());
  for (const Word& word : list.words) {
    if (absl::EqualsIgnoreCase(word.text, ToAbsl(text))) return word.number;
  }
  return std::nullopt;
}

std::string_view WordOf(const WordList& list, int64_t number) {
  const auto found = std::ranges::find(list.words, number, &Word::number);
  return found == list.words.end() ? std::string_view() : std::string_view(found->text);
}

std::vector<std::string> NearestWords(std::string_view text,
                                      const std::vector<std::string_view>& candidates) {
  constexpr size_t kMost = 3, kLongest = 128;
  const std::string wanted = absl::AsciiStrToLower(ToAbsl(text.substr(0, kLongest)));
  std::vector<std::pair<size_t, std::string_view>> near;
  for (const std::string_view candidate : candidates) {
    const size_t edits = EditDistance(wanted, absl::AsciiStrToLower(ToAbsl(candidate)));
    const size_t limit = std::max<size_t>(1, std::max(wanted.size(), candidate.size()) / 3);
    if (edits <= limit) near.emplace_back(edits, candidate);
  }
  std::ranges::stable_sort(near, {}, [](const auto& entry) { return entry.first; });
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min(near.size(), kMost); ++i) words.emplace_back(near[i].second);
  return words;
}

}  // namespace rapport::filter
