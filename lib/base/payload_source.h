// SPDX-License-Identifier: Apache-2.0
// The payloads of one customer's events, decoded when asked for: what walkers over events
// read when columns do not say enough. Not thread-safe.
#pragma once

#include <cstddef>

namespace rapport::store::v1 {
class EventPayload;
}

namespace rapport {

class PayloadSource {
 public:
  virtual ~PayloadSource() = default;
  // Of the customer's event `index`; nullptr for an event without one. Valid until the
  // next call.
  virtual const store::v1::EventPayload* At(size_t index) = 0;
};

}  // namespace rapport
