// SPDX-License-Identifier: Apache-2.0
// The words of fields that have a closed list of them, from the API's enums. Static,
// immutable, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/filter/catalogue.h"

namespace rapport::filter {

const WordList& StageWords();    // v1.LifecycleStage, upper case.
const WordList& ChannelWords();  // v1.Channel, lower case; the rest as well.
const WordList& TypeWords();     // v1.EventType.
const WordList& WeekdayWords();  // monday = 0 to sunday = 6.

// Case does not matter and the list's prefix may stand before the word.
std::optional<int64_t> NumberOf(const WordList& list, std::string_view text);
// "" for a number without a word.
std::string_view WordOf(const WordList& list, int64_t number);

// Up to three candidates within a third of their length of `text` (edits, case aside),
// nearest first.
std::vector<std::string> NearestWords(std::string_view text,
                                      const std::vector<std::string_view>& candidates);

}  // namespace rapport::filter
