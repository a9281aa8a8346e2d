// SPDX-License-Identifier: Apache-2.0
// One page of a list that a whole pass over the customers sorts: only the best entries
// after a position are kept, so memory is that of a page whatever the list's length.
//
//   TopPage<Entry> page(size + 1, after);
//   if (page.Wants(rank)) page.Offer({rank, name, ordinal}, std::move(entry));
//
// Not thread-safe; pages of several threads merge to the same page. Offer costs
// O(log size).
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace rapport::server {

// Where an entry stands; smaller comes first. No two entries of a list stand at one place.
struct PagePlace {
  int64_t rank = 0;      // A time, or its negative for newest first.
  std::string name;      // Of the customer.
  uint32_t ordinal = 0;  // Of those of one customer at one time.
  friend auto operator<=>(const PagePlace&, const PagePlace&) = default;
  friend bool operator==(const PagePlace&, const PagePlace&) = default;
};
// As the position in a page token, and back; nullopt for the empty position of the first
// page. Internal for bytes that EncodePlace does not make.
std::string EncodePlace(const PagePlace& place);
absl::StatusOr<std::optional<PagePlace>> DecodePlace(std::string_view position);

template <typename Entry>
class TopPage {
 public:
  using Placed = std::pair<PagePlace, Entry>;

  // Up to `limit` (> 0) entries after the place.
  TopPage(size_t limit, std::optional<PagePlace> after) : limit_(limit), after_(std::move(after)) {}

  // False when no entry of that rank can come in.
  bool Wants(int64_t rank) const {
    if (after_ && rank < after_->rank) return false;
    return heap_.size() < limit_ || rank <= heap_.front().first.rank;
  }
  void Offer(PagePlace place, Entry entry) {
    if (after_ && place <= *after_) return;
    if (heap_.size() == limit_) {
      if (!(place < heap_.front().first)) return;
      std::pop_heap(heap_.begin(), heap_.end(), ByPlace);
      heap_.pop_back();
    }
    heap_.emplace_back(std::move(place), std::move(entry));
    std::push_heap(heap_.begin(), heap_.end(), ByPlace);
  }
  void Merge(TopPage&& other) {
    for (Placed& placed : other.heap_) Offer(std::move(placed.first), std::move(placed.second));
    other.heap_.clear();
  }
  // In order; the page is empty afterwards.
  std::vector<Placed> Take() {
    std::sort(heap_.begin(), heap_.end(), ByPlace);
    return std::exchange(heap_, {});
  }

 private:
  static bool ByPlace(const Placed& a, const Placed& b) { return a.first < b.first; }
  size_t limit_;
  std::optional<PagePlace> after_;
  std::vector<Placed> heap_;  // The last one in front.
};

}  // namespace rapport::server
