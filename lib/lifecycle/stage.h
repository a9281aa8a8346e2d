// SPDX-License-Identifier: Apache-2.0
// Lifecycle stages: where a customer is in its life with the company, when it came there
// and why.
//
// A decision list looks at evidence (purchases, silence, cancellation, answers) and names
// one stage at any moment; the first rule that holds decides. The list is not asked at
// night but at every moment at which its answer can change: at each event and at each
// deadline between events (so many days of silence, the end of the first month, ...). So a
// Trajectory is a function of the event times alone, and it includes the steps that mere
// silence will bring after the last event. docs/metrics.md prints the rules.
//
// Silence is time since the last activity: the customer's own acts that show interest. What
// the company does (campaigns, e-mails sent, replies, human touch), what systems do
// (refunds, failed payments) and acts of leaving (unsubscribing, cancelling, dismissing a
// survey, withdrawing consent, giving a churn reason) are not activity. Days are 24 h.
//
// A customer is on the books from its first purchase (order, booking, subscription start or
// renewal) until it is churned, and again when it comes back. A subscriber with a running
// subscription is never churned by silence.
//
// Pure: no clock, no store. Trajectory is not thread-safe. Add costs a few ns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "lib/base/clock.h"
#include "rapport/v1/customer.pb.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::lifecycle {

// The decision list, in order of precedence. Numbers are stored: never reused.
enum class Rule : uint8_t {
  kProspect = 1,     // No purchase yet.
  kCancelled = 2,    // The last running subscription was cancelled; nothing bought since.
  kLost = 3,         // Silent for churned_days, no running subscription.
  kLongSilence = 4,  // Silent for dormant_days.
  kSilence = 5,      // Silent for at_risk_days.
  kReturned = 6,     // Came back from dormant or churned within won_back_days.
  kOnboarding = 7,   // An onboarding step within new_days of the first purchase.
  kFirstBuy = 8,     // First purchase within new_days.
  kDetractor = 9,    // Latest NPS answer 0-6, given within at_risk_days.
  kPromoter = 10,    // Latest NPS answer 9-10, given within kAdvocacyDays.
  kReferral = 11,    // A referral sent or converted within kAdvocacyDays.
  kGoodReview = 12,  // A review of at least 4 on a scale of 5 within kAdvocacyDays.
  kLoyal = 13,       // loyal_orders purchases over at least loyal_tenure_days.
  kActive = 14,      // None of the above.
};
inline constexpr int kAdvocacyDays = 365;

struct RuleText {
  Rule rule;
  v1::LifecycleStage stage;
  std::string_view condition;  // For docs/metrics.md; names the settings.
  std::string_view evidence;   // What Step::evidence is, empty if nothing.
};
// All rules in order of precedence.
std::span<const RuleText> RuleTexts();
// "no activity for 90 days (rule 5)".
std::string Cause(Rule rule, int64_t evidence);

// LifecycleRules with defaults in place of absent (zero) fields.
v1::LifecycleRules CompleteRules(const v1::LifecycleRules& rules);

// By event type number; custom types count as activity.
bool IsActivity(uint16_t type);
// ORDER_PLACED or BOOKING_MADE.
bool IsOrder(uint16_t type);

// What this layer reads of an event.
struct Moment {
  TimeMicros time = 0;
  int64_t value = 0;  // Score of answers and reviews.
  int64_t aux = 0;    // Scale of reviews; subscription id of subscription events.
  uint16_t type = 0;
};

struct Step {
  TimeMicros time = 0;
  v1::LifecycleStage stage = v1::LIFECYCLE_STAGE_UNSPECIFIED;
  Rule rule = Rule::kProspect;
  int64_t evidence = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

class Trajectory {
 public:
  // `rules` must be complete and outlive this.
  explicit Trajectory(const v1::LifecycleRules& rules) : rules_(rules) {}

  // Times ascending. Events of the same instant count together, in any order.
  void Add(const Moment& moment);
  // Adds what silence will bring after the last event. No Add afterwards.
  void Finish();

  // Ascending, each to another stage than the one before.
  std::span<const Step> steps() const { return steps_; }
  // When the customer came onto the books and left them, alternating, joining first.
  std::span<const TimeMicros> membership() const { return membership_; }

 private:
  static constexpr TimeMicros kNever = INT64_MIN;

  void Open(TimeMicros time);
  void Close();
  void Purchase(const Moment& moment);
  void Answer(const Moment& moment);
  void Cancel(int64_t subscription);
  void RunDeadlines(TimeMicros until);
  void Decide(TimeMicros now);
  Step DecideBySilence(TimeMicros now) const;
  Step DecideByStanding(TimeMicros now) const;
  void Record(const Step& step);
  TimeMicros NextDeadline(TimeMicros now) const;

  const v1::LifecycleRules& rules_;
  absl::InlinedVector<Step, 8> steps_;
  absl::InlinedVector<TimeMicros, 4> membership_;
  absl::InlinedVector<int64_t, 2> running_;  // Subscription ids.
  absl::InlinedVector<int64_t, 2> cancels_;  // Of the open instant.
  TimeMicros now_ = kNever;                  // The open instant.
  TimeMicros deadline_ = INT64_MAX;          // Next moment to decide again.
  TimeMicros last_act_ = kNever, before_act_ = kNever;
  TimeMicros joined_ = kNever, returned_ = kNever, last_purchase_ = kNever;
  TimeMicros nps_time_ = kNever, referral_ = kNever, review_ = kNever;
  int64_t nps_score_ = 0, review_score_ = 0, purchases_ = 0, onboarding_steps_ = 0;
  bool open_ = false, dirty_ = false, acted_ = false, purchased_ = false, cancelled_ = false;
  int64_t away_days_ = 0;
};

}  // namespace rapport::lifecycle
