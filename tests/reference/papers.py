"""Pictures of digits on paper in twelve situations, and how many of them are read rightly.

    papers.py draw SEED COUNT FOLDER DIGITS.jsonl.gz    COUNT pictures of each situation, from labeled strokes
    papers.py blank SEED COUNT FOLDER                   the same papers without a digit
    papers.py score FOLDER                              compares FOLDER/said.jsonl, from `digitpad predict --json`

Needs NumPy and Pillow. See docs/results.md, "Pictures of digits".
"""

import gzip
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SITUATIONS = [
    "plain", "lamp", "soft-shadow", "hard-shadow", "bright-patch", "table",
    "lined", "squared", "pale", "small", "noisy", "board",
]
FINER = 2  # The ink is drawn with so many pixels a pixel.


def coverage(rng, strokes, side, part):
    """The ink of strokes whose longer side is a part of the picture's, as a part of each pixel."""
    points = np.concatenate([np.array(stroke, float)[:, :2] for stroke in strokes])
    low, high = points.min(0), points.max(0)
    scale = part * side / max((high - low).max(), 1e-6)
    middle = rng.uniform(0.36, 0.64, 2) * side
    width = max(1, round(rng.uniform(0.06, 0.13) * part * side * FINER))
    large = Image.new("L", (side * FINER, side * FINER))
    draw = ImageDraw.Draw(large)
    for stroke in strokes:
        places = ((np.array(stroke, float)[:, :2] - (low + high) / 2) * scale + middle) * FINER
        places = [tuple(place) for place in places]
        draw.line(places, fill=255, width=width, joint="curve")
        for x, y in places:
            draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return np.asarray(large.resize((side, side), Image.BOX), float) / 255


def photograph(rng, situation, strokes):
    side = 800 if situation == "small" else int(rng.choice([240, 400, 640]))
    part = rng.uniform(0.04, 0.1) if situation == "small" else rng.uniform(0.3, 0.6)
    ink_of = coverage(rng, strokes, side, part) if strokes else np.zeros((side, side))
    y, x = np.mgrid[0:side, 0:side] / side
    paper = np.array([0.96, 0.95, 0.92]) * rng.uniform(0.85, 1)
    ink = np.array([[0.08, 0.08, 0.1], [0.1, 0.15, 0.45], [0.25, 0.25, 0.27]][rng.integers(3)])
    grain = rng.uniform(0, 0.012)
    tilt = rng.uniform(-0.3, 0.3)
    light = 1 - rng.uniform(0, 0.2) * (x * np.cos(tilt) + y * np.sin(tilt))
    if situation == "lamp":
        at = rng.uniform(-0.2, 1.2, 2)
        light /= 1 + rng.uniform(0.5, 2.5) * ((x - at[0]) ** 2 + (y - at[1]) ** 2)
    if situation in ("soft-shadow", "hard-shadow", "bright-patch"):
        angle = rng.uniform(0, 2 * np.pi)
        offset = rng.uniform(0.2, 0.35) if situation == "bright-patch" else rng.uniform(-0.2, 0.2)
        away = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) - offset
        softness = 0.0005 if situation == "hard-shadow" else rng.uniform(0.001, 0.03)
        beyond = 1 / (1 + np.exp(np.clip(-away / softness, -60, 60)))
        dark = rng.uniform(0.45, 0.8)
        light *= dark + (1 - dark) * (beyond if situation == "bright-patch" else 1 - beyond)
    sheet = np.ones((side, side, 3)) * paper
    if situation in ("lined", "squared"):
        step, thick = rng.uniform(0.1, 0.2) * side, rng.uniform(0.8, 2) * side / 400
        color = np.array([[0.55, 0.65, 0.85], [0.6, 0.6, 0.6], [0.45, 0.45, 0.5], [0.85, 0.6, 0.6]][rng.integers(4)])
        turn, offset = rng.uniform(-0.02, 0.02), rng.uniform(0, step)
        down = (y * np.cos(turn) + x * np.sin(turn)) * side
        across = (x * np.cos(turn) - y * np.sin(turn)) * side
        away = [np.abs((to - offset + step / 2) % step - step / 2) for to in (down, across)]
        away = away[0] if situation == "lined" else np.minimum(*away)
        line = (1 - (away - thick / 2).clip(0, 1))[..., None]
        sheet = sheet * (1 - line) + line * color
    if situation == "pale":
        ink, grain = paper * (1 - rng.uniform(0.09, 0.2)), rng.uniform(0, 0.006)
    if situation == "board":
        sheet, ink = np.ones((side, side, 3)) * np.array([0.12, 0.2, 0.16]), np.array([0.8, 0.8, 0.75])
    if situation == "noisy":
        grain = rng.uniform(0.03, 0.06)
    picture = sheet * (1 - ink_of[..., None]) + ink * ink_of[..., None]
    if situation == "table":
        turn = rng.uniform(-0.15, 0.15)
        u = (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)
        v = (y - 0.5) * np.cos(turn) - (x - 0.5) * np.sin(turn)
        half, sides = rng.uniform(0.38, 0.44), rng.integers(3)
        outside = u < -half
        if sides > 0:
            outside |= v < -half
        if sides > 1:
            outside |= (u > half) | (v > half)
        wood = np.array([[0.28, 0.18, 0.12], [0.15, 0.15, 0.15], [0.45, 0.32, 0.2], [0.35, 0.4, 0.45]][rng.integers(4)])
        rings = 1 + 0.15 * np.sin(v * rng.uniform(60, 120) + 3 * np.sin(u * 9))
        picture = np.where(outside[..., None], wood * rings[..., None], picture)
    picture = Image.fromarray(((picture * light[..., None]).clip(0, 1) * 255).round().astype("uint8"))
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.2) * side / 400))
    noisy = np.asarray(picture, float) / 255 + rng.normal(0, grain, (side, side))[..., None]
    return Image.fromarray((noisy.clip(0, 1) * 255).round().astype("uint8")), int(rng.choice([70, 85, 95]))


