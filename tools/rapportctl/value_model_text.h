// SPDX-License-Identifier: Apache-2.0
// The fit report of the value model as text: one function per part, each empty when the
// report has nothing of it, otherwise ending in a line break.
#pragma once

#include <string>

#include "rapport/v1/value.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// Everything but tracking, parts separated by empty lines.
std::string ValueModelText(const v1::ValueModel& model, const Terminal& terminal);

// Which models were tried and why one was taken.
std::string CandidatesText(const google::protobuf::RepeatedPtrField<v1::ModelCandidate>& candidates,
                           const Terminal& terminal);
// Retention of subscriptions by start cohort, and the curve over all.
std::string RetentionFitsText(const google::protobuf::RepeatedPtrField<v1::RetentionFit>& fits,
                              const Terminal& terminal);
// A classifier with its measures, reliability table and features.
std::string ClassifierText(const v1::Classifier& classifier, const Terminal& terminal);

// Cumulative chart and weekly table.
std::string TrackingText(const v1::Tracking& tracking, const Terminal& terminal);

}  // namespace rapport::ctl
