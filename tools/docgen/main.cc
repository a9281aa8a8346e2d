// SPDX-License-Identifier: Apache-2.0
// rapport-docgen FILE          writes the page of metric definitions
// rapport-docgen --check FILE  exit code 1 when FILE is not what would be written
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tools/docgen/metrics_page.h"

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string(argv[1]) == "--check";
  if (argc != 2 && !check) {
    std::fputs("usage: rapport-docgen [--check] docs/metrics.md\n", stderr);
    return 2;
  }
  const std::string path = argv[argc - 1];
  const std::string page = rapport::docgen::MetricsPage();
  if (!check) {
    std::ofstream out(path);
    out << page;
    return out.good() ? 0 : 1;
  }
  std::ifstream in(path);
  const std::string current{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (current == page) return 0;
  std::fprintf(stderr, "%s is out of date; write it with: rapport-docgen %s\n", path.c_str(),
               path.c_str());
  return 1;
}
