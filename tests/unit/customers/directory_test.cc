// SPDX-License-Identifier: Apache-2.0
#include "lib/customers/directory.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/store/memory_store.h"
#include "tests/support/matchers.h"

namespace rapport::customers {
namespace {

using ::rapport::testing::FailsWith;
using ::rapport::testing::IsOk;
using ::rapport::testing::StatusIs;
using ::testing::ElementsAre;

constexpr auto kId = v1::IDENTITY_KIND_CUSTOMER_ID;
constexpr auto kEmail = v1::IDENTITY_KIND_EMAIL;
constexpr auto kPhone = v1::IDENTITY_KIND_PHONE;
constexpr auto kDevice = v1::IDENTITY_KIND_DEVICE_ID;
constexpr auto kAnonymous = v1::IDENTITY_KIND_ANONYMOUS_ID;

using Named = std::vector<std::pair<v1::IdentityKind, std::string>>;

class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() { Reload(); }
  void Reload() {
    auto opened = Directory::Open(*store_, 1);
    ASSERT_THAT(opened, IsOk());
    directory_ = *std::move(opened);
  }
  // What the ingest writer does with the identities of one event.
  CustomerNo Event(const Named& named) {
    std::vector<IdentityRef> refs;
    for (const auto& [kind, value] : named) refs.push_back({kind, value});
    std::vector<store::PartitionWrite> writes;
    const auto resolved = directory_->ResolveOrCreate(refs, writes);
    const auto merges = directory_->TakeMerges();
    EXPECT_THAT(store_->table(store::TableId::kCustomers).ApplyAll(merges), IsOk());
    EXPECT_THAT(store_->table(store::TableId::kIdentities).ApplyAll(writes), IsOk());
    return resolved.customer_no;
  }

  std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  std::unique_ptr<Directory> directory_;
};

TEST_F(DirectoryTest, NumbersAreDenseAndStable) {
  EXPECT_EQ(Event({{kId, "a"}}), 1u);
  EXPECT_EQ(Event({{kId, "b"}}), 2u);
  EXPECT_EQ(Event({{kId, "a"}}), 1u);
  std::vector<store::PartitionWrite> writes;
  bool created = false;
  EXPECT_EQ(directory_->ResolveOrCreate("b", writes, created), 2u);
  EXPECT_FALSE(created);
  EXPECT_TRUE(writes.empty());
  EXPECT_EQ(directory_->ResolveOrCreate("c", writes, created), 3u);
  EXPECT_TRUE(created);
  EXPECT_EQ(writes.size(), 1u);
  EXPECT_EQ(directory_->last_customer_no(), 3u);
  EXPECT_EQ(directory_->Find(kId, "b"), 2u);
  EXPECT_EQ(directory_->Find(kEmail, "b"), std::nullopt);
}

TEST_F(DirectoryTest, VisitorBecomesKnown) {
  const CustomerNo visitor = Event({{kAnonymous, "v1"}});
  const CustomerNo known = Event({{kId, "c1"}});
  EXPECT_NE(visitor, known);
  EXPECT_EQ(directory_->PrimaryName(visitor), "anonymous_id:v1");
  EXPECT_EQ(Event({{kAnonymous, "v1"}, {kId, "c1"}}), known);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(directory_->Find(kAnonymous, "v1"), known);
    EXPECT_EQ(directory_->Resolve(visitor), known);
    EXPECT_THAT(directory_->MergedInto(known), ElementsAre(visitor));
    EXPECT_EQ(directory_->PrimaryName(visitor), "c1");
    EXPECT_EQ(directory_->Identities(known).size(), 2u);
    EXPECT_THAT(directory_->AllMerges(), ElementsAre(std::pair(visitor, known)));
    Reload();
  }
  EXPECT_EQ(Event({{kId, "c2"}}), 3u);  // Numbers of merged customers are not given out again.
}

