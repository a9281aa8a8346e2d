// SPDX-License-Identifier: Apache-2.0
#include "lib/store/keys.h"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"

namespace rapport::store {
namespace {

constexpr uint64_t kSeed = 20'260'101;
constexpr int kRandomKeys = 300;

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

template <typename Int>
std::vector<Int> Edges() {
  using Limits = std::numeric_limits<Int>;
  std::vector<Int> edges = {Limits::min(),
                            static_cast<Int>(Limits::min() + 1),
                            0,
                            1,
                            127,
                            static_cast<Int>(Limits::max() - 1),
                            Limits::max()};
  if constexpr (std::is_signed_v<Int>) edges.push_back(-1);
  if constexpr (sizeof(Int) > 1) edges.insert(edges.end(), {128, 255, 256});
  return edges;
}

// An edge value or any value.
template <typename Int>
Int Some(std::mt19937_64& random) {
  static const std::vector<Int> edges = Edges<Int>();
  if (random() % 3 == 0) return static_cast<Int>(random());
  return edges[random() % edges.size()];
}

// Keys of one kind, their order as a tuple, and how to make one.
struct Block {
  using Key = BlockKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), Some<uint32_t>(r), Some<uint16_t>(r)};
  }
  static auto Order(const Key& k) { return std::tuple(k.workspace_no, k.block_no, k.part); }
};
struct Customer {
  using Key = CustomerKey;
  static Key Make(std::mt19937_64& r) { return {Some<uint32_t>(r), Some<uint32_t>(r)}; }
  static auto Order(const Key& k) { return std::tuple(k.workspace_no, k.customer_no); }
};
struct IdChunk {
  using Key = IdChunkKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), Some<uint32_t>(r), Some<uint32_t>(r)};
  }
  static auto Order(const Key& k) { return std::tuple(k.workspace_no, k.arrival_day, k.chunk); }
};
struct Series {
  using Key = SeriesKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), Some<uint8_t>(r),  Some<uint16_t>(r),
            Some<int32_t>(r),  Some<uint8_t>(r),  Some<uint32_t>(r),
            Some<uint32_t>(r), Some<uint16_t>(r), Some<uint16_t>(r)};
  }
  static auto Order(const Key& k) {
    return std::tuple(k.workspace_no, k.family, k.event_type, k.day, k.channel, k.touchpoint_no,
                      k.campaign_no, k.currency, k.bucket);
  }
};
struct Report {
  using Key = ReportKey;
  static Key Make(std::mt19937_64& r) {
    std::string name(r() % 4, '\0');
    for (char& c : name) c = static_cast<char>(Some<uint8_t>(r));
    return {Some<uint32_t>(r), name};
  }
  static auto Order(const Key& k) { return std::tuple(k.workspace_no, k.report); }
};
struct Transition {
  using Key = TransitionKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), Some<int64_t>(r), Some<uint32_t>(r)};
  }
  // ~t = -1 - t reverses the order without overflow.
  static auto Order(const Key& k) {
    return std::tuple(k.workspace_no, ~k.time_micros, k.customer_no);
  }
};

struct Alert {
  using Key = AlertKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), Some<int64_t>(r), Some<int32_t>(r),
            r() % 2 == 0 ? "nps" : "revenue"};
  }
  static auto Order(const Key& k) {
    return std::tuple(k.workspace_no, ~k.time_micros, ~k.day, k.metric);
  }
};

struct Segment {
  using Key = SegmentKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), static_cast<SegmentRow>(1 + r() % 7), Some<uint32_t>(r),
            Some<uint64_t>(r)};
  }
  static auto Order(const Key& k) {
    return std::tuple(k.workspace_no, k.row, k.segment_no, k.position);
  }
};

struct Standing {
  using Key = StandingKey;
  static Key Make(std::mt19937_64& r) {
    return {Some<uint32_t>(r), Some<uint16_t>(r), Some<uint8_t>(r), Some<uint32_t>(r)};
  }
  static auto Order(const Key& k) {
    return std::tuple(k.workspace_no, k.framework_no, k.stage, k.customer_no);
  }
};

template <typename Kind>
class KeyTest : public ::testing::Test {};
using Kinds = ::testing::Types<Block, Customer, IdChunk, Series, Report, Transition, Alert, Segment,
                               Standing>;
TYPED_TEST_SUITE(KeyTest, Kinds);

template <typename Kind>
std::vector<typename Kind::Key> ManyKeys() {
  std::mt19937_64 random(kSeed);
  std::vector<typename Kind::Key> keys;
  for (int i = 0; i < kRandomKeys; ++i) keys.push_back(Kind::Make(random));
  return keys;
}

TYPED_TEST(KeyTest, BytesOrderAsFields) {
  const auto keys = ManyKeys<TypeParam>();
  for (const auto& a : keys) {
    for (const auto& b : keys) {
      const bool before = TypeParam::Order(a) < TypeParam::Order(b);
      ASSERT_EQ(a.Encode() < b.Encode(), before)
          << a.DebugString() << " | " << b.DebugString() << " seed " << kSeed;
    }
  }
}

TYPED_TEST(KeyTest, ComesBackFromItsBytes) {
  for (const auto& key : ManyKeys<TypeParam>()) {
    const auto decoded = TypeParam::Key::Decode(key.Encode());
    ASSERT_TRUE(decoded.has_value()) << key.DebugString();
    EXPECT_EQ(TypeParam::Order(*decoded), TypeParam::Order(key)) << key.DebugString();
  }
}

