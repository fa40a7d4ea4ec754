"""One side of the loader benchmark: PIL decode and torchvision's random resized crop."""

import argparse
import io
import json
import time
from pathlib import Path

import torch
from PIL import Image
from torchvision.transforms import v2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    encoded = [path.read_bytes() for path in sorted(Path(args.folder).glob("*.jpg"))]
    transform = v2.Compose([
        v2.RandomResizedCrop(224, scale=(0.08, 1.0), interpolation=v2.InterpolationMode.BICUBIC),
        v2.RandomHorizontalFlip(),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    ])
    rates = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        for data in encoded:
            transform(Image.open(io.BytesIO(data)).convert("RGB"))
        rates.append(len(encoded) / (time.perf_counter() - start))
    print(json.dumps({"rates": rates}))


if __name__ == "__main__":
    main()
