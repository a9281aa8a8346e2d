#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From nothing to answers: installs what is needed, builds, starts a server on this
# machine, loads a demo business, runs the nightly batch and shows what it found. Asks
# nothing. A second run reuses what is there.
#
#   scripts/quickstart.sh           the tour
#   scripts/quickstart.sh stop      stops the server; the data stays
#   scripts/quickstart.sh clean     stops it and removes the data
#
# RAPPORT_HOME             folder of the data (default build/quickstart)
# RAPPORT_DEMO_CUSTOMERS   size of the demo business (default 2000)
set -euo pipefail
cd "$(dirname "$0")/.."

home=${RAPPORT_HOME:-$PWD/build/quickstart}
customers=${RAPPORT_DEMO_CUSTOMERS:-2000}
bin=$PWD/build/release/bin
workspace=demo

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

server_pid() {
  local pid
  pid=$(cat "$home/server.pid" 2>/dev/null) || return 1
  # The number may belong to another program by now.
  [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$bin/rapport-server" ] && echo "$pid"
}

stop_server() {
  local pid
  pid=$(server_pid) || { echo "quickstart: no server is running."; return 0; }
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  rm -f "$home/server.pid"
  echo "quickstart: server stopped."
}

case "${1:-}" in
  "") ;;
  stop) stop_server; exit 0 ;;
  clean) stop_server; rm -rf "$home"; echo "quickstart: $home removed."; exit 0 ;;
  *) sed -n '3,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

free_port() {
  local port
  for port in $(seq 7600 7699); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  echo "quickstart: no free port between 7600 and 7699" >&2
  exit 1
}

start_server() {
  local port pid
  if pid=$(server_pid); then
    echo "quickstart: the server is running already (process $pid, $(cat "$home/address"))."
    return
  fi
  port=$(free_port)
  echo "127.0.0.1:$port" >"$home/address"
  # --insecure: no token is asked for; the server takes it on loopback addresses only.
  nohup "$bin/rapport-server" --data-dir="$home/data" --listen="127.0.0.1:$port" \
    --metrics-listen= --insecure >>"$home/server.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$home/server.pid"
  for _ in $(seq 300); do
    if "$bin/rapportctl" --server="127.0.0.1:$port" workspaces list >/dev/null 2>&1; then
      echo "quickstart: server at 127.0.0.1:$port (process $pid, log $home/server.log)."
      return
    fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "quickstart: the server did not start:" >&2
  tail -20 "$home/server.log" >&2
  exit 1
}

say "Setting up"
scripts/setup.sh
say "Building"
scripts/build.sh release rapport-server rapport-nightly rapportctl

say "Starting the server"
mkdir -p "$home"
start_server
RAPPORT_SERVER=$(cat "$home/address")
export RAPPORT_SERVER RAPPORT_WORKSPACE=$workspace
ctl() { "$bin/rapportctl" "$@"; }

loaded=$home/loaded-$customers
if [ ! -f "$loaded" ]; then
  say "Loading a demo business of $customers customers"
  ctl demo load --customers="$customers" --end="$(date -u +%F)"
  say "Running the nightly batch"
  "$bin/rapport-nightly" --server="$RAPPORT_SERVER"
  touch "$loaded"
fi

say "What the customers are worth"
ctl value report
say "Would they recommend us?"
ctl metrics nps
say "Who comes back?"
ctl cohorts retention
say "Where they are in their life with us"
ctl lifecycle show
say "One of the best customers, explained"
best=$(ctl customers list --filter='value.decile = 10' --limit=1 --json |
  sed -n 's|.*"workspaces/[^/]*/customers/\([^"]*\)".*|\1|p' | head -1)
ctl customers explain "$best"

say "Go on from here"
cat <<MSG
export RAPPORT_SERVER=$RAPPORT_SERVER RAPPORT_WORKSPACE=$workspace PATH=$bin:\$PATH
rapportctl help                      all commands
rapportctl customers get $best
rapportctl metrics query csat --group-by=channel
scripts/quickstart.sh stop           stops the server; the data stays in $home
MSG
