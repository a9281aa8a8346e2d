// SPDX-License-Identifier: Apache-2.0
// The built-in frameworks are whole, and own ones are refused with the field that is wrong.
#include "gmock/gmock.h"
#include "lib/frameworks/journey_text.h"
#include "tests/unit/frameworks/histories.h"

namespace rapport::frameworks {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> StageIds(std::string_view framework) {
  std::vector<std::string> ids;
  for (const v1::FrameworkStage& stage : BuiltIn(framework).stages()) {
    ids.push_back(stage.stage());
  }
  return ids;
}

TEST(BuiltInFrameworks, StagesAreThoseOfTheVocabulary) {
  EXPECT_THAT(StageIds("mckinsey"), ElementsAre("initial_consideration", "active_evaluation",
                                                "closure", "post_purchase"));
  EXPECT_THAT(StageIds("aarrr"),
              ElementsAre("acquisition", "activation", "retention", "referral", "revenue"));
  EXPECT_THAT(StageIds("laer"), ElementsAre("land", "adopt", "expand", "renew"));
  EXPECT_THAT(StageIds("aidae"),
              ElementsAre("attention", "interest", "desire", "action", "engagement"));
  EXPECT_THAT(StageIds("value"), ElementsAre("awareness", "consideration", "purchase", "onboarding",
                                             "adoption", "retention", "growth", "advocacy"));
  EXPECT_EQ(BuiltInFrameworks().size(), 5U);
}

TEST(BuiltInFrameworks, EveryOneHoldsAndNamesOwnersGoalsAndSource) {
  for (const v1::Framework& framework : BuiltInFrameworks()) {
    RAPPORT_EXPECT_OK(CheckFramework(framework, nullptr)) << framework.framework();
    EXPECT_FALSE(framework.source().empty()) << framework.framework();
    for (const v1::FrameworkStage& stage : framework.stages()) {
      EXPECT_FALSE(stage.owners().empty()) << stage.stage();
      EXPECT_FALSE(stage.touchpoints().empty()) << stage.stage();
      EXPECT_FALSE(stage.phase().empty()) << stage.stage();
    }
  }
}

// The border of value stands before adoption, and each stage names the teams of domain
// practice.
TEST(BuiltInFrameworks, ValueExpansionBeginsWithAdoption) {
  const v1::Framework& value = BuiltIn("value");
  EXPECT_EQ(value.border_stage(), "adoption");
  std::string phases, owners;
  for (const v1::FrameworkStage& stage : value.stages()) {
    phases += stage.phase() + " ";
    owners += stage.owners(0) + " ";
  }
  EXPECT_EQ(phases, "creation creation creation creation expansion expansion expansion expansion ");
  EXPECT_EQ(owners, "marketing marketing sales onboarding product success sales marketing ");
}

constexpr char kSound[] = R"pb(
  framework: "club"
  display_name: "Club"
  stages {
    stage: "guest"
    display_name: "Guest"
    entry { filter: "type = page_viewed" minimum_count: 2 window_days: 7 }
    exits { silence_days: 30 }
    goal { share: 0.5 within_days: 10 }
  }
  stages {
    stage: "member"
    display_name: "Member"
    owners: "club"
    entry { filter: "type = gave_talk" }
    exits {
      evidence { filter: "type = complaint_made" }
      to_stage: "guest"
    }
  }
  transitions { from_stage: "member" to_stage: "guest" kind: MOVE_KIND_REVERSAL }
)pb";

TEST(CheckFramework, TakesASoundOne) {
  filter::NameLists names;
  names.custom_types = {"gave_talk"};
  RAPPORT_EXPECT_OK(CheckOwn(Parse(kSound), &names));
}

using Change = void (*)(v1::Framework&);
struct BadCase {
  const char* field;
  const char* reason;
  Change change;
};

v1::FrameworkStage& Guest(v1::Framework& f) { return *f.mutable_stages(0); }
v1::FrameworkStage& Member(v1::Framework& f) { return *f.mutable_stages(1); }
v1::FrameworkTransition& Way(v1::Framework& f) { return *f.mutable_transitions(0); }

