// SPDX-License-Identifier: Apache-2.0
#include "lib/store/row_table.h"

#include <algorithm>
#include <bitset>
#include <limits>

#include "absl/strings/escaping.h"
#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"

namespace rapport::store {
namespace {

constexpr char kRowSpace = 1;
constexpr char kTokenSpace = 2;
constexpr size_t kMaxKeyBytes = 512;
constexpr size_t kTokensKept = 64;
constexpr size_t kTokenBytes = 16;
constexpr size_t kCommitBytes = 16u << 20;  // ApplyAll writes in pieces near this size.

std::string PartitionPrefix(char space, std::string_view partition) {
  std::string out(1, space);
  out.reserve(partition.size() + 8);
  for (const char byte : partition) {
    out.push_back(byte);
    if (byte == '\0') out.push_back('\xFF');
  }
  return out;
}

std::string PartitionStart(char space, std::string_view partition) {
  std::string out = PartitionPrefix(space, partition);
  out.append(std::string_view("\0\1", 2));
  return out;
}

absl::Status CheckKey(std::string_view partition, std::string_view row) {
  if (partition.size() + row.size() <= kMaxKeyBytes) return absl::OkStatus();
  return InvalidField("row", "KEY_TOO_LONG", "partition and row take at most 512 bytes");
}

std::string Printable(std::string_view bytes) { return absl::CHexEscape(ToAbsl(bytes)); }

// Integers of kAdd, kMin, kMax.
std::optional<int64_t> ReadInteger(std::string_view bytes) {
  int64_t value = 0;
  if (!GetBigEndian(bytes, value) || !bytes.empty()) return std::nullopt;
  return value;
}

int64_t CombineIntegers(MergeKind kind, int64_t stored, int64_t value) {
  switch (kind) {
    case MergeKind::kMin:
      return std::min(stored, value);
    case MergeKind::kMax:
      return std::max(stored, value);
    default:  // kAdd, wrapping so that order of merging never matters.
      return static_cast<int64_t>(static_cast<uint64_t>(stored) + static_cast<uint64_t>(value));
  }
}

absl::Status BadValue() {
  return InvalidField("value", "BAD_MERGE_VALUE", "too short or too long for its merge kind");
}
absl::Status BadStored() {
  return DataLoss("merge", "the stored value does not fit the merge kind");
}

absl::StatusOr<std::optional<std::string>> CombineLast(const std::optional<std::string>& stored,
                                                       std::string_view value) {
  if (value.size() < sizeof(int64_t)) return BadValue();
  if (!stored.has_value()) return std::string(value);
  if (stored->size() < sizeof(int64_t)) return BadStored();
  const auto rank = [](std::string_view bytes) {
    std::string_view rest = bytes;
    int64_t time = 0;
    const bool decoded = GetBigEndian(rest, time);  // Sizes were checked.
    return std::pair(decoded ? time : 0, bytes);
  };
  return rank(value) > rank(*stored) ? std::string(value) : *stored;
}

// Fingerprints of the last tokens, oldest first.
std::string TokenFingerprint(std::string_view token) {
  const Hash128 hash = HashText128(token);
  std::string out;
  PutBigEndian(out, hash.high);
  PutBigEndian(out, hash.low);
  return out;
}

bool HoldsToken(std::string_view tokens, std::string_view fingerprint) {
  for (size_t at = 0; at + kTokenBytes <= tokens.size(); at += kTokenBytes) {
    if (tokens.substr(at, kTokenBytes) == fingerprint) return true;
  }
  return false;
}

std::string WithToken(std::string tokens, std::string_view fingerprint) {
  tokens.append(fingerprint);
  if (tokens.size() > kTokensKept * kTokenBytes) tokens.erase(0, kTokenBytes);
  return tokens;
}

// A lease row: fencing u64 | expiry micros i64 | holder.
struct LeaseRow {
  uint64_t fencing = 0;
  int64_t expires_micros = 0;
  std::string holder;

