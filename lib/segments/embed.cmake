# Writes OUT, a .cc that holds the text proto FILE (run as: cmake -DFILE= -DOUT= -P embed.cmake).
file(READ ${FILE} text)
file(WRITE ${OUT} "// SPDX-License-Identifier: Apache-2.0
// Made from lib/segments/data by embed.cmake.
#include \"lib/segments/rfm_grid.h\"

namespace rapport::segments {

std::string_view RfmGridText() { return R\"textproto(${text})textproto\"; }

}  // namespace rapport::segments
")