const BadCase kBad[] = {
    {"framework.framework", "BAD_ID", [](auto& f) { f.set_framework("Club"); }},
    {"framework.framework", "BUILT_IN_FRAMEWORK", [](auto& f) { f.set_framework("aarrr"); }},
    {"framework.display_name", "REQUIRED", [](auto& f) { f.clear_display_name(); }},
    {"framework.source", "TOO_LONG", [](auto& f) { f.set_source(std::string(1025, 'x')); }},
    {"framework.stages", "OUT_OF_RANGE", [](auto& f) { f.mutable_stages()->RemoveLast(); }},
    {"framework.stages", "OUT_OF_RANGE",
     [](auto& f) {
       for (int i = 0; i < 19; ++i) f.add_stages();
     }},
    {"framework.reentry", "UNKNOWN_VALUE",
     [](auto& f) { f.set_reentry(static_cast<v1::ReentryRule>(9)); }},
    {"framework.border_stage", "UNKNOWN_STAGE", [](auto& f) { f.set_border_stage("nobody"); }},
    {"framework.border_stage", "FIRST_STAGE", [](auto& f) { f.set_border_stage("guest"); }},
    {"framework.stages[0].stage", "BAD_ID", [](auto& f) { Guest(f).set_stage("left"); }},
    {"framework.stages[1].stage", "DUPLICATE", [](auto& f) { Member(f).set_stage("guest"); }},
    {"framework.stages[1].display_name", "REQUIRED",
     [](auto& f) { Member(f).clear_display_name(); }},
    {"framework.stages[1].owners[1]", "DUPLICATE", [](auto& f) { Member(f).add_owners("club"); }},
    {"framework.stages[1].touchpoints[0]", "BAD_WORD",
     [](auto& f) { Member(f).add_touchpoints(""); }},
    {"framework.stages[1].entry", "REQUIRED", [](auto& f) { Member(f).clear_entry(); }},
    {"framework.stages[0].entry[0].filter", "REQUIRED",
     [](auto& f) { Guest(f).mutable_entry(0)->set_filter(" "); }},
    {"framework.stages[0].entry[0].filter", "BAD_FILTER",
     [](auto& f) { Guest(f).mutable_entry(0)->set_filter("type ="); }},
    {"framework.stages[0].entry[0].filter", "UNKNOWN_FIELD",
     [](auto& f) { Guest(f).mutable_entry(0)->set_filter("chanel = web"); }},
    // What the customer is today must not change what happened.
    {"framework.stages[0].entry[0].filter", "UNKNOWN_FIELD",
     [](auto& f) { Guest(f).mutable_entry(0)->set_filter("customer.stage = LOYAL"); }},
    {"framework.stages[0].entry[0].minimum_count", "OUT_OF_RANGE",
     [](auto& f) { Guest(f).mutable_entry(0)->set_minimum_count(1001); }},
    {"framework.stages[0].entry[0].window_days", "OUT_OF_RANGE",
     [](auto& f) { Guest(f).mutable_entry(0)->set_window_days(-1); }},
    {"framework.stages[0].exits[0]", "ONE_OF", [](auto& f) { Guest(f).mutable_exits(0)->Clear(); }},
    {"framework.stages[1].exits[0]", "ONE_OF",
     [](auto& f) { Member(f).mutable_exits(0)->set_silence_days(3); }},
    {"framework.stages[0].exits[0].silence_days", "OUT_OF_RANGE",
     [](auto& f) { Guest(f).mutable_exits(0)->set_silence_days(-3); }},
    {"framework.stages[0].exits[0].silence_filter", "BAD_FILTER",
     [](auto& f) { Guest(f).mutable_exits(0)->set_silence_filter("type ="); }},
    {"framework.stages[1].exits[0].silence_filter", "UNUSED",
     [](auto& f) { Member(f).mutable_exits(0)->set_silence_filter("type = page_viewed"); }},
    {"framework.stages[1].exits[0].evidence.filter", "REQUIRED",
     [](auto& f) { Member(f).mutable_exits(0)->mutable_evidence()->clear_filter(); }},
    {"framework.stages[1].exits[0].to_stage", "UNKNOWN_STAGE",
     [](auto& f) { Member(f).mutable_exits(0)->set_to_stage("x"); }},
    {"framework.stages[0].exits[0].to_stage", "NOT_EARLIER",
     [](auto& f) { Guest(f).mutable_exits(0)->set_to_stage("member"); }},
    {"framework.stages[0].goal.share", "OUT_OF_RANGE",
     [](auto& f) { Guest(f).mutable_goal()->set_share(50); }},
    {"framework.stages[0].goal", "REQUIRED", [](auto& f) { Guest(f).mutable_goal()->Clear(); }},
    {"framework.stages[1].goal.share", "LAST_STAGE",
     [](auto& f) { Member(f).mutable_goal()->set_share(0.1); }},
    {"framework.stages[0].goal.dwell_days", "OUT_OF_RANGE",
     [](auto& f) { Guest(f).mutable_goal()->set_dwell_days(-1); }},
    {"framework.transitions[0].from_stage", "UNKNOWN_STAGE",
     [](auto& f) { Way(f).set_from_stage("x"); }},
    {"framework.transitions[0].to_stage", "SAME_STAGE",
     [](auto& f) { Way(f).set_to_stage("member"); }},
    {"framework.transitions[0].kind", "WRONG_WAY",
     [](auto& f) { Way(f).set_kind(v1::MOVE_KIND_FORWARD); }},
    {"framework.transitions[0].kind", "UNKNOWN_VALUE",
     [](auto& f) { Way(f).set_kind(v1::MOVE_KIND_SKIP); }},
    {"framework.transitions[1].to_stage", "DUPLICATE",
     [](auto& f) { *f.add_transitions() = f.transitions(0); }},
    {"framework.transitions[0].evidence.filter", "BAD_FILTER",
     [](auto& f) { Way(f).mutable_evidence()->set_filter("score > many"); }},
};

