#!/usr/bin/env python3
"""Runs benchmarks with both sides in turn (A B A B ...) and prints each ratio with its spread.

    bench/compare.py            all of them
    bench/compare.py loader     one

A side is a program that prints {"rates": [...]}, in units of work a second. The training step has
several peers and more to measure: bench/train_step.py.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release" / "bench"
PEERS = str(ROOT / os.environ.get("ARNO_PEERS", ".venv") / "bin" / "python")
PHOTOS = str(ROOT / "build" / "bench-photos")


def payload(side, size):
    options = ["--bytes", str(size)]
    return ("MiB/s, a link and raw TCP", [str(BUILD / "payload"), side, *options],
            [str(BUILD / "payload"), "tcp", *options])


BENCHMARKS = {
    "loader": lambda: ("images/s on one core", [str(BUILD / "loader"), PHOTOS],
                       [PEERS, str(ROOT / "bench/peers/loader.py"), PHOTOS]),
    "payload-64K": lambda: payload("link", 64 << 10),
    "payload-1M": lambda: payload("link", 1 << 20),
    "payload-16M": lambda: payload("link", 16 << 20),
    "payload-16M-curve": lambda: payload("curve", 16 << 20),
    "runtime": lambda: ("items/s", [str(BUILD / "runtime_overhead"), "graph"],
                        [str(BUILD / "runtime_overhead"), "loop"]),
    "trace": lambda: ("items/s, traced and not",
                      [str(BUILD / "runtime_overhead"), "graph", "--trace",
                       str(BUILD / "trace.json")],
                      [str(BUILD / "runtime_overhead"), "graph"]),
}


def rates_of(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().split("\n")[-1])["rates"]


def describe(rates):
    return f"{statistics.median(rates):10.1f}  ({min(rates):.1f} .. {max(rates):.1f})"


def compare(name, rounds):
    unit, ours, peer = BENCHMARKS[name]()
    sides = ([], [])
    ratios = []
    for _ in range(rounds):
        pair = [rates_of(ours), rates_of(peer)]
        ratios.append(statistics.median(pair[0]) / statistics.median(pair[1]))
        for side, rates in zip(sides, pair):
            side.extend(rates)
    print(f"{name} [{unit}]")
    print(f"  arno   {describe(sides[0])}")
    print(f"  peer   {describe(sides[1])}")
    print(f"  ratio  {statistics.median(ratios):10.2f}  ({min(ratios):.2f} .. {max(ratios):.2f})",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if not Path(PHOTOS).is_dir():
        subprocess.run([str(BUILD / "make_photos"), PHOTOS], check=True)
    for name in args.names or BENCHMARKS:
        compare(name, args.rounds)


if __name__ == "__main__":
    main()