def draw(seed, count, folder, digits):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    records = []
    if digits:
        with gzip.open(digits, "rt") as lines:
            records = [json.loads(line) for line in lines]
        records = [record for record in records if len(record["label"]) == 1]
        rng.shuffle(records)
    labels = {}
    for number in range(count * len(SITUATIONS)):
        situation = SITUATIONS[number // count]
        record = records[number % len(records)] if records else {"label": None, "strokes": None}
        picture, quality = photograph(rng, situation, record["strokes"])
        name = f"{situation}-{number % count:03}.jpg"
        picture.save(folder / name, quality=quality)
        labels[name] = record["label"]
    (folder / "labels.json").write_text(json.dumps(labels))


def digit_of(said):
    return str(said.get("digit")) if said.get("is_digit") else None


def score(folder, answer_of):
    labels = json.loads((folder / "labels.json").read_text())
    said = [json.loads(line) for line in (folder / "said.jsonl").read_text().splitlines()]
    answers = {Path(one["file"]).name: answer_of(one) for one in said}
    total, right, wrong = Counter(), Counter(), Counter()
    for name, label in labels.items():
        kind, answer = name[:-8], answers.get(name)
        total[kind] += 1
        right[kind] += answer == label
        wrong[kind] += answer is not None and answer != label
    for kind in total:
        print(f"{kind}: {right[kind]} right, {wrong[kind]} wrong, of {total[kind]}")
    print(f"all: {right.total()} right, {wrong.total()} wrong, of {total.total()}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["draw", seed, count, folder, digits]:
            draw(int(seed), int(count), Path(folder), digits)
        case ["blank", seed, count, folder]:
            draw(int(seed), int(count), Path(folder), None)
        case ["score", folder]:
            score(Path(folder), digit_of)
        case _:
            sys.exit(__doc__)
