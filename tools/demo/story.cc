// SPDX-License-Identifier: Apache-2.0
#include "tools/demo/story.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rapport::demo {
namespace {

constexpr TimeMicros kMinute = 60 * kMicrosPerSecond;
constexpr TimeMicros kHour = 60 * kMinute;
constexpr double kMicrosPerWeek = 7.0 * static_cast<double>(kMicrosPerDay);

// Share of a day's business that is done before each hour, 0..24.
constexpr std::array<double, 25> kBusinessByHour = {
    0,     0.008, 0.012, 0.014, 0.016, 0.020, 0.030, 0.050, 0.085, 0.130, 0.185, 0.245, 0.310,
    0.370, 0.425, 0.480, 0.540, 0.600, 0.665, 0.740, 0.820, 0.895, 0.950, 0.985, 1};

TimeMicros Minutes(double minutes) {
  return static_cast<TimeMicros>(minutes * static_cast<double>(kMinute));
}

// Writes one life; holds what its parts share.
class Teller {
 public:
  Teller(const CustomerTruth& truth, TimeMicros end, Random& random, std::vector<Moment>& out)
      : truth_(truth), known_(Business::truth()), end_(end), random_(random), out_(out) {}

  void Tell() {
    SignUp();
    if (truth_.buys) Purchases();
    Mailings();
    if (truth_.buys && random_.Chance(known_.subscribes)) Subscription();
    if (truth_.mean_order_value > 120 && first_order_ != 0) HumanTouches();
  }

 private:
  void Add(const Moment& moment) {
    if (moment.time < end_) out_.push_back(moment);
  }
  v1::Channel BuyChannel() {
    const double u = random_.Uniform();
    if (u < 0.62) return v1::CHANNEL_WEB;
    return u < 0.85 ? v1::CHANNEL_APP : v1::CHANNEL_IN_PERSON;
  }
  Touchpoint PlaceOf(v1::Channel channel) {
    if (channel == v1::CHANNEL_APP) return Touchpoint::kMobileApp;
    if (channel != v1::CHANNEL_IN_PERSON) return Touchpoint::kCheckoutPage;
    return random_.Chance(0.6) ? Touchpoint::kStoreBerlin : Touchpoint::kStoreHamburg;
  }
  int32_t AnyProduct() { return static_cast<int32_t>(random_.Below(kProducts.size())); }

  void SignUp() {
    const bool app = random_.Chance(0.25);
    const v1::Channel channel = app ? v1::CHANNEL_APP : v1::CHANNEL_WEB;
    const Touchpoint place = app ? Touchpoint::kMobileApp : Touchpoint::kLandingPage;
    Add({.time = truth_.signup,
         .type = v1::EVENT_TYPE_SIGNED_UP,
         .channel = channel,
         .touchpoint = place,
         .campaign = random_.Chance(0.3)});
    if (random_.Chance(0.7)) {
      consent_ = true;
      Add({.time = truth_.signup + kMinute,
           .type = v1::EVENT_TYPE_CONSENT_GIVEN,
           .channel = channel,
           .touchpoint = place});
    }
    const int pages = random_.Poisson(1.2);
    for (int i = 0; i < pages; ++i) {
      Add({.time = truth_.signup + Minutes(2 + 1.5 * i + random_.Uniform()),
           .type = v1::EVENT_TYPE_PAGE_VIEWED,
           .channel = channel,
           .touchpoint = place,
           .item = AnyProduct()});
    }
  }

  // The BG/NBD process: alive at the first purchase, may leave after each later one.
  void Purchases() {
    double time = static_cast<double>(truth_.signup) +
                  random_.Exponential(1 / 2.0) * static_cast<double>(kMicrosPerDay);
    for (int count = 0; time < static_cast<double>(end_); ++count) {
      const TimeMicros shop_time = InShopHours(static_cast<TimeMicros>(time));
      Purchase(std::max(shop_time, truth_.signup + 10 * kMinute), count);
      if (count > 0 && random_.Chance(truth_.leave_probability)) return;
      time += random_.Exponential(truth_.weekly_rate) * kMicrosPerWeek;
    }
  }

