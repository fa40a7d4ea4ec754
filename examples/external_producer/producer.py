#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Feeds a data source of a job with pictures it draws: producer.py tcp://127.0.0.1:7300 shapes"""

import random, struct, sys, time, zlib
import zmq

HELLO, REFUSE, DELIVER = 1, 2, 3
SIDE, COLOURS = 32, {"red": (255, 0, 0), "green": (0, 160, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}

def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

def sample(index, attempt):  # always the same for the same numbers: who asks again gets it again
    draw = random.Random(f"{index} {attempt}")
    name, round_one, size = draw.choice(list(COLOURS)), draw.random() < 0.5, draw.randint(5, 14)
    inside = lambda x, y: (x * x + y * y <= size * size) if round_one else max(abs(x), abs(y)) <= size
    rows = b"".join(b"\0" + b"".join(bytes(COLOURS[name] if inside(x - 16, y - 16) else (255, 255, 255))
                                     for x in range(SIDE)) for y in range(SIDE))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)) \
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return png, [f"a {name} {'disc' if round_one else 'square'}"]

def message(kind, name, detail="", lane=-1, number=0, parts=()):
    header = struct.pack("<4sHHiQQqqqHHI", b"ARNO", 1, kind, lane, 0, number, sum(map(len, parts)), -1, -1,
                         len(name), len(detail), len(parts))
    return [header + name.encode() + detail.encode() + b"".join(struct.pack("<Q", len(p)) for p in parts), *parts]

def serve(address, source):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0  # what a lost connection left over is asked for again
    lost, sent = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED), 0
    socket.connect(address)  # tried again and again until the job is there
    socket.send_multipart(message(HELLO, "shapes.py", source))
    while zmq.select([socket, lost], [], [])[0] != [lost]:
        header, *parts = socket.recv_multipart()
        if struct.unpack_from("<H", header, 6)[0] == REFUSE:
            return print("refused:", header[60:].decode(errors="replace"), flush=True)
        if parts:  # a SampleRequest
            first, until, attempt = struct.unpack("<QQI", parts[0])
            for index in range(first, until):
                image, texts = sample(index, attempt)
                fields = struct.pack("<QII", index, attempt, len(texts)) + b"".join(
                    struct.pack("<I", len(t.encode())) + t.encode() for t in texts)
                sent += 1
                socket.send_multipart(message(DELIVER, "ProducedSample", "", 0, sent, [fields, image]))
    print("the job is gone after", sent, "samples; waiting for it", flush=True)

while True:
    serve(*sys.argv[1:3])
    time.sleep(1)
