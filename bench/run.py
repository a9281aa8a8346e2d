#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and prints their tables; --write puts them into docs/performance.md.

  bench/run.py [rpc] [metrics] [ingest] [nightly] [recovery] [micro] [peer]    all of them if none is named

`peer` installs DuckDB with npm into its scratch folder.

Every figure stands beside what it is compared with, taken in the same run on the same
machine: the ratio is the result, the rates depend on the machine. Needs a release build.
"""
import argparse
import contextlib
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PERFORMANCE = ROOT / "docs" / "performance.md"
WORKSPACE = "bench"


class Machine:
    """Where programs and scratch files are."""

    def __init__(self, programs, scratch):
        self.programs = pathlib.Path(programs)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="rapport-bench-", dir=scratch))

    def program(self, name):
        return str(self.programs / name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A rapport-server of its own folder."""

    def __init__(self, machine, sync="process_crash", cache_mb=256):
        self.machine = machine
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=machine.scratch))
        self.port = free_port()
        self.socket = str(self.folder / "s")
        self.command = [
            machine.program("rapport-server"), f"--data-dir={self.folder}/data", "--insecure",
            f"--listen=127.0.0.1:{self.port}", f"--unix-socket={self.socket}", "--metrics-listen=",
            f"--sync={sync}", f"--cache-mb={cache_mb}"]
        self.process = None

    def __enter__(self):
        self.start()
        self.ctl("workspaces", "create", WORKSPACE)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Seconds from the start of the process until it takes connections."""
        began = time.monotonic()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        while time.monotonic() - began < 120:
            if self.process.poll() is not None:
                sys.exit((self.folder / "log").read_text()[-3000:])
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return time.monotonic() - began
            time.sleep(0.005)
        sys.exit("the server did not start")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def ctl(self, *arguments):
        command = [self.machine.program("rapportctl"), f"--server={self.address}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def nightly(self, *flags):
        """(seconds, peak bytes, CPU seconds) of a run."""
        command = [self.machine.program("rapport-nightly"), f"--server={self.address}", *flags]
        began = time.monotonic()
        with open(self.folder / "nightly.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit((self.folder / "nightly.log").read_text()[-3000:])
        return time.monotonic() - began, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


@contextlib.contextmanager
def echo_server(machine, reply_bytes):
    path = str(machine.scratch / "echo.s")
    process = subprocess.Popen(
        [machine.program("rapport-bench-echo"), f"--reply_bytes={reply_bytes}", f"--unix={path}"],
        stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline().split()[1])
    try:
        yield {"tcp": f"127.0.0.1:{port}", "unix": f"unix:{path}", "pid": process.pid}
    finally:
        process.terminate()
        process.wait()


def bench(machine, command, check=True, **options):
    words = [machine.program("rapport-bench"), command]
    words += [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def middle(rows, field):
    return statistics.median(row[field] for row in rows)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def bench_rpc(machine, args):
    customers = args.customers or 20_000
    empty, real = {"tcp": [], "unix": []}, {"tcp": [], "unix": []}
    with Server(machine) as server:
        bench(machine, "stream", target=server.address, customers=customers, events_each=20)
        server.nightly()
        targets = {"tcp": server.address, "unix": f"unix:{server.socket}"}
        call = {"customers": customers, "in_flight": 16, "seconds": args.seconds}
        first = bench(machine, "unary", target=server.address, server_pid=server.process.pid,
                      **{**call, "seconds": 2})
        size = int(first["reply_bytes"])
        with echo_server(machine, max(1, size - 3)) as echo:
            for _ in range(args.repeats):
                for way in ("tcp", "unix"):
                    empty[way].append(bench(machine, "unary", target=echo[way], server_pid=echo["pid"],
                                            method="/rapport.bench.Echo/Get", **call))
                    real[way].append(bench(machine, "unary", target=targets[way],
                                           server_pid=server.process.pid, **call))
    rows = []
    for way in ("tcp", "unix"):
        e, r = empty[way], real[way]
        rate = middle(r, "calls_per_second") / middle(e, "calls_per_second")
        cpu = middle(r, "server_cpu_us") / middle(e, "server_cpu_us")
        rows.append([way.upper() if way == "tcp" else "unix socket",
                     f"{middle(e, 'calls_per_second'):,.0f}", f"{middle(r, 'calls_per_second'):,.0f}",
                     f"**{rate:.2f}**", f"{middle(e, 'server_cpu_us'):.0f}",
                     f"{middle(r, 'server_cpu_us'):.0f}", f"**{cpu:.2f}**",
                     f"{middle(r, 'p50_us') / 1000:.2f} / {middle(r, 'p99_us') / 1000:.2f}"])
    head = ["GetCustomer, 16 in flight", "echo calls/s", "GetCustomer calls/s", "rate ratio (aim 0.7, then 0.8)",
            "echo CPU us", "GetCustomer CPU us", "CPU ratio (aim 1.2)", "p50 / p99 ms"]
    return table(head, rows) + f"\n\n{customers:,} customers, 20 events each; answers of {size} bytes; " \
        f"medians of {args.repeats} runs of {args.seconds} s, the two servers in turn."


def bench_ingest(machine, args):
    customers = args.customers or 100_000
    load = {"customers": customers, "events_each": 20, "batch": 1000, "in_flight": 8}
    echo_rows = []
    with echo_server(machine, 1) as echo:
        for _ in range(args.repeats):
            echo_rows.append(bench(machine, "stream", target=echo["tcp"], server_pid=echo["pid"],
                                   method="/rapport.bench.Echo/Stream", **load))
    echo_rate = middle(echo_rows, "events_per_second")
    rows = [["empty bidi stream of the same messages", f"{echo_rate:,.0f}", "1.00",
             f"{middle(echo_rows, 'server_cpu_us'):.2f}", "", ""]]
    rates = {}
    for sync, words in (("process_crash", "WAL, survives kill -9"), ("power_loss", "fdatasync per group, survives power loss")):
        for batch, flight in ((1000, 8), (100, 32)):
            runs = []
            with Server(machine, sync) as server:
                for run in range(args.repeats):
                    runs.append(bench(machine, "stream", target=server.address, server_pid=server.process.pid,
                                      **{**load, "run": run, "batch": batch, "in_flight": flight}))
                    assert runs[-1]["accepted"] == runs[-1]["sent"], runs[-1]
                again = bench(machine, "stream", target=server.address, run=0, limit=100_000,
                              **{**load, "batch": batch, "in_flight": flight})
                assert again["duplicates"] == again["sent"], again
            rate = middle(runs, "events_per_second")
            rates[sync, batch] = rate
            rows.append([f"StreamEvents, {batch} a batch, {flight} in flight: {words}", f"{rate:,.0f}",
                         f"**{rate / echo_rate:.2f}**", f"{middle(runs, 'server_cpu_us'):.2f}",
                         f"{middle(runs, 'ack_p50_ms'):.1f} / {middle(runs, 'ack_p99_ms'):.1f}",
                         f"{middle(runs, 'server_peak_bytes') / 2**20:,.0f}"])
    raw_rows = []
    for form, words in (("rows", "a row per event, customer-first key"), ("batches", "a batch per key")):
        for sync in (0, 1):
            runs = []
            for _ in range(args.repeats):
                folder = tempfile.mkdtemp(dir=machine.scratch)
                shutil.rmtree(folder)
                runs.append(bench(machine, "raw-rocks", folder=folder, customers=customers, events_each=20,
                                  form=form, sync=sync, limit=1_000_000))
                shutil.rmtree(folder, ignore_errors=True)
            rate = middle(runs, "events_per_second")
            ours = rates["power_loss" if sync else "process_crash", 1000]
            raw_rows.append([f"raw RocksDB, {words}, {'sync' if sync else 'no sync'}, 1000 a batch",
                             f"{rate:,.0f}", f"**{ours / rate:.2f}**"])
    head = ["one connection, client on the same two cores", "events/s", "to the echo", "server CPU us/event",
            "ack p50 / p99 ms", "server peak MiB"]
    text = table(head, rows) + "\n\n" + table(
        ["the same events without server, validation, identities and de-duplication", "events/s",
         "StreamEvents (1000 a batch, same durability) to it"], raw_rows)
    return text + f"\n\n{middle(echo_rows, 'sent'):,.0f} events of {customers:,} customers, " \
        f"{middle(echo_rows, 'bytes_per_event'):.0f} bytes each on the wire; medians of {args.repeats}. " \
        "Every event was accepted once, and sending them again gave duplicates only."


def bench_nightly(machine, args):
    rows, times = [], {}
    for customers in args.sizes:
        with Server(machine) as server:
            loaded = bench(machine, "stream", target=server.address, server_pid=server.process.pid,
                           customers=customers, events_each=20, batch=2000, in_flight=8)
            first, peak, cpu = server.nightly("--threads=2")
            full, full_peak, full_cpu = server.nightly("--threads=2", "--full")
            bench(machine, "stream", target=server.address, customers=customers, events_each=20, run=1,
                  batch=500, limit=max(1, int(loaded["sent"]) // 100))
            again, again_peak, _ = server.nightly("--threads=2")
            times[customers] = first
            rows.append([f"{customers:,} / {loaded['sent']:,}", f"{first:.1f}", f"{customers / first:,.0f}",
                         f"{loaded['sent'] / first / 1e6:.2f}", f"{cpu:.1f}", f"{peak / 2**20:,.0f}",
                         f"{full:.1f}", f"{again:.1f}", f"{max(full_peak, again_peak) / 2**20:,.0f}"])
    head = ["customers / events", "first full night s", "customers/s", "M events/s", "CPU s", "peak MiB",
            "--full again s", "incremental, 1 % new events s", "peak MiB of those"]
    sizes = sorted(times)
    text = table(head, rows)
    if len(sizes) > 1:
        low, high = sizes[0], sizes[-1]
        exponent = math.log(times[high] / times[low]) / math.log(high / low)
        text += f"\n\nGrowth exponent from {low:,} to {high:,} customers: **{exponent:.2f}** (aim at most 1.1)"
        if len(sizes) > 2:
            middle_size = sizes[-2]
            last = math.log(times[high] / times[middle_size]) / math.log(high / middle_size)
            text += f"; from {middle_size:,}, where fixed costs no longer count, **{last:.2f}**"
        text += ". "
    return text + "Aim: 1,000,000 customers with 20,000,000 events in at most 60 s, then 20 s."


def bench_recovery(machine, args):
    customers = args.customers or 200_000
    rows = []
    for sync in ("process_crash", "power_loss"):
        restarts, acked, lost = [], [], []
        with Server(machine, sync) as server:
            sent_before = 0
            for run in range(args.repeats):
                # All is prepared first, so that the stream does not pause before the kill.
                client = subprocess.Popen(
                    [machine.program("rapport-bench"), "stream", f"--target={server.address}",
                     f"--customers={customers}", "--events_each=20", "--in_flight=8", f"--run={run}",
                     f"--prepare={customers * 30}"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                while stored(server) < sent_before + 1_000_000 and client.poll() is None:
                    time.sleep(0.02)
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                result = json.loads(client.communicate()[0].splitlines()[-1])
                if client.returncode == 0:
                    sys.exit("the stream had ended before the kill: nothing was measured")
                restarts.append(server.start())
                now = stored(server)
                acked.append(result["accepted"])
                lost.append(max(0, sent_before + result["accepted"] - now))
                sent_before = now
        rows.append([sync, f"{args.repeats}", f"{sum(acked):,}", f"**{sum(lost)}**",
                     f"{sent_before:,}", f"**{max(restarts):.2f}**"])
    head = ["kill -9 while events stream in", "kills", "acknowledged events", "lost (aim 0)",
            "unsealed events replayed at the last start", "slowest start s (aim 5)"]
    return table(head, rows)


QUERIES = (
    ("revenue, 365 days by channel, touchpoint, campaign: the 20 largest groups",
     {"metric": "revenue", "by": "DAY", "group_by": "channel,touchpoint,campaign",
      "from": "2024-01-01", "to": "2024-12-31", "top": 20}),
    ("NPS by month and channel", {"metric": "nps", "by": "MONTH", "group_by": "channel"}),
    ("active customers by day (stored measures)", {"metric": "active_customers", "by": "DAY"}),
    ("revenue of orders above 50, by month (scan)",
     {"metric": "revenue", "by": "MONTH", "filter": "amount > 50"}),
    ("sessions of one channel at night (scan)",
     {"metric": "sessions", "filter": "channel = web AND hour < 6"}),
    ("revenue by lifecycle stage (scan)", {"metric": "revenue", "group_by": "stage"}),
)


def bench_metrics(machine, args):
    customers = args.customers or 1_000_000
    rows = []
    with Server(machine, cache_mb=1024) as server:
        loaded = bench(machine, "stream", target=server.address, customers=customers, events_each=20,
                       batch=2000, in_flight=8)
        server.nightly("--threads=2")
        for words, query in QUERIES:
            call = {"method": "/rapport.v1.MetricService/QueryMetric", "in_flight": 1,
                    "seconds": args.seconds, "server_pid": server.process.pid,
                    "target": server.address, **query}
            real = bench(machine, "metric", **call)
            with echo_server(machine, max(1, int(real["reply_bytes"]) - 4)) as echo:
                empty = bench(machine, "unary", target=echo["tcp"], server_pid=echo["pid"],
                              method="/rapport.bench.Echo/Get", in_flight=1, seconds=2)
            rows.append([words, f"{real['reply_bytes']:,.0f}", f"{empty['p50_us'] / 1000:.2f}",
                         f"**{real['p50_us'] / 1000:.2f}**", f"{real['p99_us'] / 1000:.2f}",
                         f"{real['server_cpu_us'] / 1000:.2f}"])
    head = ["QueryMetric, one at a time", "answer bytes", "echo p50 ms", "p50 ms", "p99 ms", "server CPU ms"]
    return table(head, rows) + f"\n\n{customers:,} customers, {loaded['sent']:,} events, two threads a scan."


PARENT = f"workspaces/{WORKSPACE}"
FUNNEL = " ".join(f"steps {{ filter: 'type = {step}' }}"
                  for step in ("page_viewed", "session_ended", "email_opened", "order_placed"))
# Words; the peer's question; ours as text proto; aim.
PEER_QUESTIONS = (
    ("retention triangle: orders by month of the first order, 12 months", "retention", "retention",
     f"parent: '{PARENT}' question {{ cohort {{ start_filter: 'type = order_placed' }} period: GRANULARITY_MONTH "
     "return_filter: 'type = order_placed' period_count: 12 start_counts: true }", "10"),
    ("recency, frequency, money of each customer, in quintiles (ours: stored by the night)", "rfm", "rfm",
     f"parent: '{PARENT}'", "10"),
    ("sessions, pause of 30 minutes (ours: a scan)", "sessions", "metric",
     f"parent: '{PARENT}' metric: 'session_count' filter: 'hour >= 0'", "20"),
    ("the same (ours: stored by the night)", "sessions", "metric",
     f"parent: '{PARENT}' metric: 'session_count'", ""),
    ("funnel of 4 steps within 14 days, by channel of the first", "funnel", "funnel",
     f"parent: '{PARENT}' funnel {{ {FUNNEL} window {{ seconds: 1209600 }} }} group_by: 'channel'", "20"),
)
EVENT_TYPES = {"order": 81, "page": 10, "session": 52, "opened": 16, "refund": 82}


def figures_of(question, reply):
    """The figures of our answer that the peer gives, too."""
    if question == "retention":
        cells = [cell for cohort in reply["cohorts"] for cell in cohort["cells"]]
        return {"total": sum(int(cell.get("returned", 0)) for cell in cells)}
    if question == "funnel":
        steps = reply["total"]["steps"]
        return {f"step_{i + 1}": int(step.get("count", 0)) for i, step in enumerate(steps)}
    if question == "sessions":
        return {"total": round(reply["total"]["points"][0]["numerator"])}
    return {"total": sum(int(cell.get("customerCount", 0)) for cell in reply["cells"])}


def duckdb(machine, args, customers):
    """The answers of DuckDB to the same questions about the same events, by question."""
    folder = machine.scratch / "peer"
    shutil.copytree(ROOT / "bench" / "peer", folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
    events = folder / "events.csv"
    bench(machine, "export", customers=customers, events_each=20, file=events)
    done = subprocess.run(["node", "duckdb.mjs", str(events), "2", str(args.repeats), json.dumps(EVENT_TYPES)],
                          cwd=folder, check=True, capture_output=True, text=True)
    events.unlink()
    return {row["question"]: row for row in map(json.loads, done.stdout.splitlines())}


def bench_peer(machine, args):
    customers = args.customers or 1_000_000
    theirs = duckdb(machine, args, customers)
    rows = []
    with Server(machine, cache_mb=1024) as server:
        loaded = bench(machine, "stream", target=server.address, customers=customers, events_each=20,
                       batch=2000, in_flight=8)
        server.nightly("--threads=2")
        reply_file = machine.scratch / "reply.json"
        for words, peer, question, request, aim in PEER_QUESTIONS:
            ours = bench(machine, "ask", target=server.address, question=question, request=request,
                         in_flight=1, seconds=args.seconds, server_pid=server.process.pid, reply_file=reply_file)
            figures = figures_of(peer, json.loads(reply_file.read_text()))
            same = all(theirs[peer][name] == value for name, value in figures.items())
            seconds = ours["p50_us"] / 1e6
            rows.append([words, f"{theirs[peer]['seconds']:.2f}", f"{seconds:.3f}",
                         f"**{theirs[peer]['seconds'] / seconds:.1f}**", aim,
                         "the same" if same else f"{figures} / {theirs[peer]}"])
    head = ["question", "DuckDB s", "Rapport s", "times", "aim", "figures"]
    return table(head, rows) + f"\n\n{customers:,} customers, {loaded['sent']:,} events, two threads each; DuckDB's " \
        "table in memory, sorted by customer and time; Rapport through gRPC, LIVE, one question at a time."


def stored(server):
    """Events that are not sealed yet: no night runs here, so all of them."""
    answer = json.loads(server.ctl("store", "stats", "--json"))
    return int(answer.get("tail_event_count", answer.get("tailEventCount", 0)))


def bench_micro(machine, _):
    done = subprocess.run([machine.program("rapport-micro-bench"), "--benchmark_format=json",
                           "--benchmark_min_time=0.3"], check=True, capture_output=True, text=True)
    rows = []
    for one in json.loads(done.stdout)["benchmarks"]:
        each = one["cpu_time"] * {"ns": 1, "us": 1e3, "ms": 1e6}[one["time_unit"]]
        items = one.get("items_per_second")
        rows.append([one["name"].removeprefix("BM_"), f"{each / 1000:,.1f}",
                     f"{1e9 / items:,.0f}" if items else "",
                     f"{one['bytes_per_event']:.1f}" if "bytes_per_event" in one else ""])
    return table(["inner loop", "CPU us a call", "CPU ns an item", "bytes an event"], rows)


SECTIONS = {"rpc": bench_rpc, "metrics": bench_metrics, "ingest": bench_ingest, "nightly": bench_nightly,
            "recovery": bench_recovery, "micro": bench_micro, "peer": bench_peer}


def write(name, text):
    """Replaces what stands between the markers of a section."""
    stamp = f"*{datetime.date.today()}, `scripts/bench.sh {name}`, {os.cpu_count()} cores, " \
            f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB.*"
    page = PERFORMANCE.read_text()
    pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", re.S)
    page, count = pattern.subn(lambda m: f"{m.group(1)}{stamp}\n\n{text}\n{m.group(2)}", page)
    if count != 1:
        sys.exit(f"{PERFORMANCE}: no place for {name}")
    PERFORMANCE.write_text(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument("--bin", default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--scratch", default=None, help="folder for stores; needs some GiB")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=0)
    parser.add_argument("--sizes", type=lambda s: [int(n) for n in s.split(",")],
                        default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    machine = Machine(args.bin, args.scratch)
    try:
        for name in args.sections or SECTIONS:
            print(f"## {name}", flush=True)
            text = SECTIONS[name](machine, args)
            print(text, flush=True)
            if args.write:
                write(name, text)
    finally:
        shutil.rmtree(machine.scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
