"""One side of the loader benchmark: DALI's CPU pipeline with a decoder that crops."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from nvidia.dali import fn, pipeline_def, types

MEAN = [255 * m for m in (0.48145466, 0.4578275, 0.40821073)]
DEVIATION = [255 * d for d in (0.26862954, 0.26130258, 0.27577711)]


@pipeline_def(num_threads=1, device_id=None)
def crops(encoded):
    data = fn.external_source(source=lambda: encoded, dtype=types.UINT8, ndim=1)
    images = fn.decoders.image_random_crop(data, device="cpu", output_type=types.RGB,
                                           random_area=[0.08, 1.0],
                                           random_aspect_ratio=[3 / 4, 4 / 3])
    images = fn.resize(images, size=[224, 224], interp_type=types.INTERP_CUBIC, antialias=True)
    return fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout="HWC", mean=MEAN,
                                    std=DEVIATION, mirror=fn.random.coin_flip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    encoded = [np.fromfile(path, np.uint8) for path in sorted(Path(args.folder).glob("*.jpg"))]
    pipeline = crops(encoded, batch_size=len(encoded), seed=1)
    pipeline.build()
    pipeline.run()
    # Batches are made ahead: only many of them take as long as their work.
    rates = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        batches = 4
        for _ in range(batches):
            pipeline.run()
        rates.append(batches * len(encoded) / (time.perf_counter() - start))
    print(json.dumps({"rates": rates}))


if __name__ == "__main__":
    main()
