#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the release preset and runs the benchmarks; --write renews docs/performance.md.
#
#   scripts/bench.sh [rpc|ingest|nightly|recovery|micro...] [--write] [--repeats N] [--sizes N,N]
#
# Leave the machine alone meanwhile. The nightly section needs about 10 GiB of disk.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --tests
scripts/build.sh release
exec /usr/bin/python3 bench/run.py "$@"
