// SPDX-License-Identifier: Apache-2.0
// Reads a gzipped CSV of the real data sets, which lie in $RAPPORT_DATA or ../shared/data.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace rapport::facts {

inline std::string DataFile(std::string_view name) {
  const char* root = std::getenv("RAPPORT_DATA");
  return std::string(root == nullptr ? "../shared/data" : root) + "/" + std::string(name);
}
inline bool Exists(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

// Fields of one CSV line; quotes as in RFC 4180.
inline std::vector<std::string> CsvFields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back().push_back(c);
    }
  }
  return fields;
}

// Visits the fields of every line but the header.
template <typename Visit>
void ForEachCsvLine(const std::string& path, Visit visit) {
  FILE* pipe = ::popen(("zcat '" + path + "'").c_str(), "r");
  char* line = nullptr;
  size_t capacity = 0;
  bool header = true;
  for (ssize_t size; pipe != nullptr && (size = ::getline(&line, &capacity, pipe)) > 0;) {
    std::string_view text(line, static_cast<size_t>(size));
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (!header) visit(CsvFields(text));
    header = false;
  }
  std::free(line);
  if (pipe != nullptr) ::pclose(pipe);
}

}  // namespace rapport::facts
