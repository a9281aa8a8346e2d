// SPDX-License-Identifier: Apache-2.0
#include "tools/demo/catalog.h"

#include "lib/base/text.h"

namespace rapport::demo {
namespace {

constexpr std::array<double, 12> kMonthWeights = {0.90, 0.80, 0.90, 0.95, 1.00, 0.85,
                                                  0.80, 0.85, 1.00, 1.10, 1.60, 1.50};
// Thursday first: 1970-01-01 was one.
constexpr std::array<double, 7> kWeekdayWeights = {1.0, 1.0, 1.2, 1.25, 0.95, 0.9, 0.9};
constexpr std::array<std::string_view, 12> kCampaigns = {
    "new-year", "hygge",  "spring", "easter", "garden",       "midsummer",
    "holiday",  "indoor", "autumn", "cosy",   "black-friday", "christmas"};
constexpr std::array<std::string_view, 4> kPraise = {"Lovely light and quick delivery.",
                                                     "The oak is beautiful, thank you!",
                                                     "Great advice in the shop.", ""};
constexpr std::array<std::string_view, 4> kMild = {"Good, but delivery took a week.",
                                                   "Nice lamp, the cable is short.", "", ""};
constexpr std::array<std::string_view, 4> kBlame = {
    "The shade arrived damaged.", "Nobody answered my mail for days.", "Assembly was a pain.", ""};

}  // namespace

double TouchpointEffect(Touchpoint touchpoint) {
  switch (touchpoint) {
    case Touchpoint::kStoreBerlin:
    case Touchpoint::kStoreHamburg:
      return 0.6;
    case Touchpoint::kDelivery:
      return -0.5;
    case Touchpoint::kHelpCenter:
      return -0.9;
    default:
      return 0;
  }
}

double SeasonWeight(CivilDays day) {
  const CivilDate date = CivilFromDays(day);
  return kMonthWeights[static_cast<size_t>(date.month - 1)] *
         kWeekdayWeights[static_cast<size_t>(((day % 7) + 7) % 7)];
}

std::string CampaignOf(int32_t month_index) {
  const int year = 1970 + month_index / 12;
  const auto month = static_cast<size_t>(month_index % 12);
  return Cat(year, month < 9 ? "-0" : "-", month + 1, "-", kCampaigns[month]);
}

std::string_view Verbatim(int score, uint32_t pick) {
  if (score >= 9) return kPraise[pick % kPraise.size()];
  if (score >= 7) return kMild[pick % kMild.size()];
  return kBlame[pick % kBlame.size()];
}

}  // namespace rapport::demo
