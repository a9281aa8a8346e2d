// SPDX-License-Identifier: Apache-2.0
// What is fixed about each event type: which payload fits it, whether it is needed, which
// kind of engagement it shows; and the limits of events in one place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/clock.h"
#include "rapport/v1/event.pb.h"

namespace rapport::events {

using PayloadCase = v1::Event::PayloadCase;

enum class Engagement : uint8_t { kNone, kCognitive, kEmotional, kBehavioural, kTransactional };

struct EventRule {
  v1::EventType type = v1::EVENT_TYPE_UNSPECIFIED;
  PayloadCase payload = v1::Event::PAYLOAD_NOT_SET;  // NOT_SET: none fits.
  bool payload_required = false;
  Engagement engagement = Engagement::kNone;
};

// nullptr for numbers that name no type. CUSTOM has a rule, UNSPECIFIED has none.
const EventRule* FindRule(int type);

inline constexpr size_t kMaxEventIdBytes = 128;
inline constexpr size_t kMaxCustomerIdBytes = 256;
inline constexpr int kMaxIdentities = 16;
inline constexpr size_t kMaxCustomTypeBytes = 64;
inline constexpr size_t kMaxNameBytes = 128;   // Ids, touchpoints, campaigns, products.
inline constexpr size_t kMaxTextBytes = 2048;  // Texts whose limit event.proto leaves open.
inline constexpr size_t kMaxVerbatimBytes = 16 * 1024;
inline constexpr size_t kMaxPropertyBytes = 4 * 1024;
inline constexpr size_t kMaxPropertyKeyBytes = 64;
inline constexpr size_t kMaxProperties = 64;
inline constexpr int kMaxOrderItems = 1000;
// 10^11 units of a currency: sums over a day stay far from the end of 64 bits.
inline constexpr int64_t kMaxMoneyMicros = 100'000'000'000'000'000;
inline constexpr double kMaxQuantity = 1e12;
inline constexpr double kMaxDurationSeconds = 10.0 * 366 * 86'400;
inline constexpr double kMaxMinutes = kMaxDurationSeconds / 60;
inline constexpr int kNpsScale = 10;
inline constexpr int kDefaultCsatScale = 5;
inline constexpr int kDefaultCesScale = 7;
inline constexpr int kDefaultReviewScale = 5;
inline constexpr int kMinScale = 2;
inline constexpr int kMaxScale = 100;
// Years 1 to 9999, as google.protobuf.Timestamp.
inline constexpr int64_t kMinSeconds = -62'135'596'800;
inline constexpr int64_t kMaxSeconds = 253'402'300'799;

// The scale of an answer, filled in where the client left it out.
int ScaleOf(v1::EventType type, int given);

inline TimeMicros MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
}

}  // namespace rapport::events