  std::string Encode() const {
    std::string out;
    PutBigEndian(out, fencing);
    PutBigEndian(out, expires_micros);
    out.append(holder);
    return out;
  }
  static std::optional<LeaseRow> Decode(std::string_view bytes) {
    LeaseRow lease;
    if (!GetBigEndian(bytes, lease.fencing) || !GetBigEndian(bytes, lease.expires_micros)) {
      return std::nullopt;
    }
    lease.holder = std::string(bytes);
    return lease;
  }
};

}  // namespace

std::string TableKey(std::string_view partition, std::string_view row) {
  std::string out = PartitionStart(kRowSpace, partition);
  out.append(row);
  return out;
}

std::optional<TableKeyParts> DecodeTableKey(std::string_view bytes) {
  if (bytes.empty() || bytes[0] != kRowSpace) return std::nullopt;
  TableKeyParts parts;
  for (size_t i = 1; i < bytes.size(); ++i) {
    if (bytes[i] != '\0') {
      parts.partition.push_back(bytes[i]);
      continue;
    }
    if (++i >= bytes.size()) return std::nullopt;
    if (bytes[i] == '\1') {
      parts.row = bytes.substr(i + 1);
      return parts;
    }
    if (bytes[i] != '\xFF') return std::nullopt;
    parts.partition.push_back('\0');
  }
  return std::nullopt;
}

std::string AfterPrefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

absl::StatusOr<std::optional<std::string>> Combine(MergeKind kind,
                                                   const std::optional<std::string>& stored,
                                                   std::string_view value) {
  if (kind == MergeKind::kSet) return std::string(value);
  if (kind == MergeKind::kDelete) return std::optional<std::string>();
  if (kind == MergeKind::kLast) return CombineLast(stored, value);
  if (kind > MergeKind::kLast) return InvalidField("kind", "UNKNOWN_MERGE_KIND", "no such kind");
  const auto number = ReadInteger(value);
  if (!number.has_value()) return BadValue();
  if (!stored.has_value()) return std::string(value);
  const auto base = ReadInteger(*stored);
  if (!base.has_value()) return BadStored();
  std::string out;
  PutBigEndian(out, CombineIntegers(kind, *base, *number));
  return out;
}

// Holds the locks of a set of partitions, taken in one order so that no two writers wait
// for each other.
class RowTable::PartitionLocks {
 public:
  PartitionLocks(const RowTable& table, std::span<const PartitionWrite> writes) : table_(table) {
    for (const PartitionWrite& write : writes) held_.set(table.LockOf(write.partition));
    Take();
  }
  PartitionLocks(const RowTable& table, std::string_view partition) : table_(table) {
    held_.set(table.LockOf(partition));
    Take();
  }
  ~PartitionLocks() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (size_t i = 0; i < kLockCount; ++i) {
      if (held_[i]) table_.locks_[i].Unlock();
    }
  }
  PartitionLocks(const PartitionLocks&) = delete;
  PartitionLocks& operator=(const PartitionLocks&) = delete;

 private:
  void Take() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (size_t i = 0; i < kLockCount; ++i) {
      if (held_[i]) table_.locks_[i].Lock();
    }
  }
  const RowTable& table_;
  std::bitset<kLockCount> held_;
};

size_t RowTable::LockOf(std::string_view partition) const {
  return HashText64(partition) % kLockCount;
}

absl::StatusOr<std::optional<std::string>> RowTable::Latest(std::string_view key,
                                                            std::span<const Change> changes) const {
  for (size_t i = changes.size(); i > 0; --i) {
    if (changes[i - 1].first == key) return changes[i - 1].second;
  }
  return Load(key);
}

absl::Status RowTable::Collect(const PartitionWrite& write, std::vector<Change>& changes) const {
  const size_t first = changes.size();  // Earlier ones are of other partitions.
  for (const Mutation& mutation : write.mutations) {
    RETURN_IF_ERROR(CheckKey(write.partition, mutation.row));
    std::string key = TableKey(write.partition, mutation.row);
    std::optional<std::string> stored;
    if (mutation.kind >= MergeKind::kAdd) {
      ASSIGN_OR_RETURN(stored, Latest(key, std::span(changes).subspan(first)));
    }
    auto value = Combine(mutation.kind, stored, mutation.value);
    if (!value.ok()) return Annotate(value.status(), Printable(key));
    changes.emplace_back(std::move(key), *std::move(value));
  }
  return absl::OkStatus();
}

