// SPDX-License-Identifier: Apache-2.0
// What the output can show: colour, width, and how text is measured and painted.
// Colour is for a terminal only and never with NO_COLOR set.
#pragma once

#include <string>
#include <string_view>

namespace rapport::ctl {

enum class Paint { kNone, kBold, kDim, kRed, kGreen, kYellow, kCyan };

struct Terminal {
  bool tty = false;
  bool color = false;
  int width = 100;

  // Of standard output (1) or standard error (2).
  static Terminal Detect(int descriptor);
  // `text` in that paint, or as it is without colour.
  std::string In(Paint paint, std::string_view text) const;
  // `text` on a background from pale (0) to full (1) blue; as it is without colour.
  std::string Shaded(double share, std::string_view text) const;
};

// Columns that UTF-8 text takes: combining marks 0, East Asian wide characters 2;
// escape sequences count nothing.
int DisplayWidth(std::string_view text);
// Pads with spaces to `width` columns; left-aligned unless `right`.
std::string Pad(std::string_view text, int width, bool right = false);
// Cuts to at most `width` columns, ending in an ellipsis when cut.
std::string Shorten(std::string_view text, int width);

}  // namespace rapport::ctl