TEST_F(DirectoryTest, TwoCustomerIdsAreNeverJoinedByAnEvent) {
  const CustomerNo a = Event({{kId, "a"}, {kEmail, "shared@x.org"}});
  const CustomerNo b = Event({{kId, "b"}, {kEmail, "shared@x.org"}});
  EXPECT_NE(a, b);
  EXPECT_EQ(directory_->Find(kEmail, "shared@x.org"), a);
  EXPECT_EQ(Event({{kId, "a"}, {kId, "b"}}), a);
  EXPECT_EQ(Event({{kId, "b"}, {kId, "zzz"}}), b);
  EXPECT_EQ(directory_->Find(kId, "zzz"), std::nullopt);  // A second customer id links nothing.
  EXPECT_TRUE(directory_->AllMerges().empty());
}

TEST_F(DirectoryTest, NamesReadBack) {
  EXPECT_EQ(Event({{kEmail, "ann@x.org"}, {kPhone, "+4930123"}}), 1u);
  EXPECT_EQ(directory_->PrimaryName(1), "email:ann@x.org");
  EXPECT_EQ(*directory_->FromName("email:Ann@X.org"), 1u);
  EXPECT_EQ(*directory_->FromName("phone:+4930123"), 1u);
  EXPECT_THAT(directory_->FromName("ann@x.org"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(directory_->FromName(""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Event({{kId, "a:b"}}), 2u);
  EXPECT_EQ(*directory_->FromName("a:b"), 2u);
}

TEST_F(DirectoryTest, MergeByHandKeepsTheSurvivorsName) {
  const CustomerNo b = Event({{kId, "b"}});
  const CustomerNo a = Event({{kId, "a"}});
  const CustomerNo c = Event({{kId, "c"}});
  RAPPORT_ASSERT_OK(directory_->Merge(b, a));
  EXPECT_THAT(directory_->Merge(a, b), FailsWith("SAME_CUSTOMER", ""));
  RAPPORT_ASSERT_OK(directory_->Merge(c, a));  // a stands for b now: all become c.
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(directory_->PrimaryName(a), "c");
    EXPECT_EQ(*directory_->FromName("a"), c);
    EXPECT_THAT(directory_->MergedInto(c), ElementsAre(b, a));
    EXPECT_EQ(directory_->Identities(c)[0].value(), "c");
    EXPECT_EQ(directory_->Identities(c)[1].value(), "a");
    Reload();
  }
  EXPECT_EQ(Event({{kId, "a"}}), c);
  EXPECT_THAT(directory_->Merge(c, 99), StatusIs(absl::StatusCode::kNotFound));
}

v1::Attribute Text(const std::string& text, int64_t seconds) {
  v1::Attribute attribute;
  attribute.mutable_value()->set_string_value(text);
  attribute.mutable_update_time()->set_seconds(seconds);
  return attribute;
}

TEST_F(DirectoryTest, AttributesFollowMerges) {
  const CustomerNo a = Event({{kId, "a"}});
  const CustomerNo b = Event({{kId, "b"}});
  store::v1::CustomerRecord record;
  (*record.mutable_attributes())["city"] = Text("Ulm", 10);
  (*record.mutable_attributes())["plan"] = Text("old", 10);
  RAPPORT_ASSERT_OK(directory_->WriteRecord(a, record, 0));
  EXPECT_THAT(directory_->WriteRecord(a, record, 0), FailsWith("ETAG_MISMATCH", ""));
  record.clear_attributes();
  (*record.mutable_attributes())["plan"] = Text("new", 20);
  (*record.mutable_attributes())["city"] = Text("Jena", 5);
  RAPPORT_ASSERT_OK(directory_->WriteRecord(b, record, std::nullopt));
  RAPPORT_ASSERT_OK(directory_->Merge(a, b));
  Reload();
  RAPPORT_ASSERT_OK_AND_ASSIGN(auto joined, directory_->Record(b));
  EXPECT_EQ(joined.attributes().at("city").value().string_value(), "Ulm");
  EXPECT_EQ(joined.attributes().at("plan").value().string_value(), "new");
  const uint64_t revision = joined.revision();
  joined.mutable_attributes()->erase("plan");
  RAPPORT_ASSERT_OK(directory_->WriteRecord(a, joined, revision));
  RAPPORT_ASSERT_OK_AND_ASSIGN(joined, directory_->Record(a));
  EXPECT_EQ(joined.attributes().count("plan"), 0u);  // Deleted is deleted, in merged ones too.
  EXPECT_GT(joined.revision(), revision);
  Reload();
  EXPECT_EQ(directory_->Resolve(b), a);
}

// Groups of identities with at most one CUSTOMER_ID: any order of events ends in the same
// customers with the same names. The oracle is union-find over identities.
struct Group {
  std::map<std::string, std::string> parent;
  std::string Root(const std::string& name) {
    if (!parent.count(name)) parent[name] = name;
    return parent[name] == name ? name : parent[name] = Root(parent[name]);
  }
};

class PermutationTest : public DirectoryTest {
 protected:
  // Events over groups of identities; each group holds one CUSTOMER_ID at most.
  static std::vector<Named> RandomEvents(std::mt19937_64& random) {
    const auto pick = [&random](int n) {
      return static_cast<int>(random() % static_cast<uint64_t>(n));
    };
    std::vector<Named> events;
    for (int group = 0; group < 6; ++group) {
      Named pool;
      if (pick(3) > 0) pool.emplace_back(kId, Cat("id", group));
      for (int i = 0; i < 5; ++i) {
        constexpr v1::IdentityKind kKinds[] = {kEmail, kPhone, kDevice, kAnonymous};
        const auto kind = kKinds[pick(4)];
        pool.emplace_back(kind, kind == kEmail   ? Cat("g", group, "v", i, "@x.org")
                                : kind == kPhone ? Cat("+49", group, i)
                                                 : Cat("g", group, "v", i));
      }
      for (int event = 0; event < 5; ++event) {
        Named named;
        for (int i = 1 + pick(3); i > 0; --i)
          named.push_back(pool[static_cast<size_t>(pick(static_cast<int>(pool.size())))]);
        events.push_back(named);
      }
    }
    return events;
  }
  static std::string NameOf(const std::pair<v1::IdentityKind, std::string>& identity) {
    return IdentityName(identity.first, identity.second);
  }
};

TEST_F(PermutationTest, OrderOfEventsDoesNotMatter) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Named> events = RandomEvents(random);
    Group groups;
    std::map<std::string, std::pair<v1::IdentityKind, std::string>> least;
    for (const Named& event : events) {
      for (const auto& identity : event) {
        groups.parent[groups.Root(NameOf(identity))] = groups.Root(NameOf(event[0]));
      }
    }
    for (const Named& event : events) {
      for (const auto& identity : event) {
        auto [it, added] = least.try_emplace(groups.Root(NameOf(identity)), identity);
        if (!added) it->second = std::min(it->second, identity);
      }
    }
    for (int order = 0; order < 6; ++order) {
      std::shuffle(events.begin(), events.end(), random);
      store_ = store::NewMemoryStore();
      Reload();
      for (size_t i = 0; i < events.size(); ++i) {
        if (i == events.size() / 2 && order % 2 == 0) Reload();
        Event(events[i]);
      }
      for (int round = 0; round < 2; ++round) {
        std::map<std::string, CustomerNo> customer_of;
        std::set<CustomerNo> customers;
        for (const Named& event : events) {
          for (const auto& [kind, value] : event) {
            const std::string root = groups.Root(IdentityName(kind, value));
            const auto customer = directory_->Find(kind, value);
            ASSERT_TRUE(customer.has_value());
            customers.insert(*customer);
            ASSERT_EQ(customer_of.try_emplace(root, *customer).first->second, *customer);
            ASSERT_EQ(directory_->PrimaryName(*customer), NameOf(least[root]));
            ASSERT_EQ(*directory_->FromName(directory_->PrimaryName(*customer)), *customer);
          }
        }
        ASSERT_EQ(customers.size(), customer_of.size());
        ASSERT_EQ(directory_->last_customer_no() - directory_->AllMerges().size(),
                  customers.size());
        Reload();
      }
    }
  }
}

