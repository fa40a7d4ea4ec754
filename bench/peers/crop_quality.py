"""How close crops that `loader --crops FILE` wrote are to a full decode and resize by PIL.

Prints the PSNR of 8-bit pixels over all crops, and the lowest of one crop, in dB.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 224
MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711])
RECORD = np.dtype([("box", "<i4", 4), ("mirrored", "<i4"), ("pixels", "<f4", (SIDE, SIDE, 3))])


def reference(path, record):
    x, y, width, height = record["box"]
    image = Image.open(path).convert("RGB").crop((x, y, x + width, y + height))
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)
    return pixels[:, ::-1] if record["mirrored"] else pixels


def psnr(squared_error):
    return 10 * np.log10(255**2 / squared_error)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("crops")
    args = parser.parse_args()
    paths = sorted(Path(args.folder).glob("*.jpg"))
    errors = []
    for path, record in zip(paths, np.fromfile(args.crops, RECORD), strict=True):
        pixels = (record["pixels"].astype(np.float64) * DEVIATION + MEAN) * 255
        errors.append(np.mean((pixels - reference(path, record)) ** 2))
    print(f"PSNR against PIL: {psnr(np.mean(errors)):.1f} dB over {len(errors)} crops, "
          f"lowest of a crop {psnr(max(errors)):.1f} dB")


if __name__ == "__main__":
    main()
