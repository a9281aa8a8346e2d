// SPDX-License-Identifier: Apache-2.0
// The synthetic events as a table for other databases: what a peer is asked the same
// questions about.
#include <cstdio>
#include <string>

#include "bench/benches.h"
#include "bench/synthetic.h"

namespace rapport::bench {

// CSV of customer, time (seconds), type and channel (numbers of the API), amount (whole
// units; empty without one).
int RunExport(const Options& options) {
  const auto customers = static_cast<uint32_t>(options.Number("customers", 10'000));
  const auto events_each = static_cast<double>(options.Number("events_each", 20));
  const std::string path = options.Text("file", "");
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    return 1;
  }
  std::fputs("customer,time,type,channel,amount\n", file);
  v1::Event event;
  int64_t rows = 0;
  for (const SyntheticEvent& synthetic : MakeEvents(customers, events_each)) {
    ToApi(synthetic, 0, event);
    std::fprintf(file, "%u,%lld,%d,%d,", synthetic.customer,
                 static_cast<long long>(synthetic.time_seconds), event.type(), event.channel());
    if (event.has_order()) {
      std::fprintf(file, "%lld",
                   static_cast<long long>(event.order().amount().micros() / 1'000'000));
    }
    std::fputc('\n', file);
    ++rows;
  }
  const bool written = std::fclose(file) == 0;
  std::printf("{\"rows\": %lld}\n", static_cast<long long>(rows));
  return written ? 0 : 1;
}

}  // namespace rapport::bench
