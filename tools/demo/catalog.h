// SPDX-License-Identifier: Apache-2.0
// What the demo shop sells, sends and says: products, campaigns by month, survey texts.
// Constant tables; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/calendar.h"

namespace rapport::demo {

struct Product {
  std::string_view id;
  std::string_view title;
  std::string_view category;
  std::string_view brand;
  int64_t price_cents;
};

inline constexpr std::array<Product, 16> kProducts = {{
    {"L-101", "Desk lamp Alba", "lighting.desk", "Alba", 4900},
    {"L-102", "Desk lamp Nord", "lighting.desk", "Nordlys", 7900},
    {"L-201", "Floor lamp Reed", "lighting.floor", "Alba", 12900},
    {"L-202", "Arc lamp Orbit", "lighting.floor", "Nordlys", 18900},
    {"L-301", "Pendant Bell", "lighting.pendant", "Alba", 8900},
    {"L-302", "Pendant Trio", "lighting.pendant", "Kvist", 15900},
    {"B-001", "Warm bulbs, 4 pieces", "lighting.bulbs", "Alba", 1900},
    {"B-002", "Smart bulb", "lighting.bulbs", "Nordlys", 2900},
    {"O-101", "Oak side table", "furniture.tables", "Kvist", 11900},
    {"O-102", "Oak stool", "furniture.seating", "Kvist", 6900},
    {"O-201", "Wall shelf, 60 cm", "furniture.shelves", "Kvist", 4500},
    {"O-202", "Wall shelf, 90 cm", "furniture.shelves", "Kvist", 5900},
    {"O-301", "Night stand", "furniture.tables", "Hjem", 9900},
    {"D-101", "Linen shade", "decor.shades", "Hjem", 2500},
    {"D-102", "Wool throw", "decor.textiles", "Hjem", 5500},
    {"D-103", "Oak care oil", "decor.care", "Kvist", 1400},
}};

inline constexpr std::array<std::string_view, 8> kTouchpoints = {
    "landing_page", "product_page",  "checkout_page", "delivery",
    "store_berlin", "store_hamburg", "help_center",   "mobile_app"};

// Position in kTouchpoints.
enum class Touchpoint : uint8_t {
  kLandingPage,
  kProductPage,
  kCheckoutPage,
  kDelivery,
  kStoreBerlin,
  kStoreHamburg,
  kHelpCenter,
  kMobileApp,
  kNone = 255
};

// Effect of where the question was asked on the NPS answer, in points of the 0-10 scale.
double TouchpointEffect(Touchpoint touchpoint);
// How much busier than usual the shop is on that day (season and day of the week).
double SeasonWeight(CivilDays day);
// Campaign of the month that `month_index` (months since 1970-01) names, "2026-03-spring".
std::string CampaignOf(int32_t month_index);
// A sentence for an NPS answer of this score; empty for some.
std::string_view Verbatim(int score, uint32_t pick);

}  // namespace rapport::demo
