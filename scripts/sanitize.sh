#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds with sanitizers and runs the tests under them.
#
#   scripts/sanitize.sh asan [ctest options]   addresses, leaks, undefined behaviour: all tests
#   scripts/sanitize.sh tsan [ctest options]   data races: tests that drive the engine in process
#
# gRPC's callback API runs our handlers on threads of a library that is not instrumented,
# which the thread sanitizer reports as races by the dozen; hiding them by library name
# also hides our own races. So tsan leaves out what goes through gRPC (docs/adr/0006).
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-asan}
shift || true
scripts/setup.sh --tests
scripts/build.sh "$preset"
case "$preset" in
  asan)
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    export UBSAN_OPTIONS=print_stacktrace=1
    export LSAN_OPTIONS=suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0
    exec ctest --test-dir build/asan -j 2 --output-on-failure --timeout 1800 "$@" ;;
  tsan)
    export TSAN_OPTIONS=ignore_noninstrumented_modules=1:second_deadlock_stack=1
    exec ctest --test-dir build/tsan -j 2 --output-on-failure --timeout 1800 -LE 'e2e|integration' "$@" ;;
  *) echo "sanitize: asan or tsan, not '$preset'" >&2; exit 2 ;;
esac
