// SPDX-License-Identifier: Apache-2.0
// Touchpoints, campaigns and custom event types of a workspace as numbers from 1.
//
// Readers are thread-safe; Add comes from the ingest writer alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/text.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::events {

using store::v1::DictionaryKind;

inline constexpr uint32_t kMaxTouchpoints = 1'000'000;
inline constexpr uint32_t kMaxCampaigns = 1'000'000;
inline constexpr uint32_t kMaxCustomTypes = 10'000;

class Dictionary {
 public:
  static absl::StatusOr<std::unique_ptr<Dictionary>> Open(store::Store& store,
                                                          uint32_t workspace_no);

  // Number of the text, a new one if need be, 0 when the dictionary is full. New rows of
  // table kDictionary go to `writes`.
  uint32_t Add(DictionaryKind kind, std::string_view text,
               std::vector<store::PartitionWrite>& writes);
  // Numbers 1..Count are given out.
  uint32_t Count(DictionaryKind kind) const;
  // 0 for a text without a number.
  uint32_t Find(DictionaryKind kind, std::string_view text) const;
  // "" for a number not given out.
  std::string Text(DictionaryKind kind, uint32_t number) const;

 private:
  struct Words {
    TextMap<uint32_t> numbers;
    std::vector<std::string> texts = std::vector<std::string>(1);
  };
  explicit Dictionary(uint32_t workspace_no) : workspace_no_(workspace_no) {}

  uint32_t workspace_no_;
  mutable absl::Mutex mutex_;  // Readers against the writer.
  std::array<Words, 4> words_;
};

}  // namespace rapport::events
