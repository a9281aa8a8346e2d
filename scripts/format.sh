#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Formats the C++ code with clang-format 14, so that nobody discusses it.
#
#   scripts/format.sh            formats all files in place
#   scripts/format.sh --check    changes nothing, names files that differ and fails
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run -Werror --ferror-limit=1)
find lib server jobs tools tests bench -name '*.h' -o -name '*.cc' | LC_ALL=C sort |
  xargs -r -n 40 -P "$(nproc)" clang-format-14 "${mode[@]}"
