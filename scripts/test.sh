#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, checks the house rules, builds the dev preset and runs every test. Its last
# output is ctest's summary.
#
#   scripts/test.sh [ctest options]      e.g.  scripts/test.sh -R value   or   -LE e2e
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --tools
scripts/check.sh
scripts/build.sh dev
# Tests that start servers wait on the disk as much as on the processor: two at a time on two cores.
exec ctest --test-dir build/dev -j "${RAPPORT_TEST_JOBS:-2}" --output-on-failure --timeout 900 "$@"
