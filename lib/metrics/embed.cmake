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
// Made from lib/metrics/data by embed.cmake.
#include \"lib/metrics/definition_texts.h\"

namespace rapport::metrics {
namespace {

constexpr DefinitionText kTexts[] = {
${entries}};

}  // namespace

std::span<const DefinitionText> DefinitionTexts() { return kTexts; }

}  // namespace rapport::metrics
")