absl::Status RowTable::Apply(const PartitionWrite& write, std::string_view token) {
  const PartitionLocks locks(*this, write.partition);
  std::vector<Change> changes;
  if (!token.empty()) {
    std::string key = PartitionStart(kTokenSpace, write.partition);
    const std::string fingerprint = TokenFingerprint(token);
    ASSIGN_OR_RETURN(std::optional<std::string> tokens, Load(key));
    if (tokens.has_value() && HoldsToken(*tokens, fingerprint)) return absl::OkStatus();
    changes.emplace_back(std::move(key), WithToken(tokens.value_or(""), fingerprint));
  }
  RETURN_IF_ERROR(Collect(write, changes));
  return changes.empty() ? absl::OkStatus() : Commit(changes);
}

absl::Status RowTable::ApplyAll(std::span<const PartitionWrite> writes) {
  const PartitionLocks locks(*this, writes);
  std::vector<Change> changes;
  size_t bytes = 0;
  TextSet pending;  // A partition that comes twice must see its own earlier rows.
  const auto commit = [&]() -> absl::Status {
    RETURN_IF_ERROR(changes.empty() ? absl::OkStatus() : Commit(changes));
    changes.clear();
    pending.clear();
    bytes = 0;
    return absl::OkStatus();
  };
  for (const PartitionWrite& write : writes) {
    if (bytes > kCommitBytes || pending.contains(write.partition)) RETURN_IF_ERROR(commit());
    pending.insert(write.partition);
    RETURN_IF_ERROR(Collect(write, changes));
    for (const Mutation& mutation : write.mutations) bytes += mutation.value.size() + 64;
  }
  return commit();
}

absl::StatusOr<std::string> RowTable::Read(std::string_view partition, std::string_view row) const {
  ASSIGN_OR_RETURN(std::optional<std::string> value, Load(TableKey(partition, row)));
  if (!value.has_value()) return NotFound(Cat("row '", Printable(partition), "'"));
  return *std::move(value);
}

absl::Status RowTable::Visitor(std::string_view begin, Visit visit) const {
  return Walk(begin, AfterPrefix(std::string(begin)),
              [&](std::string_view key, std::string_view value) -> absl::Status {
                const auto parts = DecodeTableKey(key);
                if (!parts.has_value()) return DataLoss(Printable(key), "not the key of a row");
                return visit(parts->partition, parts->row, value);
              });
}

absl::Status RowTable::Scan(std::string_view partition, std::string_view row_prefix,
                            Visit visit) const {
  return Visitor(TableKey(partition, row_prefix), visit);
}

absl::Status RowTable::ScanAll(std::string_view partition_prefix, Visit visit) const {
  return Visitor(PartitionPrefix(kRowSpace, partition_prefix), visit);
}

absl::StatusOr<bool> RowTable::PutIf(std::string_view partition, std::string_view row,
                                     const std::optional<std::string>& expected,
                                     std::string_view value) {
  RETURN_IF_ERROR(CheckKey(partition, row));
  const PartitionLocks locks(*this, partition);
  const std::string key = TableKey(partition, row);
  ASSIGN_OR_RETURN(const std::optional<std::string> stored, Load(key));
  if (stored != expected) return false;
  const Change change{key, std::string(value)};
  RETURN_IF_ERROR(Commit({&change, 1}));
  return true;
}

absl::StatusOr<uint64_t> RowTable::Lease(std::string_view partition, std::string_view row,
                                         std::string_view holder, int64_t now_micros,
                                         int64_t ttl_micros) {
  RETURN_IF_ERROR(CheckKey(partition, row));
  const PartitionLocks locks(*this, partition);
  const std::string key = TableKey(partition, row);
  ASSIGN_OR_RETURN(const std::optional<std::string> stored, Load(key));
  LeaseRow lease;
  if (stored.has_value()) {
    const auto decoded = LeaseRow::Decode(*stored);
    if (!decoded.has_value()) return DataLoss(Printable(key), "not a lease");
    lease = *decoded;
  }
  if (lease.fencing == 0 || lease.holder != holder) {
    if (now_micros < lease.expires_micros && lease.fencing != 0) {
      return FailedPrecondition("LEASE_HELD",
                                Cat("held by '", lease.holder, "' until ", lease.expires_micros));
    }
    ++lease.fencing;
    lease.holder = std::string(holder);
  }
  const int64_t room = std::numeric_limits<int64_t>::max() - std::max<int64_t>(now_micros, 0);
  lease.expires_micros = now_micros + std::min(ttl_micros, room);
  const Change change{key, lease.Encode()};
  RETURN_IF_ERROR(Commit({&change, 1}));
  return lease.fencing;
}

}  // namespace rapport::store
