// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/book.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/segments/rig.h"

namespace rapport::segments {
namespace {

StoredSegment Stored(const std::string& id, uint32_t number, const std::string& segment) {
  StoredSegment stored;
  stored.id = id;
  stored.record.set_number(number);
  if (segment.empty()) return stored;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString(segment, stored.record.mutable_segment()));
  return stored;
}
uint32_t Same(uint32_t number) { return number; }

TEST(SegmentBook, LeavesOutWhatDoesNotCompile) {
  Rig rig;
  std::vector<StoredSegment> stored;
  stored.push_back(Stored("gone", 3, ""));
  stored.push_back(Stored("good", 1, "rule { customer: 'stage = NEW' }"));
  stored.push_back(
      Stored("bad", 2, "rule { behaviour { filter: 'type = no_such' first_time {} } }"));
  stored.push_back(Stored("worse", 4, "rule { segment: 'bad' }"));
  stored.push_back(Stored("to_gone", 5, "rule { segment: 'gone' }"));
  EXPECT_EQ(NextSegmentNumber(stored), 6U);
  const auto book = SegmentBook::Create(std::move(stored), rig.scope(), Same);
  ASSERT_EQ(book->rules().size(), 1U);
  EXPECT_EQ(book->rules().id(0), "good");
  EXPECT_EQ(book->number(0), 1U);
  ASSERT_EQ(book->broken().size(), 3U);
  std::vector<std::string> broken;
  for (const auto& one : book->broken()) broken.push_back(one.segment.id);
  EXPECT_THAT(broken, ::testing::UnorderedElementsAre("bad", "worse", "to_gone"));
}

TEST(SegmentBook, KeepsWhatARuleNeeds) {
  std::vector<StoredSegment> stored;
  stored.push_back(Stored("a", 1, "rule { any_of { rules { segment: 'b' } } }"));
  stored.push_back(
      Stored("b", 2, "rule { none_of { rules { all_of { rules { segment: 'd' } } } } }"));
  stored.push_back(Stored("c", 3, "rule { segment: 'a' }"));
  stored.push_back(Stored("d", 4, "list {}"));
  EXPECT_TRUE(RefersTo(stored[1].record.segment().rule(), "d"));
  EXPECT_FALSE(RefersTo(stored[0].record.segment().rule(), "d")) << "only through b";
  KeepNeeded("a", stored);
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[0].id, "a");
  EXPECT_EQ(stored[1].id, "b");
  EXPECT_EQ(stored[2].id, "d");
}

TEST(SegmentBook, ListsFollowMerges) {
  Rig rig;
  std::vector<StoredSegment> stored;
  stored.push_back(Stored("vip", 1, "list {}"));
  stored[0].list = Bitmap(std::vector<uint32_t>{2, 3, 5});
  const auto book = SegmentBook::Create(std::move(stored), rig.scope(),
                                        [](uint32_t number) { return number == 3 ? 9 : number; });
  EXPECT_TRUE(book->Holds(0, 2));
  EXPECT_FALSE(book->Holds(0, 3));
  EXPECT_TRUE(book->Holds(0, 9));
  EXPECT_TRUE(book->rules().is_list(0));
}

TEST(SegmentBook, FingerprintsOfListsAndOfRules) {
  Rig rig;
  const auto make = [&](std::vector<uint32_t> members) {
    std::vector<StoredSegment> stored;
    stored.push_back(Stored("vip", 1, "list {}"));
    stored.push_back(Stored("not_vip", 2, "rule { none_of { rules { segment: 'vip' } } }"));
    stored[0].list = Bitmap(members);
    return SegmentBook::Create(std::move(stored), rig.scope(), Same);
  };
  const auto one = make({1, 2});
  const auto two = make({1, 2, 3});
  EXPECT_NE(one->rules().Fingerprint(1), two->rules().Fingerprint(1));
  EXPECT_EQ(one->rules().RuleFingerprint(1), two->rules().RuleFingerprint(1));
}

TEST(RuleSet, NamesTheAttributesItReads) {
  Rig rig;
  rig.Define("a", R"pb(customer: "attributes.tier = gold OR NOT attributes.city:*")pb")
      .Define("b", R"pb(behaviour {
                          filter: "customer.attributes.plan = pro"
                          first_time {}
                        })pb");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto rules, rig.Compile());
  EXPECT_EQ(rules->AttributeKeys(), (std::vector<std::string>{"city", "plan", "tier"}));
}

}  // namespace
}  // namespace rapport::segments
