// SPDX-License-Identifier: Apache-2.0
// Event fields that stand in the payload, and the event's own properties.
#include "lib/filter/catalogue.h"
#include "lib/filter/event_types.h"
#include "lib/filter/property_value.h"
#include "rapport/store/v1/records.pb.h"

namespace rapport::filter {
namespace {

using Payload = store::v1::EventPayload;
using Reader = Value (*)(const Payload&, const std::string& key, size_t nth);

Value Text(const std::string& text) {
  return text.empty() ? Value() : Value(std::string_view(text));
}

Field Make(std::string path, FieldType type, TypeSet types, Reader read, std::string doc) {
  Field field;
  field.path = std::move(path);
  field.type = type;
  field.place = Place::kEventPayload;
  field.types = std::move(types);
  field.read_payload = read;
  field.doc = std::move(doc);
  return field;
}

// A text field of one kind of payload.
#define RAPPORT_TEXT(payload, field)                                  \
  [](const Payload& event, const std::string&, size_t nth) {          \
    return nth == 0 ? Text(event.rest().payload().field()) : Value(); \
  }

Value ReadVerbatim(const Payload& event, const std::string&, size_t nth) {
  if (nth > 0) return {};
  const v1::Event& rest = event.rest();
  switch (rest.payload_case()) {
    case v1::Event::kSurveyAnswer:
      return Text(rest.survey_answer().verbatim());
    case v1::Event::kReview:
      return Text(rest.review().text());
    case v1::Event::kSupport:
      return Text(rest.support().text());
    case v1::Event::kSocial:
      return Text(rest.social().text());
    case v1::Event::kUsage:
      return Text(rest.usage().text());
    default:
      return {};
  }
}

// A text of each line of an order, or of the one product somebody looked at.
template <typename Get>
Value OfProduct(const v1::Event& event, size_t nth, Get get) {
  if (event.has_order()) {
    if (nth >= static_cast<size_t>(event.order().items_size())) return {};
    return std::string_view(get(event.order().items(static_cast<int>(nth))));
  }
  return event.has_product_interest() && nth == 0 ? Text(get(event.product_interest())) : Value();
}
#define RAPPORT_PRODUCT(field)                                                         \
  [](const Payload& event, const std::string&, size_t nth) {                           \
    return OfProduct(event.rest(), nth,                                                \
                     [](const auto& of) -> const std::string& { return of.field(); }); \
  }

Value ReadOrderId(const Payload& event, const std::string&, size_t nth) {
  if (nth > 0) return {};
  return Text(event.rest().has_refund() ? event.rest().refund().order_id()
                                        : event.rest().order().order_id());
}

Value ReadMargin(const Payload& event, const std::string&, size_t nth) {
  if (nth > 0 || !event.rest().order().has_margin()) return {};
  return event.rest().order().margin().micros();
}

Value ReadProperty(const Payload& event, const std::string& key, size_t nth) {
  if (nth > 0) return {};
  const auto found = event.rest().properties().find(key);
  return found == event.rest().properties().end() ? Value() : ValueOf(found->second);
}

void AddTexts(std::vector<Field>& fields) {
  const auto add = [&](std::string path, TypeSet types, Reader read, std::string doc) {
    fields.push_back(
        Make(std::move(path), FieldType::kText, std::move(types), read, std::move(doc)));
  };
  add("survey", SurveyTypes(), RAPPORT_TEXT(survey_answer, survey_id), "which survey");
  add("subject", ReviewTypes(), RAPPORT_TEXT(review, subject), "what was reviewed");
  add("topic", SupportTypes(), RAPPORT_TEXT(support, topic), "topic of a contact with support");
  add("priority", SupportTypes(), RAPPORT_TEXT(support, priority), "its priority");
  add("agent", SupportTypes(), RAPPORT_TEXT(support, agent), "who answered");
  add("ticket_id", SupportTypes(), RAPPORT_TEXT(support, ticket_id), "ticket number");
  add("plan", SubscriptionTypes(), RAPPORT_TEXT(subscription, plan), "plan of a subscription");
  add("subscription_id", SubscriptionTypes(), RAPPORT_TEXT(subscription, subscription_id),
      "subscription number");
  add("coupon", OrderTypes(), RAPPORT_TEXT(order, coupon), "coupon of an order");
  add("order_id", OrderTypes().Unite(RefundTypes()), ReadOrderId, "order number");
  add("reason", RefundTypes(), RAPPORT_TEXT(refund, reason), "why money was paid back");
  add("device", SessionTypes(), RAPPORT_TEXT(session, device), "device of a session");
  add("content_id", ContentTypes(), RAPPORT_TEXT(content, content_id), "address of the content");
  add("title", ContentTypes(), RAPPORT_TEXT(content, title), "title of the content");
  add("query", ContentTypes(), RAPPORT_TEXT(content, query), "what was searched for");
  add("creative", CampaignTypes(), RAPPORT_TEXT(campaign_touch, creative), "message or creative");
  add("link", CampaignTypes(), RAPPORT_TEXT(campaign_touch, link), "link that was clicked");
  add("network", SocialTypes(), RAPPORT_TEXT(social, network), "social network");
  add("post_id", SocialTypes(), RAPPORT_TEXT(social, post_id), "post that it is about");
  add("kind", HumanTouchTypes(), RAPPORT_TEXT(human_touch, kind), "call, meeting, training, ...");
  add("owner", HumanTouchTypes(), RAPPORT_TEXT(human_touch, owner), "person or team");
  add("experiment", ExperimentTypes(), RAPPORT_TEXT(experiment_exposure, experiment), "experiment");
  add("variant", ExperimentTypes(), RAPPORT_TEXT(experiment_exposure, variant),
      "variant of an experiment");
  add("purpose", ConsentTypes(), RAPPORT_TEXT(consent, purpose), "purpose of a consent");
  add("item", UsageTypes(), RAPPORT_TEXT(usage, item),
      "feature, onboarding step or reason for leaving");
  add("program", ReferralTypes(), RAPPORT_TEXT(referral, program), "referral programme or link");
}

void AddProducts(std::vector<Field>& fields) {
  const auto add = [&](std::string path, Reader read, std::string doc) {
    fields.push_back(Make(std::move(path), FieldType::kText, OrderTypes().Unite(InterestTypes()),
                          read, std::move(doc)));
    fields.back().repeated = true;
  };
  add("product_id", RAPPORT_PRODUCT(product_id), "product of any line of the order, or looked at");
  add("category", RAPPORT_PRODUCT(category), "its category");
  add("brand", RAPPORT_PRODUCT(brand), "its brand");
}

#undef RAPPORT_TEXT
#undef RAPPORT_PRODUCT

}  // namespace

std::vector<Field> EventPayloadFields() {
  std::vector<Field> fields;
  const TypeSet written =
      ScoreTypes().Unite(SupportTypes()).Unite(SocialTypes()).Unite(UsageTypes());
  fields.push_back(
      Make("text", FieldType::kVerbatim, written, ReadVerbatim, "what the customer wrote or said"));
  fields.push_back(
      Make("verbatim", FieldType::kVerbatim, written, ReadVerbatim, "the same as `text`"));
  AddProducts(fields);
  AddTexts(fields);
  fields.push_back(Make("margin", FieldType::kMoney, OrderTypes(), ReadMargin,
                        "contribution margin of an order, in units of its currency"));
  fields.push_back(Make(
      "session_id", FieldType::kText, TypeSet::All(),
      [](const Payload& event, const std::string&, size_t nth) {
        return nth == 0 ? Text(event.rest().session_id()) : Value();
      },
      "the client's session id"));
  fields.push_back(Make(
      "event_id", FieldType::kText, TypeSet::All(),
      [](const Payload& event, const std::string&, size_t nth) {
        return nth == 0 ? Text(event.event_id()) : Value();
      },
      "the event's id"));
  fields.push_back(Make("property.", FieldType::kDynamic, TypeSet::All(), ReadProperty,
                        "the event's own property of that name"));
  fields.back().dynamic = true;
  return fields;
}

}  // namespace rapport::filter
