// SPDX-License-Identifier: Apache-2.0
// A set of stored event type numbers: standard types (below 256) bit by bit, custom types
// (1000 and up) all, none or some. Has() costs about 1 ns. Values; thread-safe to read.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace rapport::filter {

inline constexpr uint16_t kFirstCustomType = 1000;  // events::kCustomTypeBase.

// Standard types bit by bit, and whether there are custom ones: what a customer's events
// are, at a glance.
class StandardTypes {
 public:
  static constexpr uint16_t kCount = 256;
  static StandardTypes All() {
    StandardTypes all;
    all.bits_.fill(~uint64_t{0});
    return all;
  }
  void Add(uint16_t type) {
    const size_t bit = type < kCount ? type : size_t{kCount};
    bits_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
  bool Meets(const StandardTypes& other) const {
    uint64_t both = 0;
    for (size_t i = 0; i < bits_.size(); ++i) both |= bits_[i] & other.bits_[i];
    return both != 0;
  }

 private:
  std::array<uint64_t, 5> bits_{};
};

class TypeSet {
 public:
  TypeSet() = default;
  TypeSet(std::initializer_list<int> types) {
    for (const int type : types) Add(static_cast<uint16_t>(type));
  }
  static TypeSet All() {
    TypeSet all;
    all.standard_.fill(~uint64_t{0});
    all.other_customs_ = true;
    return all;
  }

  // Every custom type and nothing else.
  static TypeSet AllCustom() {
    TypeSet customs;
    customs.other_customs_ = true;
    return customs;
  }

  bool Has(uint16_t type) const {
    if (type < kStandard) return (standard_[type / 64] >> (type % 64) & 1) != 0;
    if (customs_.empty()) return other_customs_;
    return std::ranges::binary_search(customs_, type) != other_customs_;
  }
  bool HasAll() const { return *this == All(); }
  bool empty() const { return *this == TypeSet(); }

  void Add(uint16_t type) { Set(type, true); }
  void Set(uint16_t type, bool in) {
    if (type < kStandard) {
      const uint64_t bit = uint64_t{1} << (type % 64);
      standard_[type / 64] = in ? standard_[type / 64] | bit : standard_[type / 64] & ~bit;
    } else if (Has(type) != in) {
      Toggle(type);
    }
  }
  TypeSet Complement() const {
    TypeSet result = *this;
    for (uint64_t& word : result.standard_) word = ~word;
    result.other_customs_ = !other_customs_;
    return result;
  }
  TypeSet Intersect(const TypeSet& other) const {
    TypeSet result;
    for (size_t i = 0; i < standard_.size(); ++i) {
      result.standard_[i] = standard_[i] & other.standard_[i];
    }
    result.other_customs_ = other_customs_ && other.other_customs_;
    for (const auto* list : {&customs_, &other.customs_}) {
      for (const uint16_t type : *list) {
        if ((Has(type) && other.Has(type)) != result.Has(type)) result.Toggle(type);
      }
    }
    return result;
  }
  TypeSet Unite(const TypeSet& other) const {
    return Complement().Intersect(other.Complement()).Complement();
  }
  friend bool operator==(const TypeSet&, const TypeSet&) = default;

 private:
  static constexpr uint16_t kStandard = 256;
  void Toggle(uint16_t type) {
    const auto at = std::ranges::lower_bound(customs_, type);
    if (at != customs_.end() && *at == type) {
      customs_.erase(at);
    } else {
      customs_.insert(at, type);
    }
  }

  std::array<uint64_t, 4> standard_{};
  bool other_customs_ = false;     // Custom types that are not in customs_.
  std::vector<uint16_t> customs_;  // Those that differ from other_customs_, rising.
};

}  // namespace rapport::filter
