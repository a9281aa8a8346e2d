// SPDX-License-Identifier: Apache-2.0
// Words for a customer's subscriptions and for its churn where they tell it: every term of
// the formulas of lib/facts/subscriptions.h. Pure.
#pragma once

#include <vector>

#include "lib/facts/facts.h"

namespace rapport::facts {

// Adds nothing for customers who never subscribed.
void ExplainSubscriptions(const Settings& settings, const WorkspaceModel& model,
                          const Projection& projection, std::vector<ExplainLine>& lines);

}  // namespace rapport::facts
