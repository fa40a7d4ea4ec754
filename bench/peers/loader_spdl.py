"""One side of the loader benchmark: SPDL, which decodes, crops and resizes with FFmpeg."""

import argparse
import json
import math
import random
import time
from pathlib import Path

import spdl.io
import torch

MEAN = torch.tensor([255 * m for m in (0.48145466, 0.4578275, 0.40821073)])
SCALE = 1 / torch.tensor([255 * d for d in (0.26862954, 0.26130258, 0.27577711)])


def random_resized_crop(width, height):
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1.0)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return w, h, random.randint(0, width - w), random.randint(0, height - h)
    side = min(width, height)
    return side, side, (width - side) // 2, (height - side) // 2


def load(data):
    packets = spdl.io.demux_image(data)
    crop = ":".join(map(str, random_resized_crop(packets.width, packets.height)))
    flip = "hflip," if random.random() < 0.5 else ""
    filters = f"crop={crop},scale=224:224:flags=bicubic,{flip}format=pix_fmts=rgb24"
    frames = spdl.io.decode_packets(packets, filter_desc=filters)
    pixels = torch.from_numpy(spdl.io.to_numpy(spdl.io.convert_frames(frames)))
    return pixels.float().sub_(MEAN).mul_(SCALE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(1)
    encoded = [path.read_bytes() for path in sorted(Path(args.folder).glob("*.jpg"))]
    rates = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        for data in encoded:
            load(data)
        rates.append(len(encoded) / (time.perf_counter() - start))
    print(json.dumps({"rates": rates}))


if __name__ == "__main__":
    main()
