// SPDX-License-Identifier: Apache-2.0
#include "lib/events/dictionary.h"

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/varint.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

uint32_t LimitOf(DictionaryKind kind) {
  switch (kind) {
    case store::v1::DICTIONARY_KIND_TOUCHPOINT:
      return kMaxTouchpoints;
    case store::v1::DICTIONARY_KIND_CAMPAIGN:
      return kMaxCampaigns;
    case store::v1::DICTIONARY_KIND_CUSTOM_TYPE:
      return kMaxCustomTypes;
    default:
      return 0;
  }
}

store::PartitionWrite RowOf(uint32_t workspace_no, DictionaryKind kind, uint32_t number,
                            std::string_view text) {
  store::v1::DictionaryRecord record;
  record.set_kind(kind);
  record.set_number(number);
  record.set_text(std::string(text));
  std::string row;
  PutBigEndian(row, static_cast<uint8_t>(kind));
  PutBigEndian(row, number);
  return {store::DictionaryPartition(workspace_no),
          {{store::MergeKind::kSet, std::move(row), record.SerializeAsString()}}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dictionary>> Dictionary::Open(store::Store& store,
                                                             uint32_t workspace_no) {
  std::unique_ptr<Dictionary> dictionary(new Dictionary(workspace_no));
  const auto add = [&](std::string_view, std::string_view, std::string_view value) {
    store::v1::DictionaryRecord record;
    if (!record.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
        record.number() == 0 || record.number() > LimitOf(record.kind())) {
      return DataLoss("dictionary", "row does not decode");
    }
    Words& words = dictionary->words_[static_cast<size_t>(record.kind())];
    if (record.number() >= words.texts.size()) words.texts.resize(record.number() + 1);
    words.texts[record.number()] = record.text();
    words.numbers[record.text()] = record.number();
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(store.table(store::TableId::kDictionary)
                      .Scan(store::DictionaryPartition(workspace_no), "", add));
  return dictionary;
}

uint32_t Dictionary::Add(DictionaryKind kind, std::string_view text,
                         std::vector<store::PartitionWrite>& writes) {
  Words& words = words_[static_cast<size_t>(kind)];
  // The writer alone changes the maps, so it looks without the lock.
  if (const auto it = words.numbers.find(text); it != words.numbers.end()) return it->second;
  const auto number = static_cast<uint32_t>(words.texts.size());
  if (number > LimitOf(kind)) return 0;
  writes.push_back(RowOf(workspace_no_, kind, number, text));
  absl::MutexLock lock(&mutex_);
  words.texts.emplace_back(text);
  words.numbers.emplace(text, number);
  return number;
}

uint32_t Dictionary::Count(DictionaryKind kind) const {
  absl::ReaderMutexLock lock(&mutex_);
  return static_cast<uint32_t>(words_[static_cast<size_t>(kind)].texts.size() - 1);
}

uint32_t Dictionary::Find(DictionaryKind kind, std::string_view text) const {
  absl::ReaderMutexLock lock(&mutex_);
  const Words& words = words_[static_cast<size_t>(kind)];
  const auto found = words.numbers.find(text);
  return found == words.numbers.end() ? 0 : found->second;
}

std::string Dictionary::Text(DictionaryKind kind, uint32_t number) const {
  absl::ReaderMutexLock lock(&mutex_);
  const std::vector<std::string>& texts = words_[static_cast<size_t>(kind)].texts;
  return number < texts.size() ? texts[number] : std::string();
}

}  // namespace rapport::events
