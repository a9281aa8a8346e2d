// SPDX-License-Identifier: Apache-2.0
// The store as the rest of Rapport sees it: three small interfaces and nothing else.
//
//   EventLog  what was accepted, in order. Appended batches are durable on return.
//   Table     small mutable rows: identities, customers, definitions, runs. Atomic and
//             idempotent within one partition; nothing is promised across partitions.
//   Dataset   large immutable sorted rows in versions: sealed events, facts, series.
//             A version is built aside, taken in whole, and shown by flipping a pointer.
//
// Two implementations: RocksDB (rocks_store.h) and memory (memory_store.h). Both pass
// tests/unit/store/*conformance_test.cc. What one backend cannot promise is not here: no
// transaction across partitions, no global snapshot. Keys are at most 512 bytes; callers
// keep values near 64 KiB at most, by splitting.
//
// Everything is thread-safe unless said otherwise. Errors: NotFound for a missing row;
// DataLoss with the key for bytes that do not decode; Unavailable when the device fails.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rapport::store {

// Position in the event log, from 1.
using Sequence = uint64_t;

// When an acknowledged write is safe from what.
enum class SyncPolicy {
  kPowerLoss,    // fdatasync before every acknowledgement (shared by a group). Default.
  kProcessCrash  // handed to the kernel: survives kill -9, not a power cut.
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  // Appends the batches in order as one durable group; returns the sequence of the last.
  virtual absl::StatusOr<Sequence> Append(std::span<const std::string> batches) = 0;
  // Calls `visit` for each batch from `from` on, in order, until it fails.
  using Visit = absl::FunctionRef<absl::Status(Sequence, std::string_view batch)>;
  virtual absl::Status Replay(Sequence from, Visit visit) const = 0;
  virtual absl::StatusOr<std::string> Read(Sequence sequence) const = 0;
  // Forgets batches up to and including `through`. Idempotent.
  virtual absl::Status Trim(Sequence through) = 0;
  // Sequence of the last batch ever appended, 0 if none (survives Trim and restart).
  virtual Sequence last() const = 0;
};

// How a mutation combines with what is there. Stored: numbers are never reused.
// kAdd, kMin, kMax take an 8-byte big-endian two's complement integer. kLast takes an
// 8-byte big-endian timestamp followed by the value; the later timestamp wins, on equal
// timestamps the greater bytes.
enum class MergeKind : uint8_t { kSet = 0, kDelete = 1, kAdd = 2, kMin = 3, kMax = 4, kLast = 5 };

struct Mutation {
  MergeKind kind = MergeKind::kSet;
  std::string row;
  std::string value;
};

struct PartitionWrite {
  std::string partition;
  std::vector<Mutation> mutations;
};

// The tables. Stored by name; see schema.h for their key grammar.
enum class TableId {
  kIdentities,
  kCustomers,
  kDictionary,
  kWorkspaces,
  kRuns,
  kPointers,
  kDefinitions
};

class Table {
 public:
  virtual ~Table() = default;
  // Applies the mutations of one partition at once. With a non-empty token a repeat of
  // the same call changes nothing (tokens are remembered per partition, the last 64).
  virtual absl::Status Apply(const PartitionWrite& write, std::string_view token = {}) = 0;
  // Several partitions in one go, each atomic by itself. No tokens.
  virtual absl::Status ApplyAll(std::span<const PartitionWrite> writes) = 0;
  virtual absl::StatusOr<std::string> Read(std::string_view partition,
                                           std::string_view row) const = 0;
  // Rows of a partition with this prefix in key order, until `visit` fails.
  using Visit = absl::FunctionRef<absl::Status(std::string_view partition, std::string_view row,
                                               std::string_view value)>;
  virtual absl::Status Scan(std::string_view partition, std::string_view row_prefix,
                            Visit visit) const = 0;
  // All rows of all partitions whose partition starts with the prefix, in key order.
  virtual absl::Status ScanAll(std::string_view partition_prefix, Visit visit) const = 0;
  // Writes `value` if the row is as `expected` (nullopt: absent); false if it is not.
  virtual absl::StatusOr<bool> PutIf(std::string_view partition, std::string_view row,
                                     const std::optional<std::string>& expected,
                                     std::string_view value) = 0;
  // Takes or renews a lease until now + ttl; returns its fencing number, which grows
  // with each change of holder. FailedPrecondition LEASE_HELD while another holds it.
  virtual absl::StatusOr<uint64_t> Lease(std::string_view partition, std::string_view row,
                                         std::string_view holder, int64_t now_micros,
                                         int64_t ttl_micros) = 0;
};