TEST(CheckFramework, NamesTheFieldThatIsWrong) {
  for (const BadCase& bad : kBad) {
    v1::Framework framework = Parse(kSound);
    bad.change(framework);
    EXPECT_THAT(CheckOwn(framework, nullptr), testing::FailsWith(bad.reason, bad.field))
        << bad.field;
  }
}

TEST(CheckFramework, KnowsCustomTypesByTheNamesGiven) {
  const filter::NameLists none;
  EXPECT_THAT(CheckOwn(Parse(kSound), &none),
              testing::FailsWith("BAD_FILTER", "framework.stages[1].entry[0].filter"));
}

TEST(Registry, HoldsOwnBesideBuiltIn) {
  std::vector<v1::Framework> own = {Parse(kSound), Parse(kSound)};
  own[1].set_framework("laer");  // Stored before it became built in.
  const Registry registry(own);
  EXPECT_EQ(registry.frameworks().size(), 6U);
  EXPECT_TRUE((*registry.Find("club"))->custom());
  EXPECT_EQ((*registry.Find("laer"))->stages_size(), 4);
  EXPECT_THAT(registry.Find("clubb"), testing::FailsWith("UNKNOWN_FRAMEWORK", "framework"));
  EXPECT_THAT(registry.Find(""), testing::FailsWith("REQUIRED", "framework"));
}

TEST(Fingerprint, ChangesWithStagesAndRatesNotWithWords) {
  filter::NameLists names;
  metrics::Scope scope;
  scope.names = &names;
  const v1::Framework sound = Parse(kSound);
  v1::Framework other = sound;
  other.set_description("other words");
  other.set_etag("2");
  EXPECT_EQ(FingerprintOf(other, scope), FingerprintOf(sound, scope));
  other.mutable_stages(0)->mutable_entry(0)->set_minimum_count(3);
  EXPECT_NE(FingerprintOf(other, scope), FingerprintOf(sound, scope));
  metrics::Scope dollars = scope;
  dollars.base_currency = PackCurrency("USD").value();
  EXPECT_NE(FingerprintOf(sound, dollars), FingerprintOf(sound, scope));
}

}  // namespace
}  // namespace rapport::frameworks
