#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the Python package `lifetimes` and Rapport on the same customers and prints ratios.

  bench/lifetimes_ratio.py [--customers 100000] [--whole-days] [--program FILE]

Compared are the fits of BG/NBD and Pareto/NBD, each on customers drawn from it, and the
CLV of 12 months for every customer. Rapport's scoring computes all its outputs
(intervals, residual value, next purchase, ...), lifetimes' CLV is the CLV alone. Seconds
are processor time of one thread each. Without lifetimes it says so and stops.
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

# One thread each; must be set before numpy comes.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

try:
    import lifetimes
    import pandas
except ImportError as missing:
    print(f"lifetimes is not installed ({missing}): nothing is compared")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parent.parent


def timed(call):
    began = time.process_time()
    result = call()
    return result, time.process_time() - began


def run_rapport(args, model, csv):
    command = [args.program, f"--customers={args.customers}", f"--models={model}", f"--csv={csv}",
               f"--whole_days={int(args.whole_days)}", "--threads=1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def gamma_gamma():
    """The parameters that Rapport scores with: this fit is not compared."""
    fitter = lifetimes.GammaGammaFitter()
    fitter.params_ = pandas.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    return fitter


def clv_of(fitter, rows):
    return gamma_gamma().customer_lifetime_value(
        fitter, rows["frequency"], rows["recency"], rows["T"], rows["monetary_value"], time=12,
        discount_rate=1.1 ** (1 / 12) - 1, freq="W")


def compare(args, model, fitter, scratch):
    """[(what, Rapport's seconds, lifetimes' seconds, note)]"""
    csv = os.path.join(scratch, model + ".csv")
    ours = run_rapport(args, model, csv)
    rows = pandas.read_csv(csv)
    note = f"log-likelihood {ours['log_likelihood']:.6f}"
    try:
        _, seconds = timed(lambda: fitter.fit(rows["frequency"], rows["recency"], rows["T"]))
    except lifetimes.utils.ConvergenceError:
        return [(f"{model} fit", ours["fit_cpu_seconds"], None, "lifetimes does not converge")]
    theirs = log_likelihood_of(fitter, len(rows) if model == "bg_nbd" else 1)
    lines = [(f"{model} fit", ours["fit_cpu_seconds"], seconds, f"{note} against {theirs:.6f}")]
    if model == "bg_nbd":
        clv, seconds = timed(lambda: clv_of(fitter, rows))
        lines.append(("12-month CLV", ours["score_cpu_seconds"], seconds,
                      f"sum {ours['clv']:,.0f} against {clv.sum():,.0f}, "
                      "which discounts to the end of each month"))
    return lines


def log_likelihood_of(fitter, times):
    """lifetimes keeps the negative log-likelihood over rescaled times: BG/NBD the mean of
    customers, Pareto/NBD the sum."""
    scale = math.log(fitter._scale)
    return -fitter._negative_log_likelihood_ * times + fitter.data["frequency"].sum() * scale


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--whole-days", action="store_true")
    parser.add_argument("--program", default=ROOT / "build/release/bin/rapport-value-bench")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        lines += compare(args, "bg_nbd", lifetimes.BetaGeoFitter(), scratch)
        lines += compare(args, "pareto_nbd", lifetimes.ParetoNBDFitter(), scratch)
    print(f"lifetimes {lifetimes.__version__}, {args.customers:,} customers, "
          f"{'whole days' if args.whole_days else 'continuous times'}\n")
    print("| | Rapport CPU s | lifetimes CPU s | ratio | |\n|---|---|---|---|---|")
    for what, ours, theirs, note in lines:
        ratio = f"**{theirs / ours:.1f}x** | {note}" if theirs else f"| {note}"
        print(f"| {what} | {ours:.3f} | {theirs or float('nan'):.2f} | {ratio} |")


if __name__ == "__main__":
    main()
