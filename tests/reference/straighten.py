"""Writes straighten.json: the first training images of MNIST made upright and evenly wide, by NumPy and SciPy.

    python3 -m venv venv && venv/bin/pip install numpy scipy && venv/bin/python tests/reference/straighten.py

Whoever takes a network of Digitpad's elsewhere can prepare its images with `straightened`.
"""

import gzip
import json
import pathlib

import numpy as np
from scipy.ndimage import map_coordinates

HERE = pathlib.Path(__file__).parent


def straightened(image, upright, even_width):
    """A 28x28 image, 0 is paper: `upright` of its slant goes, and its width comes `even_width` of the way."""
    ink = np.asarray(image, dtype=np.float64)
    if not ink.any():
        return ink
    y, x = np.mgrid[0:28, 0:28].astype(np.float64)
    centre_x, centre_y = np.average(x, weights=ink), np.average(y, weights=ink)
    x, y = x - centre_x, y - centre_y
    slant = (ink * x * y).sum() / max((ink * y * y).sum(), 0.5 * ink.sum())
    slant = upright * np.clip(slant, -1, 1)
    width = np.sqrt(np.average((x - slant * y) ** 2, weights=ink))
    stretch = 1 + even_width * (min(width / 3.6, 1.6) - 1)
    rows, columns = np.mgrid[0:28, 0:28].astype(np.float64)
    columns = centre_x + slant * (rows - centre_y) + stretch * (columns - 14)
    return map_coordinates(ink, [rows, columns], order=1, mode="constant", cval=0)


def main():
    file = HERE.parent.parent / "assets/mnist/train-images-idx3-ubyte.gz"
    images = np.frombuffer(gzip.open(file).read(), np.uint8, offset=16).reshape(-1, 28, 28)
    cases = []
    for index in range(12):
        upright, even_width = [(1, 0), (0, 1), (1, 0.6), (0.5, 0.3)][index % 4]
        straight = straightened(images[index], upright, even_width)
        pixels = np.floor(straight + 0.5).astype(int).ravel().tolist()
        image = images[index].ravel().tolist()
        cases.append({"image": image, "upright": upright, "even_width": even_width, "straight": pixels})
    (HERE / "straighten.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
