#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy over the code, or over the files named. Slow: 10-15 s a file.
#
#   scripts/tidy.sh [file.cc...]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --tools
[ -f build/tidy/build.ninja ] || cmake --preset tidy -Wno-dev >/dev/null
# Generated headers only; nothing else need be compiled.
ninja -C build/tidy -t targets all | sed -n 's/^\(proto\/[^:]*\.pb\.h\|lib\/[^:]*\.h\): .*/\1/p' |
  xargs ninja -C build/tidy >/dev/null
if (($#)); then files=("$@"); else
  mapfile -t files < <(find lib server jobs tools -name '*.cc' | LC_ALL=C sort)
fi
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-14 -p build/tidy --quiet
echo "tidy: ${#files[@]} files are clean."
