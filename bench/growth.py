#!/usr/bin/env python3
"""Measures how costs grow, and draws them.

    bench/growth.py                  measures everything (about 5 minutes) and draws it
    bench/growth.py batch shards     measures these, keeps the others, draws all
    bench/growth.py --draw           draws what was measured before

What was measured is kept in build/bench-growth.json; the plots go to docs/images/growth-*.svg.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from svg_plot import Plot, Series, draw, median

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release" / "bench"
PEERS = str(ROOT / os.environ.get("ARNO_PEERS", ".venv") / "bin" / "python")
PEER_STEP = str(ROOT / "bench" / "peers" / "train_step.py")
KEPT = ROOT / "build" / "bench-growth.json"
IMAGES = ROOT / "docs" / "images"
MODELS = ["nano", "T", "S", "B"]


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def result_of(*command):
    return json.loads(run(*command).strip().split("\n")[-1])


def step_ms(*options):
    """Milliseconds an image of each timed step."""
    return [1e3 / rate for rate in result_of(BUILD / "train_step", *options)["rates"]]


def peer_step_ms(batch):
    with tempfile.TemporaryDirectory() as folder:
        shape = ["--preset", "nano", "--batch", batch]
        inputs = Path(folder) / "inputs.safetensors"
        run(PEERS, PEER_STEP, *shape, "--write", inputs)
        rates = result_of(PEERS, PEER_STEP, *shape, "--inputs", inputs)["rates"]
    return [1e3 / rate for rate in rates]


def measure_batch():
    batches = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    return {"arno": [(n, step_ms("--preset", "nano", "--batch", n)) for n in batches],
            "PyTorch eager": [(n, peer_step_ms(n)) for n in batches[::2]]}


def measure_size():
    sizes = [112, 160, 224, 320, 448]
    return {"arno": [(n, step_ms("--preset", "T", "--batch", 4, "--resolution", n, "--steps", 2))
                     for n in sizes]}


def measure_model():
    shape = ["--batch", 4, "--resolution", 224, "--steps", 2]
    return {"arno": [(n, step_ms("--preset", model, *shape)) for n, model in enumerate(MODELS)]}


def measure_texts():
    texts = [1, 2, 4, 8, 16, 32, 64, 128]
    return {"arno": [(n, step_ms("--preset", "nano", "--batch", 128, "--texts", n))
                     for n in texts]}


def read_shards(folder, sources, shards):
    return result_of(BUILD / "shards", folder, "--sources", sources, "--shards", shards)


def measure_shards():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        results = [(n, read_shards(folder, 1, n)) for n in (10, 100, 1000, 10000)]
    return {"a read": [(n, [1e6 / rate for rate in r["rates"]]) for n, r in results],
            "opening, a shard": [(n, [1e6 * r["open_seconds"] / n]) for n, r in results]}


def measure_sources():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        results = [(n, read_shards(folder, n, 1000)) for n in (1, 10, 100, 1000)]
    return {"a read": [(n, [1e6 / rate for rate in r["rates"]]) for n, r in results],
            "opening, a shard": [(n, [1e6 * r["open_seconds"] / 1000]) for n, r in results]}


PLOTS = {
    "batch": (measure_batch, Plot(
        "Time of an image against the batch", "training step, nano at 64 pixels, f32, 2 threads",
        "images of a batch", "ms an image", [], ticks_x=[1, 2, 4, 8, 16, 32, 64, 128, 256])),
    "size": (measure_size, Plot(
        "Time of an image against its size", "training step, CoSwin-T, batch 4, f32, 2 threads",
        "pixels of a side", "ms an image", [], ticks_x=[112, 160, 224, 320, 448])),
    "model": (measure_model, Plot(
        "Time of an image against the model", "training step, 224 pixels, batch 4, f32, 2 threads",
        "CoSwin preset", "ms an image", [], log_x=False, ticks_x=list(range(len(MODELS))),
        names_x=MODELS)),
    "texts": (measure_texts, Plot(
        "Time of an image against different texts in a batch",
        "training step, nano at 64 pixels, batch 128, f32, 2 threads", "different texts",
        "ms an image", [], log_y=False, ticks_x=[1, 2, 4, 8, 16, 32, 64, 128])),
    "shards": (measure_shards, Plot(
        "Reading against the number of shards",
        "one source of 40,000 samples of 1 kB, training order, one thread", "shards",
        "\N{MICRO SIGN}s a read, a shard", [], ticks_x=[10, 100, 1000, 10000])),
    "sources": (measure_sources, Plot(
        "Reading against the number of sources",
        "1,000 shards with 40,000 samples of 1 kB in all, training order, one thread", "sources",
        "\N{MICRO SIGN}s a read, a shard", [], ticks_x=[1, 10, 100, 1000])),
}


def draw_all(measured):
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, (_, plot) in PLOTS.items():
        if name not in measured:
            continue
        plot.series = [Series(*item) for item in measured[name].items()]
        (IMAGES / f"growth-{name}.svg").write_text(draw(plot), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *PLOTS], help="default: all")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    args = parser.parse_args()
    measured = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in [] if args.draw else args.names or PLOTS:
        measured[name] = PLOTS[name][0]()
        KEPT.write_text(json.dumps(measured, indent=1))
        for series, points in measured[name].items():
            shown = ", ".join(f"{x}: {median(values):.3g}" for x, values in points)
            print(f"{name}, {series} [{PLOTS[name][1].y_label}]  {shown}", flush=True)
    draw_all(measured)


if __name__ == "__main__":
    main()
