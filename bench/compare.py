#!/usr/bin/env python3
"""Runs benchmarks with both sides in turn (A B A B ...) and prints each ratio with its spread.

    bench/compare.py            all of them
    bench/compare.py runtime    one

A side is a program that prints {"rates": [...]}, in units of work a second. The runtime's overhead is
a small difference: both sides take turns in one process, many times, and time of CPU is compared as
well, which what else runs on the machine disturbs less. The training step has several peers and more
to measure: bench/train_step.py.
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


def runtime(ours, peer, *options):
    program = str(BUILD / "runtime_overhead")
    return ("items/s", [program, ours, *options], [program, peer, *options])


def loader(peer, dtype="f32"):
    # Every side has the same core, and helper threads share it.
    pinned = ["taskset", "--cpu-list", "0"]
    return ("images/s on one core",
            [*pinned, str(BUILD / "loader"), PHOTOS, "--dtype", dtype],
            [*pinned, PEERS, str(ROOT / "bench/peers" / peer), PHOTOS])


def replicas(group, zero):
    return ("images/s, 2 replicas x 1 thread and 1 x 2",
            [str(BUILD / "allreduce"), "two", "--group", group, "--zero", str(zero)],
            [str(BUILD / "allreduce"), "one"])


BENCHMARKS = {
    "loader-torchvision": lambda: loader("loader.py"),
    "loader-torchvision-bf16": lambda: loader("loader.py", "bf16"),
    "loader-dali": lambda: loader("loader_dali.py"),
    "loader-spdl": lambda: loader("loader_spdl.py"),
    "payload-64K": lambda: payload("link", 64 << 10),
    "payload-1M": lambda: payload("link", 1 << 20),
    "payload-16M": lambda: payload("link", 16 << 20),
    "payload-16M-curve": lambda: payload("curve", 16 << 20),
    "replicas": lambda: replicas("local", 0),
    "replicas-zero-2": lambda: replicas("local", 2),
    "replicas-gloo": lambda: replicas("gloo", 0),
    "replicas-tls": lambda: replicas("tls", 0),
    "edge": lambda: runtime("edge", "caf", "--items", "200000"),
    "metrics": lambda: ("items/s, counted and not", [str(BUILD / "metric_cost"), "with"],
                        [str(BUILD / "metric_cost"), "without"]),
    "trace": lambda: ("items/s, traced and not",
                      [str(BUILD / "runtime_overhead"), "graph", "--trace",
                       str(BUILD / "trace.json")],
                      [str(BUILD / "runtime_overhead"), "graph"]),
}

# Both sides in one process. Several workers do not end at the same time, which many items hide.
OVERHEADS = {
    "runtime": ["--items", "4000"],
    "runtime-8-decoders": ["--items", "10000", "--maps", "1", "--rounds", "40000",
                           "--replicas", "8", "--workers", "2"],
}


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().split("\n")[-1])


def rates_of(command):
    return output_of(command)["rates"]


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
    if unit.startswith("items/s"):
        ours_ns, peer_ns = (1e9 / statistics.median(side) for side in sides)
        print(f"  an item takes {ours_ns:.1f} ns, of the peer {peer_ns:.1f} ns")
    print(f"  ratio  {statistics.median(ratios):10.2f}  ({min(ratios):.2f} .. {max(ratios):.2f})",
          flush=True)


def compare_overhead(name, rounds):
    repeats = 10 * rounds
    found = output_of([str(BUILD / "runtime_overhead"), "graph", "--against", "loop",
                       "--repeats", str(repeats), *OVERHEADS[name]])
    items = found["items"]
    print(f"{name} [the graph and a plain loop, {repeats} pairs of {items} items]")
    for what, ours, peer in (("time", 0, 2), ("CPU", 1, 3)):
        more = [100 * (pair[ours] / pair[peer] - 1) for pair in found["pairs"]]
        low, middle, high = statistics.quantiles(more, n=4)
        sides = [1e6 * statistics.median(pair[side] for pair in found["pairs"]) / items
                 for side in (ours, peer)]
        print(f"  {what:5} {sides[0]:8.2f} us an item, of the loop {sides[1]:8.2f}: {middle:5.2f} % more "
              f"(half of the pairs {low:.2f} .. {high:.2f}, all {min(more):.2f} .. {max(more):.2f})",
              flush=True)


def print_crop_quality():
    crops = str(ROOT / "build" / "bench-crops")
    subprocess.run([str(BUILD / "loader"), PHOTOS, "--crops", crops], check=True)
    subprocess.run([PEERS, str(ROOT / "bench/peers/crop_quality.py"), PHOTOS, crops], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS, *OVERHEADS], help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    names = args.names or [*BENCHMARKS, *OVERHEADS]
    if any(name.startswith("loader") for name in names) and not Path(PHOTOS).is_dir():
        subprocess.run([str(BUILD / "make_photos"), PHOTOS], check=True)
    for name in names:
        if name in OVERHEADS:
            compare_overhead(name, args.rounds)
        else:
            compare(name, args.rounds)
        if name.startswith("loader"):
            print_crop_quality()


if __name__ == "__main__":
    main()
