#!/usr/bin/env python3
"""Measures the training step with both sides in turn and prints ratios with their spread.

    bench/train_step.py                     all of them
    bench/train_step.py T-f32 --rounds 1    one more round of one, added to those measured before

Sides of a round, one after the other: arno, PyTorch eager, torch.compile, arno with activation
checkpointing. Rounds are kept in build/bench-step/NAME.jsonl; --fresh forgets them. All sides start
from the same weights and inputs, and the losses of their first step have to agree. The first
torch.compile of a benchmark takes many minutes; --sides leaves sides out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ARNO = str(ROOT / "build" / "release" / "bench" / "train_step")
PEERS = str(ROOT / os.environ.get("ARNO_PEERS", ".venv") / "bin" / "python")
PEER = [PEERS, str(ROOT / "bench" / "peers" / "train_step.py")]
KEPT = ROOT / "build" / "bench-step"
BENCHMARKS = {"T-f32": ("T", 32, "f32"), "T-bf16": ("T", 32, "bf16"),
              "nano-f32": ("nano", 128, "f32")}
# Of the loss of the first step, between our side and a peer. bf16 rounds in different places.
LOSS_TOLERANCE = {"f32": 1e-5, "bf16": 2e-2}
SIDES = ("arno", "eager", "compile", "checkpointed")


def run(command):
    # Compiled code is kept, so that only the first round of all compiles.
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(ROOT / "build" / "bench-inductor")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def measure_round(name, steps, chosen):
    preset, batch, dtype = BENCHMARKS[name]
    shape = ["--preset", preset, "--batch", str(batch)]
    inputs = KEPT / f"{preset}-{batch}.safetensors"
    if not inputs.exists():
        run([*PEER, *shape, "--write", str(inputs)])
    options = [*shape, "--dtype", dtype, "--inputs", str(inputs), "--steps", str(steps)]
    commands = {"arno": [ARNO, *options], "eager": [*PEER, *options],
                "compile": [*PEER, *options, "--compile"],
                "checkpointed": [ARNO, *options, "--checkpoint"]}
    results = {side: json.loads(run(commands[side]).strip().split("\n")[-1])
               for side in SIDES if side in chosen}
    for side, result in results.items():
        apart = abs(result["loss"] / results["arno"]["loss"] - 1)
        if apart > LOSS_TOLERANCE[dtype]:
            sys.exit(f"{name}: loss {result['loss']} of {side}, {results['arno']['loss']} of arno")
    return results


def spread(values, digits=2):
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f} .. {max(values):.{digits}f})")


def peers_of(one):
    return [side for side in ("eager", "compile") if side in one]


def summarise_rates(rounds, kind, flops):
    for side in SIDES:
        rates = [rate for one in rounds if side in one for rate in one[side][kind]]
        if rates:
            print(f"    {side:13} {spread(rates)}")
    ratios, shares = [], []
    for one in rounds:
        median = {side: statistics.median(result[kind]) for side, result in one.items()}
        ratios.append(median["arno"] / max(median[side] for side in peers_of(one)))
        shares.append(100 * median["arno"] * one["arno"][flops] / one["arno"]["peak_flops"])
    print(f"    over the best peer     {spread(ratios)}")
    print(f"    share of the GEMM peak {spread(shares, 0)} %")


def summarise_memory(rounds):
    for side in SIDES:
        bytes_ = [one[side]["peak_bytes"] / 1e6 for one in rounds if side in one]
        ratios = [one[side]["peak_bytes"] / min(one[peer]["peak_bytes"] for peer in peers_of(one))
                  for one in rounds if side in one]
        if bytes_:
            print(f"    {side:13} {spread(bytes_, 0)}   {spread(ratios)}")


def summarise(name, rounds):
    print(f"{name}, {len(rounds)} rounds")
    for kind, flops in (("rates", "step_flops"), ("forward_rates", "forward_flops")):
        print(f"  {'step' if kind == 'rates' else 'forward'} [images/s]")
        summarise_rates(rounds, kind, flops)
    peaks = [one["arno"]["peak_flops"] / 1e9 for one in rounds]
    print(f"  GEMM peak {spread(peaks, 0)} GFLOP/s; a step is "
          f"{rounds[0]['arno']['step_flops'] / 1e9:.1f} GFLOP an image")
    print("  peak memory [MB], and over the smaller of the peers'")
    summarise_memory(rounds)
    losses = {side: result["loss"] for side, result in rounds[-1].items()}
    print("  loss of the first step:", ", ".join(f"{s} {v:.7f}" for s, v in losses.items()),
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--sides", nargs="+", default=SIDES, choices=SIDES)
    parser.add_argument("--fresh", action="store_true", help="forget the rounds measured before")
    args = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in args.names or BENCHMARKS:
        kept = KEPT / f"{name}.jsonl"
        if args.fresh:
            kept.unlink(missing_ok=True)
        for _ in range(args.rounds):
            one = measure_round(name, args.steps, {"arno", "eager", *args.sides})
            with kept.open("a") as file:
                file.write(json.dumps(one) + "\n")
        summarise(name, [json.loads(line) for line in kept.read_text().splitlines()])


if __name__ == "__main__":
    main()
