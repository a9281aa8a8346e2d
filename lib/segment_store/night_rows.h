// SPDX-License-Identifier: Apache-2.0
// What a night leaves of segments, as rows of dataset segments (keys.h, SegmentRow): who
// belongs, in what order, who came and went, the RFM grid.
//
// NightRows reads one generation's rows of one workspace: a view, cheap, thread-safe; a
// million members are read in about a millisecond. NightWriter makes them: not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/segments/bitmap.h"
#include "lib/store/keys.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/segment.pb.h"

namespace rapport::segment_store {

inline constexpr uint32_t kPlacesPerRow = 16'384;
inline constexpr size_t kChangesPerRow = 8'192;

class NightRows {
 public:
  NightRows(const store::Dataset& dataset, store::Version generation, uint32_t workspace_no)
      : dataset_(dataset), generation_(generation), workspace_no_(workspace_no) {}

  // nullopt when the night did not evaluate it.
  absl::StatusOr<std::optional<store::v1::SegmentNight>> Night(uint32_t segment_no) const;
  // Of row kinds kMembers, kRanked, kDue; empty without rows.
  absl::StatusOr<segments::Bitmap> Set(store::SegmentRow row, uint32_t segment_no) const;
  absl::StatusOr<bool> Holds(uint32_t segment_no, uint32_t customer_no) const;
  // Who stands at these places (rising) by value.
  absl::StatusOr<std::vector<uint32_t>> CustomersAt(std::span<const uint32_t> places) const;
  // All customers of the night, the most valuable first.
  absl::Status ForEachByValue(absl::FunctionRef<void(uint32_t customer_no)> visit) const;
  // nullopt without a grid.
  absl::StatusOr<std::optional<store::v1::RfmCells>> Rfm() const;
  // Newest night first, from the row at `position` on, until `visit` answers false.
  using Visit = absl::FunctionRef<absl::StatusOr<bool>(uint64_t position,
                                                       const store::v1::SegmentChanges& changes)>;
  absl::Status ForEachChanges(uint32_t segment_no, uint64_t position, Visit visit) const;

 private:
  std::string Key(store::SegmentRow row, uint32_t segment_no, uint64_t position) const {
    return store::SegmentKey{workspace_no_, row, segment_no, position}.Encode();
  }
  const store::Dataset& dataset_;
  const store::Version generation_;
  const uint32_t workspace_no_;
};

// A customer who came in or went out.
struct Change {
  uint32_t customer_no = 0;
  TimeMicros time = 0;
  bool entered = false;
  bool exact = false;
};

class NightWriter {
 public:
  explicit NightWriter(uint32_t workspace_no) : workspace_no_(workspace_no) {}

  void AddNight(uint32_t segment_no, const store::v1::SegmentNight& night);
  void AddSet(store::SegmentRow row, uint32_t segment_no, const segments::Bitmap& set);
  // In any order.
  void AddChanges(uint32_t segment_no, store::Version generation, TimeMicros night,
                  std::vector<Change> changes);
  // A row of an earlier night, as it was.
  void KeepChanges(uint32_t segment_no, uint64_t position,
                   const store::v1::SegmentChanges& changes);
  void AddOrder(std::span<const uint32_t> customers);
  void AddRfm(const store::v1::RfmCells& cells);

  // By key.
  const std::map<std::string, std::string>& rows() const { return rows_; }

 private:
  void Put(store::SegmentRow row, uint32_t segment_no, uint64_t position, std::string value) {
    rows_[store::SegmentKey{workspace_no_, row, segment_no, position}.Encode()] = std::move(value);
  }
  const uint32_t workspace_no_;
  std::map<std::string, std::string> rows_;
};

}  // namespace rapport::segment_store
