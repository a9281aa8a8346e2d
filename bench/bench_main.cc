// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "bench/benches.h"

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  const rapport::bench::Options options(argc, argv, 2);
  if (command == "unary") return rapport::bench::RunUnary(options);
  if (command == "metric") return rapport::bench::RunMetric(options);
  if (command == "ask") return rapport::bench::RunAsk(options);
  if (command == "export") return rapport::bench::RunExport(options);
  if (command == "stream") return rapport::bench::RunStream(options);
  if (command == "raw-rocks") return rapport::bench::RunRawRocks(options);
  std::fprintf(stderr,
               "usage: rapport-bench unary|metric|ask|stream|export|raw-rocks --name=value...\n");
  return 2;
}
