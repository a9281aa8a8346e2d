// SPDX-License-Identifier: Apache-2.0
// Series cells for metric queries: the generation's exact cells plus the live ones.
//
// The caller holds a Serving::Reading. Live cells exist for events only; the other
// families are as of the generation. Not thread-safe; one per query.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/metrics/query.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

class SeriesReader {
 public:
  SeriesReader(const CallContext& call, const ReadPoint& at) : call_(call), at_(at) {}

  // As metrics::CellReader demands.
  absl::Status Read(metrics::SeriesFamily family, uint16_t type, CivilDays begin, CivilDays end,
                    metrics::CellVisit visit) const;
  // Calendar, as_of and the days with data for a metric of this definition.
  absl::StatusOr<metrics::QueryScope> ScopeFor(const v1::MetricDefinition& definition) const;

 private:
  struct Days {
    CivilDays first = 1;
    CivilDays last = 0;  // Before `first`: no data.
    void Cover(CivilDays day);
  };
  absl::Status CoverSealed(uint16_t type, Days& days) const;
  absl::Status CoverAllSealed(Days& days) const;
  void CoverLive(uint16_t type, Days& days) const;

  const CallContext& call_;
  const ReadPoint& at_;
};

}  // namespace rapport::server
