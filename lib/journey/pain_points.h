// SPDX-License-Identifier: Apache-2.0
// Where customers leave a funnel, and what separates those who go on from those who leave.
//
// For each pair of required steps that follow each other: how many went on; and for each
// value of each candidate, taken at the event of the step before (or of the customer), how
// many with it went on. Attempts whose window is still open are left out: they are not lost
// yet. Candidates with more than kMaxValues values at a step are left out too: they name
// single things, not kinds of things.
//
//   PainWalker walker(funnel, dimensions);           // One a thread; Customer, Merge.
//   AnswerPainPoints(walker, top);
//
// Not thread-safe. Memory: 20 bytes a value and transition.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/base/text.h"
#include "lib/journey/funnel_reader.h"
#include "rapport/v1/journey_service.pb.h"

namespace rapport::journey {

inline constexpr size_t kMaxValues = 10'000;
inline constexpr int kDefaultValuesShown = 10;
inline constexpr int kMaxValuesShown = 100;

struct PainDimensions {
  std::vector<Dimension> of_event;
  std::vector<Dimension> of_customer;  // Their codes come in this order.
  bool every_property = false;         // `property.*`.

  // Empty: the defaults. InvalidField dimensions[i] UNKNOWN_DIMENSION.
  static absl::StatusOr<PainDimensions> Parse(std::span<const std::string> names);
  bool reads_payload() const;
};

// Refuses order ANY: InvalidField funnel.order UNSUPPORTED_ORDER.
absl::Status CheckPainFunnel(const CompiledFunnel& funnel);

struct Passage {
  int64_t reached = 0;
  int64_t continued = 0;
  void Add(bool went_on) {
    ++reached;
    continued += went_on ? 1 : 0;
  }
};

class PainWalker {
 public:
  // Values of a candidate at a step, by code.
  struct Values {
    bool too_many = false;
    absl::flat_hash_map<uint32_t, Passage> by_code;
  };
  struct Candidate {
    Dimension dimension;
    std::vector<Values> at;  // By step.
  };

  // Both must outlive it.
  PainWalker(const CompiledFunnel& funnel, const PainDimensions& dimensions);
  void Customer(const filter::CustomerEvents& customer, std::span<const uint32_t> codes);
  void Merge(PainWalker&& other);

  const CompiledFunnel& funnel() const { return *funnel_; }
  const Passage& passage(int step) const { return passages_[static_cast<size_t>(step)]; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const metrics::PropertyNames& properties() const { return reader_.properties(); }
  int64_t open() const { return open_; }

 private:
  void Step(const filter::CustomerEvents& customer, std::span<const uint32_t> codes, int step,
            const Attempt& attempt);
  void AddProperties(const filter::CustomerEvents& customer, int step, size_t index, bool went_on);
  size_t CandidateOf(const Dimension& dimension);
  static Passage* Of(Values& values, uint32_t code);

  const CompiledFunnel* funnel_;
  const PainDimensions* dimensions_;
  FunnelReader reader_;
  std::vector<Passage> passages_;  // By step.
  std::vector<Candidate> candidates_;
  TextMap<size_t> by_name_;
  int64_t open_ = 0;
};

// Of the context: definition, days, sample size and notes.
v1::FindPainPointsResponse AnswerPainPoints(const PainWalker& walker, int top);

}  // namespace rapport::journey
