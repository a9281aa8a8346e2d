#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The house rules that a program can check: include direction, sizes, names, licence
# lines, machine paths (scripts/check_house.py), the format of the code and the API lint.
# Prints every breach and fails if there is one.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=0
python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" scripts/check_house.py || failed=1
if command -v clang-format-14 >/dev/null; then
  scripts/format.sh --check || failed=1
else
  echo "check: clang-format-14 is missing, format not checked (scripts/setup.sh --tools)"
fi
if [ -x node_modules/.bin/buf ]; then
  node_modules/.bin/buf lint proto || failed=1
else
  echo "check: buf is missing, API definition not linted (scripts/setup.sh --tools)"
fi
if ((failed)); then
  echo "check: FAILED"
  exit 1
fi
echo "check: all rules hold."