TYPED_TEST(KeyTest, RefusesShorterBytes) {
  const std::string bytes = ManyKeys<TypeParam>().front().Encode();
  EXPECT_FALSE(TypeParam::Key::Decode("").has_value());
  EXPECT_FALSE(TypeParam::Key::Decode(bytes.substr(0, 3)).has_value());
}

TYPED_TEST(KeyTest, LiesBetweenItsWorkspaceBounds) {
  for (const auto& key : ManyKeys<TypeParam>()) {
    const std::string bytes = key.Encode();
    EXPECT_LE(WorkspaceBegin(key.workspace_no), bytes);
    const std::string end = WorkspaceEnd(key.workspace_no);
    if (key.workspace_no == UINT32_MAX) {
      EXPECT_EQ(end, "") << "the last workspace runs to the end";
    } else {
      EXPECT_LT(bytes, end);
    }
  }
}

TEST(Keys, FixedWidthKeysRefuseLongerBytes) {
  EXPECT_FALSE(BlockKey::Decode(BlockKey{}.Encode() + "x").has_value());
  EXPECT_FALSE(CustomerKey::Decode(CustomerKey{}.Encode() + "x").has_value());
  EXPECT_FALSE(IdChunkKey::Decode(IdChunkKey{}.Encode() + "x").has_value());
  EXPECT_FALSE(SeriesKey::Decode(SeriesKey{}.Encode() + "x").has_value());
  EXPECT_FALSE(TransitionKey::Decode(TransitionKey{}.Encode() + "x").has_value());
}

// Frozen: stores on disk hold these bytes.
TEST(Keys, StoredBytesStayAsTheyAre) {
  EXPECT_EQ(Hex(BlockKey{1, 0x01020304, 5}.Encode()),
            "00000001"
            "01020304"
            "0005");
  EXPECT_EQ(Hex(CustomerKey{2, 258}.Encode()),
            "00000002"
            "00000102");
  EXPECT_EQ(Hex(IdChunkKey{3, 20'000, 1}.Encode()),
            "00000003"
            "00004e20"
            "00000001");
  EXPECT_EQ(Hex(SeriesKey{1, 2, 3, -1, 4, 5, 8, 6, 7}.Encode()),
            "00000001"
            "02"
            "0003"
            "7fffffff"
            "04"
            "00000005"
            "00000008"
            "0006"
            "0007");
  EXPECT_EQ(Hex(ReportKey{1, "nps"}.Encode()),
            "00000001"
            "6e7073");
  EXPECT_EQ(Hex(TransitionKey{1, 0, 9}.Encode()),
            "00000001"
            "7fffffffffffffff"
            "00000009");
  EXPECT_EQ(Hex(AlertKey{1, 0, -1, "nps"}.Encode()),
            "00000001"
            "7fffffffffffffff"
            "80000000"
            "6e7073");
  EXPECT_EQ(Hex(SegmentKey{1, SegmentRow::kChanges, 2, 3}.Encode()),
            "00000001"
            "05"
            "00000002"
            "0000000000000003");
  EXPECT_EQ(Hex(StandingKey{1, 2, 3, 4}.Encode()),
            "00000001"
            "0002"
            "03"
            "00000004");
  EXPECT_EQ(Hex(DefinitionPartition(7)), "00000007");
  EXPECT_EQ(Hex(DefinitionRow(DefinitionKind::kGoal, "a-b")),
            "04"
            "612d62");
  EXPECT_EQ(Hex(IdentityPartition(1, 2, "a@b")),
            "00000001"
            "02"
            "614062");
  EXPECT_EQ(Hex(CustomerPartition(1, 64)),
            "00000001"
            "00000040");
  EXPECT_EQ(Hex(DictionaryPartition(7)), "00000007");
}

// Generations of manifest format 1 are still read: no campaign in their keys.
TEST(Keys, SeriesOfFormat1AreRead) {
  const std::string bytes("\0\0\0\1\2\0\3\x7f\xff\xff\xff\4\0\0\0\5\0\6\0\7", 20);
  const auto key = SeriesKey::DecodeFormat1(bytes);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->Encode(), (SeriesKey{1, 2, 3, -1, 4, 5, 0, 6, 7}.Encode()));
  EXPECT_FALSE(SeriesKey::Decode(bytes).has_value());
  EXPECT_FALSE(SeriesKey::DecodeFormat1(SeriesKey{}.Encode()).has_value());
}

TEST(Keys, TransitionsComeNewestFirst) {
  const std::string older = TransitionKey{1, 1'000, 1}.Encode();
  const std::string newer = TransitionKey{1, 2'000, 1}.Encode();
  EXPECT_LT(newer, older);
}

TEST(Keys, DebugStringNamesEveryField) {
  EXPECT_EQ((BlockKey{1, 2, 3}.DebugString()), "workspace 1 block 2 part 3");
  EXPECT_EQ(
      (SeriesKey{1, 2, 3, -4, 5, 6, 9, 7, 8}.DebugString()),
      "workspace 1 family 2 type 3 day -4 channel 5 touchpoint 6 campaign 9 currency 7 bucket 8");
}

}  // namespace
}  // namespace rapport::store
