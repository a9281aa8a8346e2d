// SPDX-License-Identifier: Apache-2.0
// Structured log lines: one JSON object a line on standard error, or plain text for
// people. Thread-safe; a line is written whole. Never put secrets or personal
// attribute values in a field.
//
//   Log(LogLevel::kInfo, "generation published", {{"generation", Cat(g)}, {"rows", Cat(n)}});
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace rapport {

enum class LogLevel { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };
enum class LogFormat { kText, kJson };

using LogField = std::pair<std::string_view, std::string>;

void SetLog(LogLevel minimum, LogFormat format);
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
// `text` as a JSON string with quotes.
std::string JsonQuote(std::string_view text);

}  // namespace rapport

// Ends the process with a message when broken logic is found (never for bad input).
#define RAPPORT_CHECK(condition)                                              \
  do {                                                                        \
    if (!(condition)) ::rapport::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

namespace rapport {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace rapport
