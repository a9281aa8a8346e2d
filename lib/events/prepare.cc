// SPDX-License-Identifier: Apache-2.0
#include "lib/events/prepare.h"

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/events/checks.h"
#include "lib/events/event_rules.h"
#include "lib/events/payload.h"
#include "lib/events/validate.h"

namespace rapport::events {
namespace {

using store::v1::DICTIONARY_KIND_CAMPAIGN;
using store::v1::DICTIONARY_KIND_CUSTOM_TYPE;
using store::v1::DICTIONARY_KIND_TOUCHPOINT;

class Preparer {
 public:
  Preparer(PrepareTimes times, Prepared& out) : times_(times), out_(out) {}

  void Reserve(size_t events) {
    out_.submitted = events;
    out_.rows.reserve(events);
    out_.positions.reserve(events);
    out_.ids.reserve(events);
    out_.who.reserve(events);
    out_.word_refs.reserve(events);
    out_.payload_sizes.reserve(events);
    out_.payloads.reserve(events * 48);
    out_.text.reserve(events * 16);
  }

  void Add(int32_t position, const v1::Event& event) {
    const absl::Status status = ValidateEvent(event, times_.latest_time);
    if (!status.ok()) {
      out_.outcome.rejected.push_back(RejectionOf(position, event.event_id(), status));
      return;
    }
    out_.rows.push_back(ColumnsOf(event));
    out_.positions.push_back(position);
    out_.ids.push_back(HashText128(event.event_id()));
    out_.who.push_back(WhoOf(event));
    out_.word_refs.push_back({WordOf(touchpoints_, event.touchpoint()),
                              WordOf(campaigns_, event.campaign()),
                              WordOf(custom_types_, event.custom_type())});
    const size_t before = out_.payloads.size();
    WritePayload(event, times_.now, out_.payloads);
    out_.payload_sizes.push_back(static_cast<uint32_t>(out_.payloads.size() - before));
  }

 private:
  // The words of one dictionary seen in this batch. Keys point into the caller's events.
  struct Words {
    DictionaryKind kind;
    std::string_view last;
    uint32_t last_ref = 0;
    absl::flat_hash_map<absl::string_view, uint32_t> refs;
  };

  Piece Keep(std::string_view text) {
    const Piece piece{static_cast<uint32_t>(out_.text.size()), static_cast<uint32_t>(text.size())};
    out_.text.append(text);
    return piece;
  }

  uint32_t WordOf(Words& words, std::string_view text) {
    if (text.empty()) return 0;
    if (text == words.last) return words.last_ref;
    const auto [it, added] =
        words.refs.emplace(ToAbsl(text), static_cast<uint32_t>(out_.words.size() + 1));
    if (added) out_.words.push_back({words.kind, Keep(text)});
    words.last = text;
    words.last_ref = it->second;
    return it->second;
  }

  Who WhoOf(const v1::Event& event) {
    Who who;
    who.customer_id = Keep(event.customer_id());
    if (event.identities().empty()) {
      who.hash = customers::Directory::HashOfCustomerId(event.customer_id());
      return who;
    }
    who.first_identity = static_cast<uint32_t>(out_.identities.size());
    if (!event.customer_id().empty()) {
      out_.identities.push_back({v1::IDENTITY_KIND_CUSTOMER_ID, who.customer_id});
    }
    for (const v1::Identity& identity : event.identities()) {
      const auto normal = customers::NormalizeIdentity(identity.kind(), identity.value(), "value");
      if (normal.ok()) out_.identities.push_back({identity.kind(), Keep(*normal)});
    }
    who.identity_count = static_cast<uint32_t>(out_.identities.size()) - who.first_identity;
    return who;
  }

  const PrepareTimes times_;
  Prepared& out_;
  Words touchpoints_{DICTIONARY_KIND_TOUCHPOINT, {}, 0, {}};
  Words campaigns_{DICTIONARY_KIND_CAMPAIGN, {}, 0, {}};
  Words custom_types_{DICTIONARY_KIND_CUSTOM_TYPE, {}, 0, {}};
};

}  // namespace

v1::RejectedEvent RejectionOf(int32_t index, const std::string& event_id,
                              const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status).value_or(ErrorDetail{});
  v1::RejectedEvent rejected;
  rejected.set_index(index);
  // An id that is no text, or far too long, must not break the answer.
  if (event_id.size() <= kMaxEventIdBytes && IsUtf8(event_id)) rejected.set_event_id(event_id);
  rejected.set_field(detail.field);
  rejected.set_reason(detail.reason);
  rejected.set_message(std::string(FromAbsl(status.message())));
  return rejected;
}

void Prepare(std::span<const v1::Event* const> events, PrepareTimes times, Prepared& prepared) {
  Preparer preparer(times, prepared);
  preparer.Reserve(events.size());
  for (size_t i = 0; i < events.size(); ++i) preparer.Add(static_cast<int32_t>(i), *events[i]);
}

}  // namespace rapport::events