// With several CUSTOMER_IDs about, and merges by hand: each CUSTOMER_ID is a customer of
// its own unless merged by hand, and a reload changes nothing.
TEST_F(DirectoryTest, RandomHistorySurvivesReload) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto pick = [&random](int n) {
      return static_cast<int>(random() % static_cast<uint64_t>(n));
    };
    store_ = store::NewMemoryStore();
    Reload();
    Group merged;
    for (int step = 0; step < 300; ++step) {
      if (pick(12) == 0 && directory_->last_customer_no() > 1) {
        const std::string a = Cat("id", pick(8)), b = Cat("id", pick(8));
        const auto left = directory_->Find(kId, a), right = directory_->Find(kId, b);
        if (!left.has_value() || !right.has_value()) continue;
        const bool joined = merged.Root(a) == merged.Root(b);
        ASSERT_EQ(directory_->Merge(*left, *right).ok(), !joined);
        merged.parent[merged.Root(b)] = merged.Root(a);
        continue;
      }
      Named named;
      if (pick(2) == 0) named.emplace_back(kId, Cat("id", pick(8)));
      for (int i = pick(3); i > 0; --i) named.emplace_back(kAnonymous, Cat("v", pick(30)));
      if (!named.empty()) Event(named);
    }
    std::map<std::string, CustomerNo> before;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 8; ++i) {
        for (int j = 0; j < 8; ++j) {
          const auto a = directory_->Find(kId, Cat("id", i)),
                     b = directory_->Find(kId, Cat("id", j));
          if (!a.has_value() || !b.has_value()) continue;
          EXPECT_EQ(*a == *b, merged.Root(Cat("id", i)) == merged.Root(Cat("id", j)));
        }
      }
      for (int i = 0; i < 30; ++i) {
        const CustomerNo customer = directory_->Find(kAnonymous, Cat("v", i)).value_or(0);
        ASSERT_EQ(before.try_emplace(Cat("v", i), customer).first->second, customer);
      }
      Reload();
    }
  }
}

