// SPDX-License-Identifier: Apache-2.0
#include "lib/lifecycle/stage.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "lib/base/text.h"
#include "rapport/v1/event.pb.h"

namespace rapport::lifecycle {
namespace {

constexpr std::array<RuleText, 14> kRules = {{
    {Rule::kProspect, v1::LIFECYCLE_STAGE_PROSPECT, "known, but no purchase yet", ""},
    {Rule::kCancelled, v1::LIFECYCLE_STAGE_CHURNED,
     "the last running subscription was cancelled and nothing was bought since", ""},
    {Rule::kLost, v1::LIFECYCLE_STAGE_CHURNED,
     "no activity for `churned_days` and no running subscription", "days of silence"},
    {Rule::kLongSilence, v1::LIFECYCLE_STAGE_DORMANT, "no activity for `dormant_days`",
     "days of silence"},
    {Rule::kSilence, v1::LIFECYCLE_STAGE_AT_RISK, "no activity for `at_risk_days`",
     "days of silence"},
    {Rule::kReturned, v1::LIFECYCLE_STAGE_WON_BACK,
     "came back from dormant, or from churned by silence, with any activity, or from a "
     "cancellation with a purchase, less than `won_back_days` ago",
     "days away"},
    {Rule::kOnboarding, v1::LIFECYCLE_STAGE_ONBOARDING,
     "first purchase less than `new_days` ago, and an onboarding step completed since",
     "onboarding steps"},
    {Rule::kFirstBuy, v1::LIFECYCLE_STAGE_NEW, "first purchase less than `new_days` ago", ""},
    {Rule::kDetractor, v1::LIFECYCLE_STAGE_AT_RISK,
     "latest NPS answer is 0-6 and less than `at_risk_days` old", "score"},
    {Rule::kPromoter, v1::LIFECYCLE_STAGE_ADVOCATE,
     "latest NPS answer is 9-10 and less than 365 days old", "score"},
    {Rule::kReferral, v1::LIFECYCLE_STAGE_ADVOCATE,
     "sent a referral, or had one converted, less than 365 days ago", ""},
    {Rule::kGoodReview, v1::LIFECYCLE_STAGE_ADVOCATE,
     "wrote a review of 4 or more on a scale of 5 (other scales mapped) less than 365 days ago",
     "score"},
    {Rule::kLoyal, v1::LIFECYCLE_STAGE_LOYAL,
     "`loyal_orders` or more purchases, first to last at least `loyal_tenure_days` apart",
     "purchases"},
    {Rule::kActive, v1::LIFECYCLE_STAGE_ACTIVE, "none of the rules above", ""},
}};

constexpr TimeMicros Days(int64_t days) { return days * kMicrosPerDay; }

std::string CauseText(Rule rule, int64_t evidence) {
  switch (rule) {
    case Rule::kProspect:
      return "known, no purchase yet";
    case Rule::kCancelled:
      return "cancelled the last running subscription";
    case Rule::kLost:
    case Rule::kLongSilence:
    case Rule::kSilence:
      return Cat("no activity for ", evidence, " days");
    case Rule::kReturned:
      return Cat("came back after ", evidence, " days");
    case Rule::kOnboarding:
      return "completes onboarding steps after the first purchase";
    case Rule::kFirstBuy:
      return "first purchase";
    case Rule::kDetractor:
      return Cat("NPS answer ", evidence, " (detractor)");
    case Rule::kPromoter:
      return Cat("NPS answer ", evidence, " (promoter)");
    case Rule::kReferral:
      return "referred others";
    case Rule::kGoodReview:
      return Cat("good review, score ", evidence);
    case Rule::kLoyal:
      return Cat(evidence, " purchases over a long time");
    case Rule::kActive:
      return "buys or uses within the usual interval";
  }
  return "unknown rule";
}

bool IsPurchase(uint16_t type) {
  return IsOrder(type) || type == v1::EVENT_TYPE_SUBSCRIPTION_STARTED ||
         type == v1::EVENT_TYPE_SUBSCRIPTION_RENEWED;
}

bool IsGoodReview(const Moment& moment) {
  return moment.aux > 1 && (moment.value - 1) * 4 >= 3 * (moment.aux - 1);
}

}  // namespace

std::span<const RuleText> RuleTexts() { return kRules; }

std::string Cause(Rule rule, int64_t evidence) {
  return Cat(CauseText(rule, evidence), " (rule ", static_cast<int>(rule), ")");
}

v1::LifecycleRules CompleteRules(const v1::LifecycleRules& rules) {
  v1::LifecycleRules complete = rules;
  if (rules.new_days() == 0) complete.set_new_days(30);
  if (rules.at_risk_days() == 0) complete.set_at_risk_days(90);
  if (rules.dormant_days() == 0) complete.set_dormant_days(180);
  if (rules.churned_days() == 0) complete.set_churned_days(365);
  if (rules.loyal_orders() == 0) complete.set_loyal_orders(4);
  if (rules.loyal_tenure_days() == 0) complete.set_loyal_tenure_days(90);
  if (rules.won_back_days() == 0) complete.set_won_back_days(60);
  return complete;
}

bool IsActivity(uint16_t type) {
  switch (type) {
    case v1::EVENT_TYPE_UNSPECIFIED:
    // Somebody else's act, or a system's.
    case v1::EVENT_TYPE_REFERRAL_CONVERTED:
    case v1::EVENT_TYPE_ORDER_REFUNDED:
    case v1::EVENT_TYPE_PAYMENT_FAILED:
    // The company's acts.
    case v1::EVENT_TYPE_CAMPAIGN_SHOWN:
    case v1::EVENT_TYPE_EMAIL_SENT:
    case v1::EVENT_TYPE_EMAIL_DELIVERED:
    case v1::EVENT_TYPE_EMAIL_BOUNCED:
    case v1::EVENT_TYPE_TICKET_FIRST_REPLIED:
    case v1::EVENT_TYPE_TICKET_RESOLVED:
    case v1::EVENT_TYPE_HUMAN_TOUCH:
    case v1::EVENT_TYPE_EXPERIMENT_EXPOSED:
    case v1::EVENT_TYPE_SURVEY_SENT:
    // Acts of leaving.
    case v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED:
    case v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED:
    case v1::EVENT_TYPE_SURVEY_DISMISSED:
    case v1::EVENT_TYPE_CONSENT_WITHDRAWN:
    case v1::EVENT_TYPE_CHURN_REASON_GIVEN:
      return false;
    default:
      return true;
  }
}

bool IsOrder(uint16_t type) {
  return type == v1::EVENT_TYPE_ORDER_PLACED || type == v1::EVENT_TYPE_BOOKING_MADE;
}

void Trajectory::Add(const Moment& moment) {
  if (!open_ || moment.time != now_) {
    Close();
    Open(moment.time);
  }
  if (IsActivity(moment.type)) {
    if (!acted_) before_act_ = last_act_;
    acted_ = true;
    last_act_ = moment.time;
  }
  if (IsPurchase(moment.type)) return Purchase(moment);
  switch (moment.type) {
    case v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED:
      cancels_.push_back(moment.aux);
      dirty_ = true;
      break;
    case v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED:
      ++onboarding_steps_;
      dirty_ = true;
      break;
    case v1::EVENT_TYPE_REFERRAL_SENT:
    case v1::EVENT_TYPE_REFERRAL_CONVERTED:
      referral_ = moment.time;
      dirty_ = true;
      break;
    case v1::EVENT_TYPE_NPS_ANSWERED:
    case v1::EVENT_TYPE_REVIEW_WRITTEN:
      Answer(moment);
      break;
    default:
      break;
  }
}

void Trajectory::Finish() {
  Close();
  RunDeadlines(INT64_MAX);
}

// Starts a new instant. What was due strictly before it has happened; at the same instant
// an event comes before a deadline.
void Trajectory::Open(TimeMicros time) {
  if (deadline_ < time) RunDeadlines(time);
  dirty_ = !open_;
  open_ = true;
  now_ = time;
  acted_ = purchased_ = false;
}

// Ends the open instant: all its events are known, so order among them cannot matter.
void Trajectory::Close() {
  if (!open_) return;
  const auto before = steps_.empty() ? v1::LIFECYCLE_STAGE_UNSPECIFIED : steps_.back().stage;
  if (purchased_ && joined_ == kNever) {
    joined_ = now_;
    onboarding_steps_ = 0;
  } else if (acted_ && (before == v1::LIFECYCLE_STAGE_DORMANT ||
                        (before == v1::LIFECYCLE_STAGE_CHURNED && (purchased_ || !cancelled_)))) {
    returned_ = now_;
    away_days_ = before_act_ == kNever ? 0 : (now_ - before_act_) / kMicrosPerDay;
    dirty_ = true;
  }
  if (purchased_) cancelled_ = false;
  for (const int64_t subscription : cancels_) Cancel(subscription);
  cancels_.clear();
  // Without new evidence an act can only move silence's deadlines; they are checked late. What
  // is due at this very instant is due all the same, if it was no act.
  const bool due = deadline_ == now_;
  if (dirty_ || due || (acted_ && before == v1::LIFECYCLE_STAGE_AT_RISK)) Decide(now_);
  dirty_ = false;
  deadline_ = NextDeadline(now_);
}

void Trajectory::Purchase(const Moment& moment) {
  purchased_ = dirty_ = true;
  ++purchases_;
  last_purchase_ = moment.time;
  if (IsOrder(moment.type)) return;
  if (std::find(running_.begin(), running_.end(), moment.aux) == running_.end()) {
    running_.push_back(moment.aux);
  }
}

void Trajectory::Answer(const Moment& moment) {
  dirty_ = true;
  if (moment.type == v1::EVENT_TYPE_REVIEW_WRITTEN) {
    if (!IsGoodReview(moment)) return;
    review_score_ = review_ == moment.time ? std::min(review_score_, moment.value) : moment.value;
    review_ = moment.time;
    return;
  }
  // Of two answers at one instant the lower counts.
  nps_score_ = nps_time_ == moment.time ? std::min(nps_score_, moment.value) : moment.value;
  nps_time_ = moment.time;
}

void Trajectory::Cancel(int64_t subscription) {
  const auto found = std::find(running_.begin(), running_.end(), subscription);
  if (found != running_.end()) running_.erase(found);
  if (running_.empty() && joined_ != kNever) cancelled_ = true;
}

void Trajectory::RunDeadlines(TimeMicros until) {
  while (deadline_ < until) {
    const TimeMicros now = deadline_;
    Decide(now);
    deadline_ = NextDeadline(now);
  }
}

void Trajectory::Decide(TimeMicros now) {
  Step step = DecideBySilence(now);
  if (step.stage == v1::LIFECYCLE_STAGE_UNSPECIFIED) step = DecideByStanding(now);
  step.time = now;
  if (steps_.empty() || steps_.back().stage != step.stage) Record(step);
}

// Rules 1 to 5; no stage when none holds.
Step Trajectory::DecideBySilence(TimeMicros now) const {
  if (joined_ == kNever) return {now, v1::LIFECYCLE_STAGE_PROSPECT, Rule::kProspect, 0};
  if (cancelled_) return {now, v1::LIFECYCLE_STAGE_CHURNED, Rule::kCancelled, 0};
  const TimeMicros silence = now - last_act_;
  if (running_.empty() && silence >= Days(rules_.churned_days())) {
    return {now, v1::LIFECYCLE_STAGE_CHURNED, Rule::kLost, rules_.churned_days()};
  }
  if (silence >= Days(rules_.dormant_days())) {
    return {now, v1::LIFECYCLE_STAGE_DORMANT, Rule::kLongSilence, rules_.dormant_days()};
  }
  if (silence >= Days(rules_.at_risk_days())) {
    return {now, v1::LIFECYCLE_STAGE_AT_RISK, Rule::kSilence, rules_.at_risk_days()};
  }
  return {};
}

// Rules 6 to 14.
Step Trajectory::DecideByStanding(TimeMicros now) const {
  const auto within = [now](TimeMicros since, int64_t days) {
    return since != kNever && now - since < Days(days);
  };
  if (within(returned_, rules_.won_back_days())) {
    return {now, v1::LIFECYCLE_STAGE_WON_BACK, Rule::kReturned, away_days_};
  }
  if (within(joined_, rules_.new_days())) {
    if (onboarding_steps_ > 0) {
      return {now, v1::LIFECYCLE_STAGE_ONBOARDING, Rule::kOnboarding, onboarding_steps_};
    }
    return {now, v1::LIFECYCLE_STAGE_NEW, Rule::kFirstBuy, 0};
  }
  if (nps_score_ <= 6 && within(nps_time_, rules_.at_risk_days())) {
    return {now, v1::LIFECYCLE_STAGE_AT_RISK, Rule::kDetractor, nps_score_};
  }
  if (nps_score_ >= 9 && within(nps_time_, kAdvocacyDays)) {
    return {now, v1::LIFECYCLE_STAGE_ADVOCATE, Rule::kPromoter, nps_score_};
  }
  if (within(referral_, kAdvocacyDays)) {
    return {now, v1::LIFECYCLE_STAGE_ADVOCATE, Rule::kReferral, 0};
  }
  if (within(review_, kAdvocacyDays)) {
    return {now, v1::LIFECYCLE_STAGE_ADVOCATE, Rule::kGoodReview, review_score_};
  }
  if (purchases_ >= rules_.loyal_orders() &&
      last_purchase_ - joined_ >= Days(rules_.loyal_tenure_days())) {
    return {now, v1::LIFECYCLE_STAGE_LOYAL, Rule::kLoyal, purchases_};
  }
  return {now, v1::LIFECYCLE_STAGE_ACTIVE, Rule::kActive, 0};
}

void Trajectory::Record(const Step& step) {
  steps_.push_back(step);
  const bool member = membership_.size() % 2 == 1;
  const bool on_books = joined_ != kNever && step.stage != v1::LIFECYCLE_STAGE_CHURNED;
  if (member != on_books) membership_.push_back(step.time);
}

// The first moment after `now` at which a rule that depends on time alone can change.
TimeMicros Trajectory::NextDeadline(TimeMicros now) const {
  TimeMicros next = INT64_MAX;
  if (joined_ == kNever || cancelled_) return next;
  const auto due = [&](TimeMicros since, int64_t days) {
    if (since == kNever) return;
    const TimeMicros at = since + Days(days);
    if (at > now && at < next) next = at;
  };
  due(last_act_, rules_.at_risk_days());
  due(last_act_, rules_.dormant_days());
  if (running_.empty()) due(last_act_, rules_.churned_days());
  due(joined_, rules_.new_days());
  due(returned_, rules_.won_back_days());
  if (nps_score_ <= 6) due(nps_time_, rules_.at_risk_days());
  if (nps_score_ >= 9) due(nps_time_, kAdvocacyDays);
  due(referral_, kAdvocacyDays);
  due(review_, kAdvocacyDays);
  return next;
}

}  // namespace rapport::lifecycle
