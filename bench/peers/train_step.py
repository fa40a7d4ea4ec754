"""One side of the training-step benchmark: the same model and step in PyTorch.

    train_step.py --write FILE ...    draws weights and inputs for both sides
    train_step.py --inputs FILE ...   measures; with --compile through torch.compile
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "parity"))
import florence_torch as ft

PRESETS = {
    "nano": ft.Config(channels=48, depths=(1, 1, 2, 1), head_dim=16, window=4, resolution=64,
                      text_width=128, text_heads=4, vocab_size=4096),
    "T": ft.Config(),
}
# Every text has ten tokens: the mean of FLD-900M with both specials. The peer pads to the longest
# of the batch, which is the best that padding can do.
TOKENS_OF_A_TEXT = 10


def write_inputs(path, config, batch):
    torch.manual_seed(0)
    model = ft.Florence(config)
    ft.randomize(model, 1)
    tensors = {"param." + name: value.detach() for name, value in model.named_parameters()}
    tensors["in.images"] = torch.randn(batch, config.resolution, config.resolution, 3)
    tensors["in.tokens"] = torch.randint(1, config.vocab_size, (batch, TOKENS_OF_A_TEXT),
                                         dtype=torch.int32)
    save_file(tensors, path)


class Step:
    def __init__(self, config, inputs, dtype, compiled):
        self.model = ft.Florence(config)
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(inputs["param." + name])
        self.optimizer = torch.optim.AdamW(ft.decay_groups(self.model, 0.2), lr=1e-3,
                                           betas=(0.9, 0.98), eps=1e-6, fused=True)
        self.images = inputs["in.images"].permute(0, 3, 1, 2).contiguous()
        self.tokens = inputs["in.tokens"].long()
        self.lengths = torch.full((len(self.tokens),), TOKENS_OF_A_TEXT)
        self.labels = torch.arange(len(self.tokens))
        self.bf16 = dtype == "bf16"
        self.encode = torch.compile(self.encode_both) if compiled else self.encode_both

    def encode_both(self, images, tokens, lengths):
        return self.model.encode_image(images), self.model.encode_text(tokens, lengths)

    def features(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            image, text = self.encode(self.images, self.tokens, self.lengths)
        return image.float(), text.float()

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = ft.unicl_loss(*self.features(), self.labels, self.model.logit_scale)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def forward(self):
        self.features()


def seconds_of(work, repeats):
    out = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        out.append(time.perf_counter() - start)
    return out


def reset_peak_memory():
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory_bytes():
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write")
    parser.add_argument("--inputs")
    parser.add_argument("--preset", default="T", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--dtype", default="f32", choices=("f32", "bf16"))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = PRESETS[args.preset]
    if args.write:
        write_inputs(args.write, config, args.batch)
        return
    step = Step(config, load_file(args.inputs), args.dtype, args.compile)
    loss = step.train()  # also warms up, and compiles
    reset_peak_memory()
    rates = [args.batch / s for s in seconds_of(step.train, args.steps)]
    peak = peak_memory_bytes()
    step.forward()
    forward_rates = [args.batch / s for s in seconds_of(step.forward, args.steps)]
    print(json.dumps({"rates": rates, "forward_rates": forward_rates, "loss": loss,
                      "peak_bytes": peak}))


if __name__ == "__main__":
    main()