TEST(NormalizeIdentity, Forms) {
  struct Case {
    v1::IdentityKind kind;
    const char* value;
    const char* normal;  // nullptr: refused.
  };
  const Case cases[] = {
      {kId, "C-17", "C-17"},
      {kId, "0", nullptr},
      {kId, "00-00", nullptr},
      {kId, "10", "10"},
      {kId, "", nullptr},
      {kId, "NULL", nullptr},
      {kId, "Undefined", nullptr},
      {kId, "guest", nullptr},
      {kId, "none", nullptr},
      {kId, "-1", nullptr},
      {kId, "anonymous", nullptr},
      {kId, "guesthouse", "guesthouse"},
      {kId, "phone:1", nullptr},
      {kId, "shop:1", "shop:1"},
      {kId, "a\nb", nullptr},
      {kEmail, "Ann@X.org", "ann@x.org"},
      {kEmail, "ann", nullptr},
      {kEmail, "@x", nullptr},
      {kEmail, "a@", nullptr},
      {kEmail, "a@b@c", nullptr},
      {kEmail, "a b@c", nullptr},
      {kPhone, "+4930123456", "+4930123456"},
      {kPhone, "030123", nullptr},
      {kPhone, "+0301", nullptr},
      {kPhone, "+1234567890123456", nullptr},
      {kPhone, "+49 30", nullptr},
      {kDevice, "ABC", "ABC"},
      {kAnonymous, "undefined", nullptr},
      {v1::IDENTITY_KIND_UNSPECIFIED, "x", nullptr},
  };
  for (const Case& test : cases) {
    const auto normal = NormalizeIdentity(test.kind, test.value, "f");
    if (test.normal == nullptr) {
      EXPECT_THAT(normal, FailsWith("BAD_IDENTITY", "f")) << test.value;
    } else {
      RAPPORT_ASSERT_OK(normal);
      EXPECT_EQ(*normal, test.normal);
    }
  }
  EXPECT_THAT(NormalizeIdentity(kId, std::string(257, 'x'), "f"), FailsWith("BAD_IDENTITY", "f"));
}

}  // namespace
}  // namespace rapport::customers
