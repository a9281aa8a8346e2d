# Writes OUT, a .cc that holds the text protos of DIR (run as: cmake -DDIR= -DOUT= -P embed.cmake).
file(GLOB files ${DIR}/*.textproto)
list(SORT files)
set(entries "")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"textproto(${text})textproto\"},\n")
endforeach()
file(WRITE ${OUT} "// SPDX-License-Identifier: Apache-2.0
// Made from lib/frameworks/data by embed.cmake.
#include \"lib/frameworks/framework_texts.h\"

namespace rapport::frameworks {
namespace {

constexpr FrameworkText kTexts[] = {
${entries}};

}  // namespace

std::span<const FrameworkText> FrameworkTexts() { return kTexts; }

}  // namespace rapport::frameworks
")
