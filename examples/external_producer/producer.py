#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Feeds a data source of a job: producer.py tcp://127.0.0.1:7300 shapes [FOLDER OF THE JOB KEY]"""
import hmac, struct, sys, time, zmq, zmq.utils.z85
from shapes import sample

def message(kind, name, detail="", lane=-1, number=0, parts=()):
    header = struct.pack("<4sHHiQQqqqHHI", b"ARNO", 1, kind, lane, 0, number, sum(map(len, parts)), -1, -1,
                         len(name), len(detail), len(parts))
    return [header + name.encode() + detail.encode() + b"".join(struct.pack("<Q", len(p)) for p in parts), *parts]

def encrypt(socket, folder):
    key = bytes.fromhex(open(folder + "/job.key").read().split()[-1])
    mixed = hmac.digest(bytes(32), key, "sha256")  # HKDF
    secret = lambda side: zmq.utils.z85.encode(hmac.digest(mixed, b"arno curve %s 1\1" % side, "sha256"))
    socket.curve_serverkey, own = zmq.curve_public(secret(b"listener")), secret(b"connector")
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_public(own), own

def serve(address, source, key_folder=None):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0  # what a lost connection left over is asked for again
    if key_folder: encrypt(socket, key_folder)
    lost, sent = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED), 0
    socket.connect(address)  # tried again and again until the job is there
    socket.send_multipart(message(1, "shapes.py", source))  # hello
    while zmq.select([socket, lost], [], [])[0] != [lost]:
        header, *parts = socket.recv_multipart()
        if struct.unpack_from("<H", header, 6)[0] == 2:
            return print("refused:", header[60:].decode(errors="replace"), flush=True)
        for first, until, attempt in struct.iter_unpack("<QQI", b"".join(parts)):  # what is asked for
            for sent, index in enumerate(range(first, until), sent + 1):
                image, texts = sample(index, attempt)
                fields = struct.pack("<QII", index, attempt, len(texts)) + b"".join(
                    struct.pack("<I", len(t.encode())) + t.encode() for t in texts)
                socket.send_multipart(message(3, "ProducedSample", "", 0, sent, [fields, image]))  # deliver
    print("the job is gone after", sent, "samples; waiting for it", flush=True)

if len(sys.argv) not in (3, 4):
    sys.exit(f"producer.py: found {len(sys.argv) - 1} arguments, expected ADDRESS SOURCE [FOLDER OF THE JOB KEY]")
while True:
    serve(*sys.argv[1:])
    time.sleep(1)
