#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures if needed and builds.
#
#   scripts/build.sh [preset] [target...]     presets: release (default), dev, asan, tsan, tidy, fuzz
#
# Programs are then in build/<preset>/bin. RAPPORT_JOBS sets the number of compilers.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
shift || true
command -v cmake >/dev/null || { echo "build: cmake is missing; run scripts/setup.sh first" >&2; exit 1; }
if [ ! -f "build/$preset/build.ninja" ]; then
  mkdir -p build
  log=build/configure-$preset.log
  cmake --preset "$preset" -Wno-dev >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
# Clones on one machine share what they have compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
args=(-C "build/$preset")
[ -z "${RAPPORT_JOBS:-}" ] || args+=(-j "$RAPPORT_JOBS")
echo "build: $preset ${*:-everything}"
ninja "${args[@]}" "$@"
