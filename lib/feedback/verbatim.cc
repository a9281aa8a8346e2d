// SPDX-License-Identifier: Apache-2.0
#include "lib/feedback/verbatim.h"

namespace rapport::feedback {
namespace {

constexpr uint16_t kVerbatimTypes[] = {
    v1::EVENT_TYPE_NPS_ANSWERED,   v1::EVENT_TYPE_CSAT_ANSWERED,  v1::EVENT_TYPE_CES_ANSWERED,
    v1::EVENT_TYPE_REVIEW_WRITTEN, v1::EVENT_TYPE_COMPLAINT_MADE, v1::EVENT_TYPE_COMPLIMENT_MADE};

bool HasScore(uint16_t type) {
  return type >= v1::EVENT_TYPE_NPS_ANSWERED && type <= v1::EVENT_TYPE_REVIEW_WRITTEN;
}

const std::string& SubjectOf(const v1::Event& event) {
  if (event.has_review()) return event.review().subject();
  if (event.has_support()) return event.support().topic();
  return event.survey_answer().survey_id();
}

}  // namespace

std::span<const uint16_t> VerbatimTypes() { return kVerbatimTypes; }

const std::string& WordsOf(const v1::Event& event) {
  if (event.has_review()) return event.review().text();
  if (event.has_support()) return event.support().text();
  return event.survey_answer().verbatim();
}

void FillVerbatim(const EventColumns& columns, const v1::Event& event, v1::Verbatim& out) {
  out.set_type(static_cast<v1::EventType>(columns.type));
  if (HasScore(columns.type)) {
    out.set_score(static_cast<int32_t>(columns.value));
    out.set_scale(static_cast<int32_t>(columns.aux));
  }
  out.set_text(WordsOf(event));
  out.set_channel(static_cast<v1::Channel>(columns.channel));
  out.set_subject(SubjectOf(event));
}

}  // namespace rapport::feedback
