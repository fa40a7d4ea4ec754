#!/usr/bin/env python3
"""Makes tests/data/parity/*.safetensors, what the parity tests compare `arno` with.

Needs PyTorch and safetensors: `pip install torch numpy safetensors`. The fixtures are committed;
run this only to make them anew:  python3 tests/parity/make_fixtures.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

import florence_torch as ft

OUT = Path(__file__).resolve().parent.parent / "data" / "parity"
SMALL = ft.Config(channels=4, depths=(1, 2, 1, 1), head_dim=4, window=4, resolution=64,
                  text_width=12, text_heads=2, text_layers=12, context_length=16, vocab_size=40,
                  projection_dim=12)
BATCH = 6
STEPS = 10


def save(name, tensors):
    OUT.mkdir(parents=True, exist_ok=True)
    save_file({key: value.detach().contiguous() for key, value in tensors.items()},
              OUT / f"{name}.safetensors")


def inputs(generator, config, batch):
    images = torch.randn(batch, 3, config.resolution, config.resolution, generator=generator)
    lengths = torch.tensor([3, 7, 5, 3, 12, 9][:batch])
    tokens = torch.zeros(batch, int(lengths.max()), dtype=torch.long)
    for row, length in enumerate(lengths):
        tokens[row, :length] = torch.randint(1, config.vocab_size - 2, (int(length),),
                                             generator=generator)
    labels = torch.tensor([0, 1, 0, 2, 3, 1][:batch])
    return images, tokens, lengths, labels


def packed(tokens, lengths):
    flat = torch.cat([row[:length] for row, length in zip(tokens, lengths)])
    offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
    return {"in.tokens": flat.int(), "in.offsets": offsets.int()}


def block_fixture():
    """One shifted block on a padded grid: 10 x 10 tokens, window 4."""
    generator = torch.Generator().manual_seed(11)
    block = ft.CoSwinBlock(16, 4, 4, 2)
    ft.randomize(block, 12)
    x = torch.randn(2, 10, 10, 16, generator=generator, requires_grad=True)
    weight = torch.randn(2, 10, 10, 16, generator=generator)
    y = block(x)
    (y * weight).sum().backward()
    tensors = {"in.x": x, "in.weight": weight, "out.y": y, "grad.x": x.grad}
    for name, parameter in block.named_parameters():
        tensors[f"param.{name}"] = parameter
        tensors[f"grad.{name}"] = parameter.grad
    save("coswin_block", tensors)


def training_fixture():
    """The whole small model: features, loss, all gradients, and AdamW after ten steps."""
    generator = torch.Generator().manual_seed(21)
    model = ft.Florence(SMALL)
    ft.randomize(model, 22)
    images, tokens, lengths, labels = inputs(generator, SMALL, BATCH)
    tensors = {"in.images": images.permute(0, 2, 3, 1), "in.labels": labels.int(),
               **packed(tokens, lengths)}
    tensors |= {f"param.{n}": p.detach().clone() for n, p in model.named_parameters()}
    optimizer = torch.optim.AdamW(ft.decay_groups(model, 0.2), lr=1e-3, betas=(0.9, 0.98),
                                  eps=1e-6)
    for step in range(STEPS):
        optimizer.zero_grad()
        image, text = model.encode_image(images), model.encode_text(tokens, lengths)
        loss = ft.unicl_loss(image, text, labels, model.logit_scale)
        loss.backward()
        if step == 0:
            tensors |= {"out.image": image, "out.text": text, "out.loss": loss}
            tensors |= {f"grad.{n}": p.grad.clone() for n, p in model.named_parameters()}
        optimizer.step()
    tensors |= {f"trained.{n}": p for n, p in model.named_parameters()}
    save("florence_small", tensors)


def adamw_fixture():
    """AdamW alone: ten steps of given gradients, one parameter with decay and one without."""
    generator = torch.Generator().manual_seed(31)
    matrix = torch.nn.Parameter(torch.randn(17, 5, generator=generator))
    vector = torch.nn.Parameter(torch.randn(9, generator=generator))
    tensors = {"in.matrix": matrix.detach().clone(), "in.vector": vector.detach().clone(),
               "grads.matrix": torch.randn(STEPS, 17, 5, generator=generator),
               "grads.vector": torch.randn(STEPS, 9, generator=generator)}
    optimizer = torch.optim.AdamW([{"params": [matrix], "weight_decay": 0.2},
                                   {"params": [vector], "weight_decay": 0.0}],
                                  lr=1e-2, betas=(0.9, 0.98), eps=1e-6)
    for step in range(STEPS):
        matrix.grad = tensors["grads.matrix"][step].clone()
        vector.grad = tensors["grads.vector"][step].clone()
        optimizer.step()
    save("adamw", tensors | {"out.matrix": matrix, "out.vector": vector})


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    block_fixture()
    training_fixture()
    adamw_fixture()
    for path in sorted(OUT.glob("*.safetensors")):
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
