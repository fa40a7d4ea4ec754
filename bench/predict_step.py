#!/usr/bin/env python3
"""Predicts step times from what the parts of a step take, by a discrete-event model.

    bench/predict_step.py validate            measures the parts and steps of 1, 2 and 4 replicas here,
                                              predicts the steps and compares
    bench/predict_step.py gpus                8 to 1024 GPUs, from the figures of --cluster
    bench/predict_step.py gpus --cluster F    JSON with the keys that bench/cluster.json has

The parts that `validate` predicts from are those of one replica alone on a core, the slowdown of two
that compute side by side without exchange, and two sizes of sums of two ranks; steps with exchange,
and everything of four replicas, are predictions.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

from schedule_model import Collective, Event, Host, Simulation, pipeline_stage, replica

ROOT = Path(__file__).resolve().parents[1]
ALLREDUCE = str(ROOT / "build" / "release" / "bench" / "allreduce")
CORES = 2
BATCH = 128


def result_of(*options):
    done = subprocess.run([ALLREDUCE, *map(str, options)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{ALLREDUCE} {' '.join(map(str, options))} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def measured_step(*options):
    return BATCH / statistics.median(result_of("two", *options)["rates"])


def seconds_of(parts):
    """A step without exchange."""
    return sum(parts[f"{name}_s"] for name in ("forward", "loss", "backward", "optimizer"))


def ring_share(ranks):
    """What a rank sends of a sum, in sizes of it."""
    return 2 * (ranks - 1) / ranks


def predicted_step(parts, ranks, slowdown, steps=4):
    """Seconds of a step of replicas that share this machine's cores, exchange included."""
    simulation = Simulation()
    host = Host(simulation, CORES, slowdown)
    per_byte = (parts["large_s"] - parts["small_s"]) / (parts["large_bytes"] - parts["small_bytes"])
    fixed = parts["small_s"]

    def part(_, size):
        return host.work((ranks - 1) * fixed + ring_share(ranks) * size * per_byte)

    group = Collective(simulation, ranks, part)
    gather = Collective(simulation, ranks, lambda rank, size: simulation.after(0))
    for rank in range(ranks):
        simulation.start(replica(simulation, host, rank, group, gather, parts, steps))
    return simulation.run() / steps


def validate(rounds):
    groups = ("local", "gloo")
    found = {(group, ranks): [] for group in groups for ranks in (1, 2, 4)}
    foreseen = {key: [] for key in found}
    for _ in range(rounds):
        side_by_side = measured_step("--replicas", 2, "--group", "none")
        for group in groups:
            parts = {n: result_of("profile", "--replicas", n, "--group", group) for n in (1, 2, 4)}
            slowdown = max(1.0, side_by_side / seconds_of(parts[2]))
            for ranks in (1, 2, 4):
                foreseen[group, ranks].append(predicted_step(parts[ranks], ranks, slowdown))
                found[group, ranks].append(measured_step("--replicas", ranks, "--group", group))
    print(f"{'group':6} {'replicas':>8} {'predicted [s]':>14} {'measured [s]':>13} {'apart':>7}")
    for (group, ranks), seconds in found.items():
        predicted, measured = statistics.median(foreseen[group, ranks]), statistics.median(seconds)
        print(f"{group:6} {ranks:8} {predicted:14.3f} {measured:13.3f} "
              f"{100 * (predicted / measured - 1):+6.1f}%")


