#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Rapport needs from Debian 12's own packages. Asks nothing, may be run any
# number of times, and touches nothing when all is there.
#
#   scripts/setup.sh            what the build of the programs needs
#   scripts/setup.sh --tests    and what the tests and benchmarks need
#   scripts/setup.sh --tools    and clang, clang-format, clang-tidy, Node and the npm tools
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
  g++ cmake ninja-build ccache mold
  protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev libabsl-dev
  librocksdb-dev libroaring-dev prometheus-cpp-dev zlib1g-dev libssl-dev
  nlohmann-json3-dev libboost-dev libxxhash-dev tzdata
)
test_packages=(
  libgtest-dev libgmock-dev libbenchmark-dev
  python3 python3-grpcio python3-protobuf openssl curl git
)
tool_packages=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev)

wanted=("${build_packages[@]}")
with_tools=0
case "${1:-}" in
  "") ;;
  --tests) wanted+=("${test_packages[@]}") ;;
  --tools) wanted+=("${test_packages[@]}" "${tool_packages[@]}"); with_tools=1 ;;
  *) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
# Node may have come from elsewhere; Debian's is taken only where there is none.
if ((with_tools)); then
  command -v node >/dev/null || wanted+=(nodejs)
  command -v npm >/dev/null || wanted+=(npm)
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
  echo "setup: all ${#wanted[@]} packages are there."
else
  echo "setup: installing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "setup: needs root. As root, run: apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 1
    }
    as_root=(sudo)
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
  echo "setup: installed."
fi

# The npm tools check the API definition (buf) and are an independent client (grpc-js).
# Their install scripts are not needed and not run.
if ((with_tools)) && ! cmp -s package-lock.json node_modules/.rapport-installed; then
  echo "setup: installing the npm tools of package.json"
  # Not `npm ci`: newer ones of it refuse a lock file that leaves other systems' binaries out.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.rapport-installed
fi