// The datasets. Stored by name; key grammar in schema.h, codecs in keys.h.
enum class DatasetId {
  kEventBlocks,    // BlockKey > columns of 64 customers
  kEventPayloads,  // BlockKey > payloads of the same events, same order
  kEventIds,       // IdChunkKey > fingerprints of event ids for de-duplication
  kFolds,          // CustomerKey > store.v1.CustomerFold
  kFacts,          // CustomerKey > v1.CustomerFacts
  kSeries,         // SeriesKey > series cell (lib/metrics/series.h)
  kReports,        // ReportKey > a v1 report message
  kTransitions,    // TransitionKey > v1.Transition
  kAlerts,         // AlertKey > v1.Alert
  kSegments,       // SegmentKey > what its row kind says (keys.h)
  kStandings       // StandingKey > store.v1.CustomerStandings, or nothing
};
inline constexpr DatasetId kAllDatasets[] = {
    DatasetId::kEventBlocks, DatasetId::kEventPayloads, DatasetId::kEventIds,
    DatasetId::kFolds,       DatasetId::kFacts,         DatasetId::kSeries,
    DatasetId::kReports,     DatasetId::kTransitions,   DatasetId::kAlerts,
    DatasetId::kSegments,    DatasetId::kStandings};
std::string_view DatasetName(DatasetId dataset);
absl::StatusOr<DatasetId> DatasetFromName(std::string_view name);

// A version of a dataset; versions carry the number of the generation that made them.
using Version = uint32_t;

// A finished file of sorted rows, not yet visible to anyone.
struct DatasetFile {
  DatasetId dataset;
  Version version = 0;
  std::string path;  // Absolute.
  uint64_t row_count = 0;
  uint64_t size_bytes = 0;
  std::string first_key;  // Without the version prefix, as callers know it.
  std::string last_key;
  // XXH3-64 over varint-length-prefixed key and value of each row, in order.
  uint64_t checksum = 0;
};

// Writes one file. Keys must rise strictly. Not thread-safe; several builders with
// disjoint key ranges may work at once. An empty builder's Finish answers row_count 0
// and leaves no file.
class DatasetBuilder {
 public:
  virtual ~DatasetBuilder() = default;
  virtual absl::Status Add(std::string_view key, std::string_view value) = 0;
  virtual absl::StatusOr<DatasetFile> Finish() = 0;
};

// Walks rows in key order. Key() and Value() are valid until the next move.
//   state after:   Seek(k) at the first row >= k, or not Valid; Next() at the following.
//   not Valid():   end of range if status() is OK, otherwise the walk broke.
// Not thread-safe; holds the version's rows until destroyed.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual void Seek(std::string_view key) = 0;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  virtual std::string_view Key() const = 0;
  virtual std::string_view Value() const = 0;
  virtual absl::Status status() const = 0;
};

struct ScanOptions {
  std::string begin;        // Inclusive; empty = from the start of the version.
  std::string end;          // Exclusive; empty = to the end of the version.
  bool fill_cache = false;  // True for warming scans and point-like reads.
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual absl::StatusOr<std::string> Get(DatasetId dataset, Version version,
                                          std::string_view key) const = 0;
  // A cursor standing on the first row of the range.
  virtual std::unique_ptr<Cursor> Scan(DatasetId dataset, Version version,
                                       const ScanOptions& options) const = 0;
  // Takes finished files in, all or none (the files are moved). Rows become readable by
  // Get/Scan with their version; nobody asks for it before the pointer names it.
  virtual absl::Status Ingest(std::span<const DatasetFile> files) = 0;
  // Frees the rows of a version at once. Readers must be gone. Idempotent.
  virtual absl::Status Drop(DatasetId dataset, Version version) = 0;
};

struct PartSize {
  std::string part;
  uint64_t key_count = 0;
  uint64_t size_bytes = 0;
};

// One open store.
class Store {
 public:
  virtual ~Store() = default;
  virtual EventLog& log() = 0;
  virtual Table& table(TableId id) = 0;
  virtual Dataset& dataset() = 0;
  // A consistent copy of everything at `path` (must not exist), by hard links.
  virtual absl::Status Checkpoint(const std::string& path) = 0;
  // A builder that writes one file `<folder>/<dataset>-<version>-<shard>.sst`.
  virtual absl::StatusOr<std::unique_ptr<DatasetBuilder>> NewBuilder(DatasetId dataset,
                                                                     Version version,
                                                                     const std::string& folder,
                                                                     const std::string& shard) = 0;
  virtual std::vector<PartSize> Sizes() const = 0;
};

// Format of the store on disk. A store written by a newer format is refused with
// FailedPrecondition STORE_FORMAT_NEWER; an older one is migrated on opening.
inline constexpr uint32_t kStoreFormatVersion = 1;

}  // namespace rapport::store
