"""Writes explanation.json: nearest training images and principal components, by NumPy.

    python3 -m venv venv && venv/bin/pip install numpy && venv/bin/python tests/reference/explanation.py

A small convolutional network with weights by a formula, the first images of MNIST's training set, and brute force: every
distance in f64, and the eigenvectors of the whole covariance matrix.
"""

import gzip
import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = 1500
QUERIES = [0, 7, 1499]
COUNT = 8


def read_images(name, count):
    with gzip.open(ROOT / "assets" / "mnist" / name) as file:
        file.read(16)
        pixels = np.frombuffer(file.read(count * 784), dtype=np.uint8)
    return pixels.reshape(count, 28, 28).astype(np.float32).astype(np.float64) / 255.0


def weights(layer, inputs, units):
    """[inputs, units]: a formula, rounded to f32."""
    index = np.arange(inputs * units, dtype=np.float64)
    values = np.sin(0.37 * index * index + layer) * (2.0 / np.sqrt(inputs))
    return values.astype(np.float32).astype(np.float64).reshape(inputs, units)


def biases(layer, units):
    return (0.1 * np.sin(np.arange(units) + layer)).astype(np.float32).astype(np.float64)


def convolve(images, layer, filters, first):
    """images [n, side, side, channels] → ReLU of 5×5 kernels with stride 2."""
    n, side, _, channels = images.shape
    out = (side - first - 5) // 2 + 1
    kernels = weights(layer, 25 * channels, filters)
    result = np.zeros((n, out, out, filters))
    for y in range(out):
        for x in range(out):
            top, left = first + 2 * y, first + 2 * x
            patch = images[:, top : top + 5, left : left + 5, :].reshape(n, -1)
            result[:, y, x, :] = patch @ kernels + biases(layer, filters)
    return np.maximum(result, 0.0)


def features(images):
    x = convolve(images[..., None], 0, 3, 2)
    x = convolve(x, 1, 4, 0)
    x = x.reshape(len(x), -1)
    return np.maximum(x @ weights(2, x.shape[1], 12) + biases(2, 12), 0.0)


def embedding(features):
    """The logits, then the features times the norm of the last weights over the root of their number."""
    last = weights(3, 12, 10)
    scale = np.sqrt((last**2).sum() / 12)
    return np.concatenate([features @ last + biases(3, 10), scale * features], axis=1)


def main():
    train = features(read_images("train-images-idx3-ubyte.gz", IMAGES))
    test = features(read_images("t10k-images-idx3-ubyte.gz", max(QUERIES) + 1))
    near = embedding(train)
    neighbors = []
    for query in QUERIES:
        distances = np.sqrt(((near - embedding(test[query][None])) ** 2).sum(axis=1))
        order = np.argsort(distances, kind="stable")[: COUNT + 1]
        gaps = np.diff(distances[order])
        assert gaps.min() > 1e-5, "the order is beyond rounding"
        neighbors.append(
            {
                "query": query,
                "indices": order[:COUNT].tolist(),
                "distances": distances[order[:COUNT]].tolist(),
            }
        )
    centered = train - train.mean(axis=0)
    values, vectors = np.linalg.eigh(centered.T @ centered)
    axes = vectors[:, ::-1][:, :2].T
    axes = [axis * np.sign(axis[np.abs(axis).argmax()]) for axis in axes]
    largest = values[::-1][:2] / values.sum()
    points = [((test[query] - train.mean(axis=0)) @ np.array(axes).T).tolist() for query in QUERIES]
    exciting = np.argsort(-train[:, 5], kind="stable")[:9]
    reference = {
        "images": IMAGES,
        "neighbors": neighbors,
        "variance": largest.tolist(),
        "points": points,
        "exciting": {"unit": 5, "indices": exciting.tolist(), "outputs": train[exciting, 5].tolist()},
    }
    path = pathlib.Path(__file__).with_name("explanation.json")
    path.write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
