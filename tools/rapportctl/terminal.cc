// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

struct Glyph {
  size_t bytes = 1;
  int columns = 1;
};

bool IsWide(uint32_t code) {
  return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
         (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
         (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
}

bool IsCombining(uint32_t code) {
  return (code >= 0x0300 && code <= 0x036F) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0xFE00 && code <= 0xFE0F) || (code >= 0x20D0 && code <= 0x20FF);
}

// A broken byte counts as one column.
Glyph FirstGlyph(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead == 0x1B) {
    const size_t end = text.find('m');
    return {end == text.npos ? text.size() : end + 1, 0};
  }
  const size_t bytes = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (bytes == 1 || bytes > text.size()) return {1, 1};
  uint32_t code = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) code = (code << 6) | (static_cast<uint8_t>(text[i]) & 0x3F);
  return {bytes, IsCombining(code) ? 0 : IsWide(code) ? 2 : 1};
}

const char* CodeOf(Paint paint) {
  switch (paint) {
    case Paint::kNone:
      return "0";
    case Paint::kBold:
      return "1";
    case Paint::kDim:
      return "2";
    case Paint::kRed:
      return "31";
    case Paint::kGreen:
      return "32";
    case Paint::kYellow:
      return "33";
    case Paint::kCyan:
      return "36";
  }
  return "0";
}

}  // namespace

Terminal Terminal::Detect(int descriptor) {
  Terminal terminal;
  terminal.tty = isatty(descriptor) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  terminal.color = terminal.tty && !dumb && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (terminal.tty && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
    terminal.width = size.ws_col;
  }
  return terminal;
}

std::string Terminal::In(Paint paint, std::string_view text) const {
  if (!color || paint == Paint::kNone || text.empty()) return std::string(text);
  return Cat("\x1b[", CodeOf(paint), "m", text, "\x1b[0m");
}

std::string Terminal::Shaded(double share, std::string_view text) const {
  if (!color) return std::string(text);
  // Steps of the 256-colour cube from near white to deep blue.
  static constexpr int kShades[] = {195, 159, 123, 117, 81, 75, 39, 33, 27, 21};
  const int step = std::clamp(static_cast<int>(share * 10), 0, 9);
  return Cat("\x1b[48;5;", kShades[step], step < 6 ? ";38;5;16m" : ";38;5;231m", text, "\x1b[0m");
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Glyph glyph = FirstGlyph(text);
    width += glyph.columns;
    text.remove_prefix(glyph.bytes);
  }
  return width;
}

std::string Pad(std::string_view text, int width, bool right) {
  const std::string space(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
  return right ? Cat(space, text) : Cat(text, space);
}

std::string Shorten(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  int used = 0;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Glyph glyph = FirstGlyph(text.substr(bytes));
    if (used + glyph.columns > width - 1) break;
    used += glyph.columns;
    bytes += glyph.bytes;
  }
  return Cat(text.substr(0, bytes), "…");
}

}  // namespace rapport::ctl
