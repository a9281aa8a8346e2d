// SPDX-License-Identifier: Apache-2.0
// The load generators of rapport-bench. Each prints one JSON object on standard output
// and answers the exit code.
#pragma once

#include "bench/options.h"

namespace rapport::bench {

// Unary calls with a number of them always in flight:
//   --target= --method= --in_flight= --seconds= --server_pid= --customers= --workspace=
// The method gets GetCustomerRequest bytes; an empty server may read them as it likes.
int RunUnary(const Options& options);

// QueryMetric over and over, as RunUnary; give --method=/rapport.v1.MetricService/QueryMetric:
//   --metric= --from= --to= --by=DAY --group_by=channel,touchpoint --filter= --top=
int RunMetric(const Options& options);

// Any question of the API over and over, as RunUnary:
//   --question=retention|funnel|rfm|metric --request=(text proto)
//   --reply_file= (gets the last answer as JSON)
int RunAsk(const Options& options);

// One bidirectional stream of batches, prepared before the clock starts:
//   --target= --method= --workspace= --customers= --events_each= --batch= --in_flight=
//   --server_pid= --run= (makes ids differ) --limit= (at most this many events)
//   --prepare= (events made ready at a time; the stream pauses between)
int RunStream(const Options& options);

// The same events as a table in a file, for a peer: --customers= --events_each= --file=
int RunExport(const Options& options);

// The same events straight into RocksDB, without a server:
//   --folder= --customers= --events_each= --batch= --sync=0|1 --form=rows|batches --limit=
int RunRawRocks(const Options& options);

}  // namespace rapport::bench
