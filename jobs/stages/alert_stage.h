// SPDX-License-Identifier: Apache-2.0
// Change detection: dataset alerts.
//
// Judges every watched metric (lib/reference/alerts.h) on the last complete day, on days
// that became complete since the generation before, and again on days of the last week
// whose figure has changed since. A first night judges the last complete day only. Alerts
// of the generation before are carried over as they are, for 400 days; a metric's day is
// never raised twice. So which alerts there are depends on the nights that were run: the
// same nights over the same events give the same bytes, full or incremental.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewAlertStage();

}  // namespace rapport::jobs
