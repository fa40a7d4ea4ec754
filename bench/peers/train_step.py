"""One side of the training-step benchmark: the same model and step in PyTorch (eager)."""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "parity"))
import florence_torch as ft

PRESETS = {
    "nano": ft.Config(channels=48, depths=(1, 1, 2, 1), head_dim=16, window=4, resolution=64,
                      text_width=128, text_heads=4, vocab_size=4096),
    "T": ft.Config(),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="T", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--dtype", default="f32", choices=("f32", "bf16"))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    config = PRESETS[args.preset]
    model = ft.Florence(config)
    ft.randomize(model, 1)
    optimizer = torch.optim.AdamW(ft.decay_groups(model, 0.2), lr=1e-5, fused=True)
    images = torch.randn(args.batch, 3, config.resolution, config.resolution)
    # Every text has ten tokens: the mean of FLD-900M with both specials. The peer pads to the
    # longest of the batch, which is the best that padding can do.
    tokens = torch.randint(1, config.vocab_size, (args.batch, 10))
    lengths = torch.full((args.batch,), 10)
    labels = torch.arange(args.batch)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.dtype == "bf16"):
            image, text = model.encode_image(images), model.encode_text(tokens, lengths)
        loss = ft.unicl_loss(image.float(), text.float(), labels, model.logit_scale)
        loss.backward()
        optimizer.step()

    seconds = []
    for number in range(args.warmup + args.steps):
        start = time.perf_counter()
        step()
        if number >= args.warmup:
            seconds.append(time.perf_counter() - start)
    print(json.dumps({"rates": [args.batch / s for s in seconds]}))


if __name__ == "__main__":
    main()
