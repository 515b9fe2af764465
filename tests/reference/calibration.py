"""Writes calibration.json: reliability bins and expected calibration errors, by NumPy.

    python3 -m venv venv && venv/bin/pip install numpy && venv/bin/python tests/reference/calibration.py

Guo et al. (2017), equation 3, with 15 bins of equal width, each open below and closed above; the
bin of a confidence is found by comparing it with the edges, one bin at a time, as in the authors'
own temperature_scaling.py. Confidences are float32, as the network gives them.
"""

import json
import pathlib

import numpy as np

BINS = 15


def reliability(name, confidences, right):
    confidences = np.asarray(confidences, dtype=np.float32)
    right = np.asarray(right, dtype=bool)
    edges = np.linspace(0, 1, BINS + 1)
    wide = confidences.astype(np.float64)
    counts, means, accuracies, ece = [], [], [], 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        members = (wide > low) & (wide <= high)
        count = int(members.sum())
        mean = float(wide[members].mean()) if count else 0.0
        accuracy = float(right[members].mean()) if count else 0.0
        if count:
            ece += abs(accuracy - mean) * count / len(wide)
        counts.append(count)
        means.append(mean)
        accuracies.append(accuracy)
    return {
        "name": name,
        "confidences": [float(value) for value in confidences],
        "right": right.tolist(),
        "counts": counts,
        "mean_confidences": means,
        "accuracies": accuracies,
        "ece": float(ece),
    }


def main():
    random = np.random.default_rng(2017)
    spread = random.uniform(0.1, 1.0, 300)
    sure = 1.0 - random.exponential(0.02, 200).clip(0, 0.9)
    cases = [
        reliability("calibrated", spread, random.uniform(size=300) < spread),
        reliability("too sure", spread, random.uniform(size=300) < spread**2),
        reliability("too modest", spread, random.uniform(size=300) < np.sqrt(spread)),
        reliability("sure of nearly all", sure, random.uniform(size=200) < 0.97),
        reliability("one bin", np.full(7, 0.5), [True] * 4 + [False] * 3),
    ]
    path = pathlib.Path(__file__).with_name("calibration.json")
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
