// SPDX-License-Identifier: Apache-2.0
// Turns rows into events by a mapping (proto/rapport/store/v1/import_mapping.proto).
//
// A row is left out by a skip rule (counted), makes no event because no rule applies
// (NO_RULE) or an answer is missing (NO_ANSWER), is refused with field and reason, or
// makes one event per rule that applies. Rows of a group make one event, which is given
// out when the group ends (adjacent) or by Finish(). A refused row spoils its group:
// half an order would be worse than a counted refusal.
//
// Events come out in a fixed order for the same input, so the n-th event is the same on
// every run: resuming counts events. Not thread-safe. Cost: 1-2 us a row.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rapport/store/v1/import_mapping.pb.h"
#include "rapport/v1/event.pb.h"
#include "tools/rapportctl/input.h"

namespace rapport::ctl {

// An event with the (first) row it was made of.
struct MappedEvent {
  v1::Event event;
  int64_t line = 0;
  std::string file;
  std::string raw;  // Only when rows are kept for the reject file.
};

struct RefusedRow {
  int64_t line = 0;
  std::string file;
  std::string field;
  std::string reason;
  std::string message;
  std::string raw;
};

struct MappingTotals {
  int64_t rows = 0;
  int64_t events = 0;
  int64_t refused = 0;
  int64_t spoiled_groups = 0;
  std::map<std::string, int64_t> skipped;  // By reason.
};

class Mapping {
 public:
  struct Sink {
    std::function<absl::Status(MappedEvent&&)> event;
    std::function<absl::Status(const RefusedRow&)> refused;
    bool keep_rows = false;
  };

  // InvalidArgument naming what is wrong in the mapping.
  static absl::StatusOr<std::unique_ptr<Mapping>> Compile(const store::v1::ImportMapping& mapping);
  ~Mapping();

  // Reads one input to its end. Several inputs may follow one another.
  absl::Status Read(Input& input, const Sink& sink);
  // Gives out the groups that are still held.
  absl::Status Finish(const Sink& sink);

  const MappingTotals& totals() const;

 private:
  struct State;
  explicit Mapping(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads a text proto. InvalidArgument with line and column.
absl::StatusOr<store::v1::ImportMapping> LoadMapping(const std::string& path);

}  // namespace rapport::ctl