def wire_seconds(cluster, ranks, size):
    """A sum by rings within the hosts and trees across them: reduce-scatter inside, each GPU's part
    over its own network port, all-gather inside."""
    inside = min(ranks, cluster["gpus_per_host"])
    hosts = max(1, ranks // cluster["gpus_per_host"])
    return (2 * (inside - 1) * cluster["link_latency_s"]
            + ring_share(inside) * size / cluster["link_bytes_per_s"]
            + 2 * math.log2(hosts) * cluster["network_latency_s"]
            + ring_share(hosts) * size / inside / cluster["network_bytes_per_s"])


def gpu_parts(cluster, ranks):
    rate = cluster["operations_per_s"] * cluster["share_of_peak"]
    rows = cluster["batch_per_gpu"]
    forward = cluster["forward_operations_per_image"] * rows / rate
    backward = (cluster["step_operations_per_image"]
                - cluster["forward_operations_per_image"]) * rows / rate
    size = cluster["parameters"] * cluster["bytes_per_gradient"]
    count = max(1, math.ceil(size / cluster["bucket_bytes"]))
    return {"forward_s": forward, "backward_s": backward,
            # Logits of the replica's rows with all columns, and their gradients.
            "loss_s": 3 * 2 * 2 * rows * rows * ranks * cluster["projection_dim"] / rate,
            "optimizer_s": 16 * cluster["parameters"] / cluster["memory_bytes_per_s"],
            "feature_bytes": 2 * rows * ranks * cluster["projection_dim"] * 4,
            "buckets": [((i + 1) * backward / count, size / count) for i in range(count)]}


def data_parallel_step(cluster, ranks, steps=2):
    """All GPUs are alike, so one host of them stands for all."""
    simulation = Simulation()
    parts = gpu_parts(cluster, ranks)

    def part(_, size):
        return simulation.after(wire_seconds(cluster, ranks, size))

    seen = min(ranks, cluster["gpus_per_host"])
    group = Collective(simulation, seen, part)
    gather = Collective(simulation, seen, part)
    for rank in range(seen):
        host = Host(simulation)
        simulation.start(replica(simulation, host, rank, group, gather, parts, steps))
    return simulation.run() / steps, seconds_of(parts)


def pipeline_step(cluster, stages, micro_batches):
    """Stages on GPUs of one host; the batch is that of `stages` GPUs."""
    simulation = Simulation()
    alone = gpu_parts(cluster, 1)
    parts = {**{name: stages * alone[name] for name in ("forward_s", "backward_s", "loss_s")},
             "optimizer_s": alone["optimizer_s"], "stages": stages, "micro_batches": micro_batches}
    size = cluster["activation_bytes_per_image"] * cluster["batch_per_gpu"] * stages / micro_batches
    boxes = {(what, s, m): Event() for what in ("features", "taped", "gradient")
             for s in range(stages) for m in range(micro_batches)}
    for stage in range(stages):
        simulation.start(pipeline_stage(
            simulation, Host(simulation), stage, boxes, parts,
            lambda: simulation.after(cluster["link_latency_s"] + size / cluster["link_bytes_per_s"])))
    return simulation.run()


def predict_gpus(cluster):
    rows = cluster["batch_per_gpu"]
    print(f"{cluster['what']}: {rows} images a GPU; computed, not measured")
    print(f"{'GPUs':>5} {'step [s]':>9} {'images/s':>10} {'compute alone [s]':>18} {'efficiency':>10}")
    for ranks in (8, 16, 32, 64, 128, 256, 512, 1024):
        step, compute = data_parallel_step(cluster, ranks)
        print(f"{ranks:5} {step:9.3f} {rows * ranks / step:10.0f} {compute:18.3f} "
              f"{100 * compute / step:9.1f}%")
    print("\nA pipeline on one host, by stages and micro-batches (GradCache, 1F1B):")
    for stages in (2, 4, 8):
        for micro_batches in (stages, 4 * stages, 16 * stages):
            step = pipeline_step(cluster, stages, micro_batches)
            print(f"  {stages} stages, {micro_batches:3} micro-batches: {step:7.3f} s, "
                  f"{rows * stages / step:7.0f} images/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["validate", "gpus"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cluster", type=Path, default=ROOT / "bench" / "cluster.json")
    options = parser.parse_args()
    if options.what == "validate":
        validate(options.rounds)
    else:
        predict_gpus(json.loads(options.cluster.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
