// SPDX-License-Identifier: Apache-2.0
// docs/metrics.md, line by line.
#include "tests/unit/metrics/naive.h"

namespace rapport::naive {
namespace {

constexpr Micros kHour = 3600 * kSecond;
const Types kOrders = {81, 83}, kSocial = {34, 35, 36}, kAnswers = {30, 31, 32};

Naive::Rule Pair(Naive::Wanted start, Naive::Wanted goal, Micros within, Naive::Starts starts,
                 Naive::Thing thing = Naive::Thing::kCustomer) {
  return {std::move(start), std::move(goal), thing, within, starts};
}
using enum Naive::Starts;
using enum Naive::Thing;

bool IsDetractor(const EventColumns& event) { return event.type == 30 && event.value <= 6; }
bool IsBetter(const EventColumns& event) { return event.type == 30 && event.value >= 7; }
bool IsOrder(const EventColumns& event) { return kOrders.contains(event.type); }

Naive::Rule Cart() { return Pair(Naive::Of({55}), IsOrder, 7 * kDay, kFirstOpen); }
Naive::Rule Reply() { return Pair(Naive::Of({110}), Naive::Of({111}), 0, kFirstOpen, kTicket); }
Naive::Rule Resolution() {
  return Pair(Naive::Of({110}), Naive::Of({112}), 0, kFirstOpen, kTicket);
}

bool IsEngaged(const Naive::Session& session) {
  return session.bought || session.views >= 2 || session.last - session.first.time >= 10 * kSecond;
}
bool IsBounce(const Naive::Session& session) { return session.events == 1; }

Figure MemberRatio(int64_t numerator, int64_t start) {
  Figure figure;
  figure.sample = start;
  figure.tolerance = 1e-15;
  if (start > 0) figure.value = 100 * static_cast<double>(numerator) / static_cast<double>(start);
  return figure;
}

using Table = std::map<std::string, std::function<Figure(const Naive&)>>;

void AddNumbers(Table& table) {
  const std::pair<const char*, Types> counts[] = {
      {"complaints", {38}},        {"compliments", {39}},
      {"orders", kOrders},         {"referrals", {37}},
      {"reviews", {33}},           {"sessions", {52}},
      {"sign_ups", {50}},          {"social_engagements", kSocial},
      {"tickets_opened", {110}},   {"subscriptions_cancelled", {88}},
      {"tickets_reopened", {113}}, {"subscriptions_started", {84}},
      {"tickets_resolved", {112}}};
  for (const auto& [metric, types] : counts) {
    table[metric] = [types](const Naive& n) { return n.Number(types); };
  }
  const std::tuple<const char*, Types, Types> ratios[] = {
      {"click_through_rate", {58}, {100}},
      {"email_bounce_rate", {103}, {101}},
      {"email_click_rate", {57}, {102}},
      {"email_click_to_open_rate", {57}, {16}},
      {"email_delivery_rate", {102}, {101}},
      {"email_open_rate", {16}, {102}},
      {"email_unsubscribe_rate", {104}, {102}},
      {"referral_conversion_rate", {60}, {37}},
      {"refund_rate", {82}, kOrders},
      {"survey_completion_rate", kAnswers, {30, 31, 32, 123}},
      {"survey_dismissal_rate", {123}, {122}},
      {"survey_response_rate", kAnswers, {122}}};
  for (const auto& [metric, numerator, denominator] : ratios) {
    table[metric] = [numerator, denominator](const Naive& n) {
      return n.Percent(numerator, denominator);
    };
  }
}

void AddEvents(Table& table) {
  table["average_order_value"] = [](const Naive& n) { return n.MoneyPerEvent(kOrders); };
  table["gross_revenue"] = [](const Naive& n) { return n.Money(kOrders, {}); };
  table["refunds"] = [](const Naive& n) { return n.Money({82}, {}); };
  table["revenue"] = [](const Naive& n) { return n.Money(kOrders, {82}); };
  table["nps"] = [](const Naive& n) { return n.NetPromoters(); };
  table["csat"] = [](const Naive& n) { return n.ShareOfScores(31, 5, 4); };
  table["ces"] = [](const Naive& n) { return n.MeanScore(32, 7); };
  table["review_rating"] = [](const Naive& n) { return n.MeanScore(33, 5); };
  table["social_engagement_rate"] = [](const Naive& n) {
    return n.Reference(kSocial, "followers", false);
  };
  table["social_engagement_rate_by_reach"] = [](const Naive& n) {
    return n.Reference(kSocial, "reach", true);
  };
  table["social_engagement_rate_by_impressions"] = [](const Naive& n) {
    return n.Reference(kSocial, "impressions", true);
  };
  table["time_on_platform"] = [](const Naive& n) { return n.Values(52, -1); };
  table["time_on_platform_median"] = [](const Naive& n) { return n.Values(52, 0.5); };
  table["time_on_platform_p90"] = [](const Naive& n) { return n.Values(52, 0.9); };
  table["session_length"] = [](const Naive& n) { return n.Values(52, 0.5); };
  table["clv_historic"] = table["clv_predicted"] = [](const Naive& n) { return n.MeanFact(); };
}

void AddPairs(Table& table) {
  table["cart_conversion_rate"] = [](const Naive& n) { return n.Converted(Cart()); };
  table["cart_abandonment_rate"] = [](const Naive& n) { return n.Converted(Cart(), true); };
  table["checkout_conversion_rate"] = [](const Naive& n) {
    return n.Converted(Pair(Naive::Of({80}), IsOrder, kDay, kFirstOpen));
  };
  table["detractor_follow_up_rate"] = [](const Naive& n) {
    return n.Converted(Pair(IsDetractor, Naive::Of({111, 120}), 7 * kDay, kEvery));
  };
  table["detractor_recovery_rate"] = [](const Naive& n) {
    return n.Converted(Pair(IsDetractor, IsBetter, 365 * kDay, kEvery));
  };
  table["onboarding_completion_rate"] = [](const Naive& n) {
    return n.Converted(Pair(Naive::Of({50}), Naive::Of({51}), 30 * kDay, kFirstEver));
  };
  table["sign_up_conversion_rate"] = [](const Naive& n) {
    return n.Converted(Pair(Naive::Of({50}), IsOrder, 30 * kDay, kFirstEver));
  };
  table["ticket_reopen_rate"] = [](const Naive& n) {
    return n.Converted(Pair(Naive::Of({112}), Naive::Of({113}), 30 * kDay, kEvery, kTicket));
  };
  table["ticket_resolution_rate"] = [](const Naive& n) {
    return n.Converted(Pair(Naive::Of({110}), Naive::Of({112}), 30 * kDay, kFirstOpen, kTicket));
  };
  table["first_response_time"] = [](const Naive& n) { return n.Took(Reply(), false); };
  table["first_response_time_business"] = [](const Naive& n) { return n.Took(Reply(), true); };
  table["resolution_time"] = [](const Naive& n) { return n.Took(Resolution(), false); };
  table["resolution_time_business"] = [](const Naive& n) { return n.Took(Resolution(), true); };
  table["session_count"] = [](const Naive& n) { return n.SessionCount(); };
  table["session_duration"] = [](const Naive& n) { return n.SessionLength(); };
  table["bounce_rate"] = [](const Naive& n) { return n.SessionShare(IsBounce); };
  table["engaged_session_rate"] = [](const Naive& n) { return n.SessionShare(IsEngaged); };
  table["bounce_rate_ga4"] = [](const Naive& n) {
    return n.SessionShare([](const Naive::Session& session) { return !IsEngaged(session); });
  };
}

void AddCustomers(Table& table) {
  table["active_customers"] = [](const Naive& n) { return n.CustomerCount(Naive::IsActivity); };
  table["purchasing_customers"] = [](const Naive& n) { return n.CustomerCount(IsOrder); };
  table["repeat_purchase_rate"] = [](const Naive& n) {
    return n.CustomerPercent(IsOrder, 2, IsOrder);
  };
  table["referral_rate"] = [](const Naive& n) {
    return n.CustomerPercent(Naive::Of({37}), 1, Naive::IsActivity);
  };
  table["purchase_frequency"] = [](const Naive& n) { return n.Frequency(kOrders); };
  table["stickiness"] = [](const Naive& n) { return n.Stickiness(); };
  table["clv_simple"] = [](const Naive& n) { return n.SimpleValue(kOrders); };
  table["engagement_score"] = [](const Naive& n) { return n.Engagement(); };
  table["customers"] = [](const Naive& n) {
    const int64_t end = n.Members().end();
    return Figure{static_cast<double>(end), end, 0};
  };
  table["customer_retention_rate"] = [](const Naive& n) {
    const Naive::Books books = n.Members();
    return MemberRatio(books.end() - books.joined, books.start);
  };
  table["churn_rate"] = [](const Naive& n) {
    const Naive::Books books = n.Members();
    return MemberRatio(books.left, books.start);
  };
  table["net_growth"] = [](const Naive& n) {
    const Naive::Books books = n.Members();
    return MemberRatio(books.end() - books.start, books.start);
  };
}

void AddRevenue(Table& table) {
  for (const char* part : {"new", "expansion", "contraction", "churned", "reactivated"}) {
    table[std::string("mrr_") + part] = [part](const Naive& n) { return n.RevenuePart(part); };
  }
  table["mrr"] = [](const Naive& n) { return n.RevenuePart("end"); };
  table["arr"] = [](const Naive& n) { return n.RevenuePart("end", 12); };
  table["net_revenue_retention"] = [](const Naive& n) { return n.RevenueRatio("net"); };
  table["gross_revenue_retention"] = [](const Naive& n) { return n.RevenueRatio("gross"); };
  table["revenue_churn_rate"] = [](const Naive& n) { return n.RevenueRatio("churn"); };
}

}  // namespace

const Table& Metrics() {
  static const Table& all = *new Table([] {
    Table table;
    AddNumbers(table);
    AddEvents(table);
    AddPairs(table);
    AddCustomers(table);
    AddRevenue(table);
    return table;
  }());
  return all;
}

}  // namespace rapport::naive
