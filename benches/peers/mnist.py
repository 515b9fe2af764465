"""MNIST as the program itself holds it, and what all peers say of a run."""

import gzip
import json
import pathlib
import struct
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets" / "mnist"


def _read(name):
    data = gzip.decompress((ASSETS / f"{name}.gz").read_bytes())
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def images(part):
    """[n, 784] float32, 0 is paper and 1 is ink; part is "train" or "t10k"."""
    pixels = _read(f"{part}-images-idx3-ubyte")
    return pixels.reshape(len(pixels), -1).astype(numpy.float32) / numpy.float32(255)


def labels(part):
    """[n] int32."""
    return _read(f"{part}-labels-idx1-ubyte").astype(numpy.int32)


def split(values):
    """What is trained on and what is validated with: the tutorial's last fifth."""
    count = len(values) * 4 // 5
    return values[:count], values[count:]


def read_weights(path):
    """The tensors of a safetensors file, as numpy arrays by name."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        dtype = {"F16": numpy.float16, "F32": numpy.float32}[entry["dtype"]]
        values = numpy.frombuffer(data[start:end], dtype).astype(numpy.float32)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def say(**figures):
    """One line of JSON on standard output, which benches/peers/run reads."""
    json.dump(figures, sys.stdout)
    sys.stdout.write("\n")
