// SPDX-License-Identifier: Apache-2.0
// The same events without a server, in the two ways one would write them to RocksDB by
// hand: a row per event behind a customer-first key, and a whole batch per key.
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/benches.h"
#include "bench/synthetic.h"
#include "rapport/v1/event_service.pb.h"

namespace rapport::bench {
namespace {

void AppendBigEndian(uint64_t number, int bytes, std::string& out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
}

using Row = std::pair<std::string, std::string>;

std::vector<Row> RowsOf(std::span<const SyntheticEvent> events) {
  std::vector<Row> rows;
  v1::Event event;
  for (const auto& synthetic : events) {
    ToApi(synthetic, 0, event);
    std::string key;
    AppendBigEndian(synthetic.customer, 4, key);
    AppendBigEndian(static_cast<uint64_t>(synthetic.time_seconds), 8, key);
    AppendBigEndian(synthetic.serial, 4, key);
    rows.emplace_back(std::move(key), event.SerializeAsString());
  }
  return rows;
}

std::vector<Row> BatchesOf(std::span<const SyntheticEvent> events, size_t batch) {
  std::vector<Row> rows;
  v1::StreamEventsRequest request;
  for (size_t begin = 0; begin < events.size(); begin += batch) {
    request.Clear();
    for (const auto& event : events.subspan(begin, std::min(batch, events.size() - begin))) {
      ToApi(event, 0, *request.add_events());
    }
    std::string key;
    AppendBigEndian(begin, 8, key);
    rows.emplace_back(std::move(key), request.SerializeAsString());
  }
  return rows;
}

// Seconds to write the rows, `group` of them in one atomic batch.
double Write(rocksdb::DB& db, std::span<const Row> rows, size_t group, bool sync) {
  rocksdb::WriteOptions how;
  how.sync = sync;
  const auto begin = std::chrono::steady_clock::now();
  rocksdb::WriteBatch writes;
  for (size_t i = 0; i < rows.size(); ++i) {
    writes.Put(rows[i].first, rows[i].second);
    if ((i + 1) % group == 0 || i + 1 == rows.size()) {
      const rocksdb::Status status = db.Write(how, &writes);
      if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
      writes.Clear();
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int RunRawRocks(const Options& options) {
  auto events = MakeEvents(static_cast<uint32_t>(options.Number("customers", 100000)),
                           static_cast<double>(options.Number("events_each", 20)));
  events.resize(std::min(events.size(), static_cast<size_t>(options.Number("limit", 1ll << 40))));
  const auto batch = static_cast<size_t>(options.Number("batch", 1000));
  const bool rows_form = options.Text("form", "rows") == "rows";
  const auto rows = rows_form ? RowsOf(events) : BatchesOf(events, batch);
  rocksdb::Options how;
  how.create_if_missing = true;
  how.error_if_exists = true;
  how.write_buffer_size = 128 << 20;
  how.max_background_jobs = 2;
  how.compression = rocksdb::kLZ4Compression;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(how, options.Text("folder", ""), &opened);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  const double wall = Write(*db, rows, rows_form ? batch : 1, options.Number("sync", 0) != 0);
  std::printf("{\"events_per_second\": %.0f, \"seconds\": %.2f, \"events\": %zu}\n",
              static_cast<double>(events.size()) / wall, wall, events.size());
  return 0;
}

}  // namespace rapport::bench
