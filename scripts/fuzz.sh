#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzz target for a while. A finding is left in build/fuzz/findings and fails.
#
#   scripts/fuzz.sh [seconds each, default 30] [target...]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
shift || true
scripts/setup.sh --tools
scripts/build.sh fuzz
findings=build/fuzz/findings
mkdir -p "$findings"
if (($#)); then targets=("$@"); else
  mapfile -t targets < <(find build/fuzz/bin -name '*_fuzz' -executable -printf '%f\n' | LC_ALL=C sort)
fi
for target in "${targets[@]}"; do
  corpus="build/fuzz/corpus/$target"
  mkdir -p "$corpus"
  RAPPORT_FUZZ_SEEDS=$corpus "build/fuzz/bin/$target" -runs=0 >/dev/null 2>&1
  echo "fuzz: $target for $seconds s"
  log="$findings/$target.log"
  if "build/fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$findings/$target-" \
    "$corpus" >"$log" 2>&1; then
    sed -n 's/^stat::number_of_executed_units: */fuzz:   inputs tried: /p' "$log"
  else
    tail -60 "$log" >&2
    exit 1
  fi
done
echo "fuzz: ${#targets[@]} targets, nothing found."
