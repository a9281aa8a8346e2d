// SPDX-License-Identifier: Apache-2.0
#include "lib/base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "lib/base/calendar.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

namespace rapport {
namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};
std::atomic<LogFormat> line_format{LogFormat::kText};

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string JsonLine(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line = Cat("{\"time\":\"", FormatTime(SystemClock().Now()), "\",\"level\":\"",
                         LevelName(level), "\",\"message\":", JsonQuote(message));
  for (const auto& [key, value] : fields) line += Cat(",", JsonQuote(key), ":", JsonQuote(value));
  return line + "}\n";
}

std::string TextLine(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line = Cat(FormatTime(SystemClock().Now()), " ", LevelName(level), " ", message);
  for (const auto& [key, value] : fields) line += Cat(" ", key, "=", value);
  return line + "\n";
}

}  // namespace

void SetLog(LogLevel minimum, LogFormat format) {
  minimum_level = minimum;
  line_format = format;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < minimum_level.load()) return;
  const std::string line = line_format.load() == LogFormat::kJson
                               ? JsonLine(level, message, fields)
                               : TextLine(level, message, fields);
  // One write a line keeps lines of several threads apart.
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char buffer[8];
          std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
          out += buffer;
        } else {
          out.push_back(c);
        }
    }
  }
  return out + "\"";
}

void CheckFailed(const char* condition, const char* file, int line) {
  Log(LogLevel::kError, "check failed",
      {{"condition", condition}, {"file", file}, {"line", Cat(line)}});
  std::abort();
}

}  // namespace rapport
