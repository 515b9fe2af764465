"""Writes deslant.json: the first training images of MNIST, deslanted and normalized in width by NumPy and SciPy.

    python3 -m venv venv && venv/bin/pip install numpy scipy && venv/bin/python tests/reference/deslant.py

To use a network of Digitpad elsewhere, prepare its images with `deslanted`.
"""

import gzip
import json
import pathlib

import numpy as np
from scipy.ndimage import map_coordinates

HERE = pathlib.Path(__file__).parent


def deslanted(image, deslant, width_normalization):
    """Removes the fraction `deslant` of the slant of a 28x28 image, 0 is paper, and normalizes its width."""
    ink = np.asarray(image, dtype=np.float64)
    if not ink.any():
        return ink
    y, x = np.mgrid[0:28, 0:28].astype(np.float64)
    center_x, center_y = np.average(x, weights=ink), np.average(y, weights=ink)
    x, y = x - center_x, y - center_y
    slant = (ink * x * y).sum() / max((ink * y * y).sum(), 0.5 * ink.sum())
    slant = deslant * np.clip(slant, -1, 1)
    width = np.sqrt(np.average((x - slant * y) ** 2, weights=ink))
    stretch = 1 + width_normalization * (min(width / 3.6, 1.6) - 1)
    rows, columns = np.mgrid[0:28, 0:28].astype(np.float64)
    columns = center_x + slant * (rows - center_y) + stretch * (columns - 14)
    return map_coordinates(ink, [rows, columns], order=1, mode="constant", cval=0)


def main():
    file = HERE.parent.parent / "assets/mnist/train-images-idx3-ubyte.gz"
    images = np.frombuffer(gzip.open(file).read(), np.uint8, offset=16).reshape(-1, 28, 28)
    cases = []
    for index in range(12):
        deslant, width_normalization = [(1, 0), (0, 1), (1, 0.6), (0.5, 0.3)][index % 4]
        result = deslanted(images[index], deslant, width_normalization)
        pixels = np.floor(result + 0.5).astype(int).ravel().tolist()
        image = images[index].ravel().tolist()
        cases.append({"image": image, "deslant": deslant, "width_normalization": width_normalization, "deslanted": pixels})
    (HERE / "deslant.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