  void Purchase(TimeMicros time, int count) {
    if (time >= end_) return;
    if (first_order_ == 0) first_order_ = time;
    const v1::Channel channel = BuyChannel();
    const Touchpoint place = PlaceOf(channel);
    const int32_t product = AnyProduct();
    if (channel != v1::CHANNEL_IN_PERSON) Browse(time, channel, product);
    const double nu = known_.p / truth_.mean_order_value;
    const double euros = random_.Gamma(known_.p, nu);
    const int64_t cents = std::max<int64_t>(1, std::llround(euros * 100));
    Add({.time = time,
         .type = v1::EVENT_TYPE_ORDER_PLACED,
         .channel = channel,
         .touchpoint = place,
         .number = count,
         .item = product,
         .micros = cents * 10'000});
    AfterPurchase({.time = time,
                   .channel = channel,
                   .touchpoint = place,
                   .number = count,
                   .item = product,
                   .micros = cents * 10'000});
  }

  void Browse(TimeMicros time, v1::Channel channel, int32_t product) {
    const double minutes = 4 + random_.Exponential(1 / 6.0);
    const TimeMicros start = time - Minutes(minutes);
    const int views = 1 + random_.Poisson(0.4);
    for (int i = 0; i < views; ++i) {
      const double at = minutes * (i + 0.5) / (views + 1);
      Add({.time = start + Minutes(at),
           .type = v1::EVENT_TYPE_PRODUCT_VIEWED,
           .channel = channel,
           .touchpoint = Touchpoint::kProductPage,
           .item = i + 1 == views ? product : AnyProduct()});
    }
    Add({.time = time - kMinute,
         .type = v1::EVENT_TYPE_CART_ITEM_ADDED,
         .channel = channel,
         .touchpoint = Touchpoint::kProductPage,
         .item = product});
    Add({.time = time + kMinute,
         .type = v1::EVENT_TYPE_SESSION_ENDED,
         .channel = channel,
         .number = static_cast<int32_t>(minutes * 60) + 60,
         .item = views + 2});
    if (random_.Chance(0.25)) {  // An earlier visit that ended in an abandoned cart.
      const TimeMicros earlier = start - Minutes(60 + random_.Exponential(1 / 2000.0));
      if (earlier <= truth_.signup) return;
      Add({.time = earlier,
           .type = v1::EVENT_TYPE_CART_ITEM_ADDED,
           .channel = channel,
           .touchpoint = Touchpoint::kProductPage,
           .item = product});
    }
  }

  void AfterPurchase(const Moment& order) {
    if (random_.Chance(known_.refund_rate)) {
      Add({.time = order.time + Minutes(60 * 24 * (3 + 10 * random_.Uniform())),
           .type = v1::EVENT_TYPE_ORDER_REFUNDED,
           .channel = order.channel,
           .number = order.number,
           .micros = order.micros});
    }
    if (random_.Chance(known_.ticket_rate)) Ticket(order);
    if (random_.Chance(0.22)) Survey(order);
    if (random_.Chance(0.05)) {
      Add({.time = order.time + Minutes(60 * 24 * 9),
           .type = v1::EVENT_TYPE_REVIEW_WRITTEN,
           .channel = v1::CHANNEL_WEB,
           .touchpoint = Touchpoint::kProductPage,
           .number = Score(1, 5, 4.0 + 0.7 * truth_.satisfaction),
           .item = order.item});
    }
    if (truth_.satisfaction > 0.5 && random_.Chance(0.08)) Referral(order.time);
    if (truth_.satisfaction < -1 && random_.Chance(0.10)) {
      Add({.time = order.time + Minutes(60 * 24 * 4),
           .type = v1::EVENT_TYPE_COMPLAINT_MADE,
           .channel = v1::CHANNEL_PHONE,
           .item = order.item});
    }
  }

  int Score(int low, int high, double mean) {
    const double drawn = mean + 0.8 * random_.Normal();
    return static_cast<int>(std::clamp<double>(std::round(drawn), low, high));
  }

  // Asked by mail, in the app or at the till; some never answer.
  void Survey(const Moment& order) {
    const bool shop = order.channel == v1::CHANNEL_IN_PERSON;
    const TimeMicros sent = order.time + (shop ? 5 * kMinute : 3 * 24 * kHour);
    const Touchpoint place = shop ? order.touchpoint : Touchpoint::kDelivery;
    const v1::Channel channel = shop ? v1::CHANNEL_IN_PERSON : v1::CHANNEL_EMAIL;
    Add({.time = sent,
         .type = v1::EVENT_TYPE_SURVEY_SENT,
         .channel = channel,
         .touchpoint = place});
    const TimeMicros answered = sent + Minutes(random_.Exponential(1 / 300.0) + 0.5);
    if (!random_.Chance(shop ? 0.8 : 0.45)) {
      if (random_.Chance(0.3)) {
        Add({.time = answered,
             .type = v1::EVENT_TYPE_SURVEY_DISMISSED,
             .channel = channel,
             .touchpoint = place});
      }
      return;
    }
    const double mean = 8.2 + 1.5 * truth_.satisfaction + TouchpointEffect(place);
    Add({.time = answered,
         .type = v1::EVENT_TYPE_NPS_ANSWERED,
         .channel = channel,
         .touchpoint = place,
         .number = Score(0, 10, mean)});
    if (!shop && random_.Chance(0.3)) {
      Add({.time = answered + kMinute,
           .type = v1::EVENT_TYPE_CES_ANSWERED,
           .channel = channel,
           .touchpoint = Touchpoint::kCheckoutPage,
           .number = Score(1, 7, 5.5 + 0.5 * truth_.satisfaction)});
    }
  }

  // A slow first reply costs satisfaction; one ticket in twenty is never resolved.
  void Ticket(const Moment& order) {
    const v1::Channel channel = random_.Chance(0.5) ? v1::CHANNEL_EMAIL : v1::CHANNEL_CHAT;
    const double reply_hours = std::exp(1.0 + 1.1 * random_.Normal());
    const TimeMicros opened = order.time + Minutes(60 * 24 * (1 + 6 * random_.Uniform()));
    const TimeMicros replied = opened + Minutes(60 * reply_hours);
    const Moment ticket{.channel = channel,
                        .touchpoint = Touchpoint::kHelpCenter,
                        .number = order.number,
                        .item = order.item};
    AddAs(ticket, v1::EVENT_TYPE_TICKET_OPENED, opened);
    AddAs(ticket, v1::EVENT_TYPE_TICKET_FIRST_REPLIED, replied);
    if (random_.Chance(0.05)) return;
    TimeMicros resolved = replied + Minutes(30 + random_.Exponential(1 / 1200.0));
    AddAs(ticket, v1::EVENT_TYPE_TICKET_RESOLVED, resolved);
    if (random_.Chance(0.08)) {
      AddAs(ticket, v1::EVENT_TYPE_TICKET_REOPENED, resolved + 20 * kHour);
      resolved += 44 * kHour;
      AddAs(ticket, v1::EVENT_TYPE_TICKET_RESOLVED, resolved);
    }
    if (!random_.Chance(0.5)) return;
    const double mean = 4.2 + 0.5 * truth_.satisfaction - 0.25 * std::log(1 + reply_hours);
    Add({.time = resolved + kHour,
         .type = v1::EVENT_TYPE_CSAT_ANSWERED,
         .channel = channel,
         .touchpoint = Touchpoint::kHelpCenter,
         .number = Score(1, 5, mean)});
  }
  void AddAs(Moment moment, v1::EventType type, TimeMicros time) {
    moment.type = type;
    moment.time = time;
    Add(moment);
  }

  void Referral(TimeMicros order_time) {
    const TimeMicros sent = order_time + Minutes(60 * 24 * 6 * random_.Uniform() + 1);
    const auto friend_number = static_cast<int32_t>(random_.Below(1'000'000));
    Add({.time = sent,
         .type = v1::EVENT_TYPE_REFERRAL_SENT,
         .channel = v1::CHANNEL_EMAIL,
         .number = friend_number});
    if (!random_.Chance(0.3)) return;
    Add({.time = sent + Minutes(60 * 24 * 5),
         .type = v1::EVENT_TYPE_REFERRAL_CONVERTED,
         .channel = v1::CHANNEL_WEB,
         .number = friend_number});
  }

  // The monthly campaign reaches a part of the list, until consent is withdrawn.
  void Mailings() {
    TimeMicros time = truth_.signup + Minutes(60 * 24 * (5 + 25 * random_.Uniform()));
    for (; time < end_; time += 30 * kMicrosPerDay) {
      if (!consent_) return;
      if (!random_.Chance(0.35)) continue;
      const TimeMicros sent = InShopHours(time + Minutes(600 * random_.Uniform()));
      Mailing(sent);
      consent_ = !random_.Chance(0.01);
      if (consent_) continue;
      Add({.time = sent + 2 * kHour,
           .type = v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED,
           .channel = v1::CHANNEL_EMAIL,
           .campaign = true});
      Add({.time = sent + 2 * kHour + kMinute,
           .type = v1::EVENT_TYPE_CONSENT_WITHDRAWN,
           .channel = v1::CHANNEL_EMAIL});
    }
  }
  void Mailing(TimeMicros time) {
    const Moment mail{.channel = v1::CHANNEL_EMAIL, .campaign = true, .item = AnyProduct()};
    AddAs(mail, v1::EVENT_TYPE_EMAIL_SENT, time);
    if (random_.Chance(0.15)) {
      AddAs({.channel = v1::CHANNEL_SOCIAL, .campaign = true, .item = mail.item, .micros = 20'000},
            v1::EVENT_TYPE_CAMPAIGN_SHOWN, time + 3 * kHour);
    }
    if (!random_.Chance(known_.open_rate)) return;
    const TimeMicros opened = time + Minutes(1 + random_.Exponential(1 / 240.0));
    AddAs(mail, v1::EVENT_TYPE_EMAIL_OPENED, opened);
    if (!random_.Chance(known_.click_rate)) return;
    AddAs(mail, v1::EVENT_TYPE_EMAIL_CLICKED, opened + kMinute);
    AddAs({.channel = v1::CHANNEL_WEB,
           .touchpoint = Touchpoint::kProductPage,
           .campaign = true,
           .item = mail.item},
          v1::EVENT_TYPE_PRODUCT_VIEWED, opened + 2 * kMinute);
  }

  // Lumen Care: bulbs by post. Plan 0 costs 9.90, plan 1 19.90 a month.
  void Subscription() {
    if (first_order_ == 0) return;
    TimeMicros time = first_order_ + Minutes(60 * 24 * 20 * random_.Uniform() + 10);
    int32_t plan = random_.Chance(0.3) ? 1 : 0;
    AddPlan(v1::EVENT_TYPE_SUBSCRIPTION_STARTED, time, plan);
    for (int step = 0; step < 3; ++step) {
      if (!random_.Chance(0.75)) break;
      Add({.time = time + (step + 1) * 6 * kHour,
           .type = v1::EVENT_TYPE_ONBOARDING_STEP_COMPLETED,
           .channel = v1::CHANNEL_APP,
           .touchpoint = Touchpoint::kMobileApp,
           .number = step});
    }
    for (time += 30 * kMicrosPerDay; time < end_; time += 30 * kMicrosPerDay) {
      if (random_.Chance(known_.monthly_cancel)) return Cancel(time, plan);
      if (random_.Chance(0.02)) {
        Add({.time = time - kHour,
             .type = v1::EVENT_TYPE_PAYMENT_FAILED,
             .channel = v1::CHANNEL_WEB,
             .item = plan});
      }
      AddPlan(v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, time, plan);
      if (plan == 0 && random_.Chance(0.03)) {
        plan = 1;
        AddPlan(v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED, time + kHour, plan);
      } else if (plan == 1 && random_.Chance(0.01)) {
        plan = 0;
        AddPlan(v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED, time + kHour, plan);
      }
    }
  }
  void AddPlan(v1::EventType type, TimeMicros time, int32_t plan) {
    Add({.time = time,
         .type = type,
         .channel = v1::CHANNEL_APP,
         .item = plan,
         .micros = (plan == 0 ? 9'900'000 : 19'900'000)});
  }
  void Cancel(TimeMicros time, int32_t plan) {
    Add({.time = time,
         .type = v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED,
         .channel = v1::CHANNEL_APP,
         .item = plan});
    if (!random_.Chance(0.4)) return;
    Add({.time = time + kMinute,
         .type = v1::EVENT_TYPE_CHURN_REASON_GIVEN,
         .channel = v1::CHANNEL_APP,
         .number = static_cast<int32_t>(random_.Below(3))});
  }

  // Big spenders get a call now and then.
  void HumanTouches() {
    for (TimeMicros time = first_order_ + 14 * kMicrosPerDay; time < end_;
         time += 120 * kMicrosPerDay) {
      if (!random_.Chance(0.5)) continue;
      Add({.time = InShopHours(time),
           .type = v1::EVENT_TYPE_HUMAN_TOUCH,
           .channel = v1::CHANNEL_PHONE,
           .number = 5 + static_cast<int32_t>(random_.Below(25))});
    }
  }

  const CustomerTruth& truth_;
  const Truth& known_;
  const TimeMicros end_;
  Random& random_;
  std::vector<Moment>& out_;
  TimeMicros first_order_ = 0;
  bool consent_ = false;
};

}  // namespace

TimeMicros InShopHours(TimeMicros time) {
  TimeMicros in_day = time % kMicrosPerDay;
  if (in_day < 0) in_day += kMicrosPerDay;
  const double share = static_cast<double>(in_day) / static_cast<double>(kMicrosPerDay);
  const auto next = std::upper_bound(kBusinessByHour.begin(), kBusinessByHour.end() - 1, share);
  const auto hour = static_cast<double>(next - kBusinessByHour.begin() - 1);
  const double within = (share - *(next - 1)) / (*next - *(next - 1));
  const auto shifted = static_cast<TimeMicros>((hour + within) * static_cast<double>(kHour));
  return time - in_day + std::min(shifted, kMicrosPerDay - 1);
}

CustomerTruth DrawTruth(Random& random, const std::vector<double>& arrivals, TimeMicros begin) {
  const Truth& known = Business::truth();
  CustomerTruth truth;
  const auto day = std::lower_bound(arrivals.begin(), arrivals.end() - 1, random.Uniform());
  const auto offset =
      static_cast<TimeMicros>(random.Uniform() * static_cast<double>(kMicrosPerDay));
  truth.signup = InShopHours(begin + (day - arrivals.begin()) * kMicrosPerDay + offset);
  truth.buys = !random.Chance(known.never_buys);
  truth.weekly_rate = random.Gamma(known.r, known.alpha);
  truth.leave_probability = random.Beta(known.a, known.b);
  truth.mean_order_value = known.p / random.Gamma(known.q, known.gamma);
  // Those who leave late are happier: correlation about -0.6 with the leaving chance.
  const double mean = known.a / (known.a + known.b);
  const double deviation = std::sqrt(mean * (1 - mean) / (known.a + known.b + 1));
  truth.satisfaction = -0.6 * (truth.leave_probability - mean) / deviation + 0.8 * random.Normal();
  return truth;
}

void TellStory(const CustomerTruth& truth, TimeMicros end, Random& random,
               std::vector<Moment>& out) {
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  Teller(truth, end, random, out).Tell();
  std::stable_sort(out.begin() + first, out.end(),
                   [](const Moment& x, const Moment& y) { return x.time < y.time; });
}

}  // namespace rapport::demo
