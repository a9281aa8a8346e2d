// SPDX-License-Identifier: Apache-2.0
#include "lib/store/row_checksum.h"

#define XXH_INLINE_ALL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <xxhash.h>
#pragma GCC diagnostic pop

namespace rapport::store {

struct RowChecksum::State {
  XXH3_state_t hash;
  void Feed(std::string_view bytes) {
    char length[10];
    size_t size = 0;
    for (uint64_t rest = bytes.size();; rest >>= 7) {
      length[size++] = static_cast<char>(rest < 0x80 ? rest : (rest | 0x80));
      if (rest < 0x80) break;
    }
    XXH3_64bits_update(&hash, length, size);
    XXH3_64bits_update(&hash, bytes.data(), bytes.size());
  }
};

RowChecksum::RowChecksum() : state_(std::make_unique<State>()) { Reset(); }
RowChecksum::~RowChecksum() = default;

void RowChecksum::Reset() { XXH3_64bits_reset(&state_->hash); }

void RowChecksum::Add(std::string_view key, std::string_view value) {
  state_->Feed(key);
  state_->Feed(value);
}

uint64_t RowChecksum::Value() const { return XXH3_64bits_digest(&state_->hash); }

}  // namespace rapport::store
