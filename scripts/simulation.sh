#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Draws customers from known parameters, fits every purchase model to them, and prints how
# often its 95 % intervals hold. Takes long; not part of the tests.
#
#   scripts/simulation.sh [--seeds=N] [--customers=N] [--models=NAME,NAME]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --tests
cmake --preset release >/dev/null
cmake --build build/release --target rapport-recovery
exec build/release/bin/rapport-recovery "$@"
