// SPDX-License-Identifier: Apache-2.0
// The names of a workspace's dictionaries as filters and metrics look them up. Thread-safe;
// the dictionary outlives it.
#pragma once

#include <string>
#include <string_view>

#include "lib/events/dictionary.h"
#include "lib/filter/names.h"

namespace rapport::server {

class DictionaryNames final : public filter::Names {
 public:
  explicit DictionaryNames(const events::Dictionary& dictionary) : dictionary_(dictionary) {}
  uint32_t Count(filter::NameKind kind) const override { return dictionary_.Count(Of(kind)); }
  std::string Text(filter::NameKind kind, uint32_t number) const override {
    return dictionary_.Text(Of(kind), number);
  }
  uint32_t Find(filter::NameKind kind, std::string_view text) const override {
    return dictionary_.Find(Of(kind), text);
  }

 private:
  static store::v1::DictionaryKind Of(filter::NameKind kind) {
    switch (kind) {
      case filter::NameKind::kTouchpoint:
        return store::v1::DICTIONARY_KIND_TOUCHPOINT;
      case filter::NameKind::kCampaign:
        return store::v1::DICTIONARY_KIND_CAMPAIGN;
      case filter::NameKind::kCustomType:
        break;
    }
    return store::v1::DICTIONARY_KIND_CUSTOM_TYPE;
  }
  const events::Dictionary& dictionary_;
};

}  // namespace rapport::server
