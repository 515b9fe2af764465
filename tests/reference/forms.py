"""Pictures of numbers in printed boxes, and how many of them are read rightly.

    forms.py draw SEED COUNT FOLDER DIGITS.jsonl.gz    COUNT pictures of each kind, from labeled strokes
    forms.py plain SEED COUNT FOLDER DIGITS.jsonl.gz   the same pictures without lines
    forms.py blank SEED COUNT FOLDER                   the same forms without digits
    forms.py score FOLDER                              compares FOLDER/said.jsonl, from `digitpad predict --numbers --json`

A kind is a layout of the boxes and how their digits fit. All digits of a number are one writer's. Lines are thin or
as thick as a pen, gray, black or colored; half of the forms are turned by up to 3 degrees; half are photographed: blur,
grain, light that falls off. Needs NumPy and Pillow. See docs/results.md, "Numbers in printed boxes".
"""

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import papers

LAYOUTS = ["boxes", "cells", "comb", "single", "underline"]
FITS = ["inside", "touching", "crossing"]
FINER = 3  # Everything is drawn with so many pixels a pixel.
LINES = [[0.1, 0.1, 0.1], [0.45, 0.45, 0.45], [0.65, 0.65, 0.65], [0.85, 0.25, 0.2], [0.25, 0.4, 0.8], [0.9, 0.55, 0.2], [0.2, 0.55, 0.3]]


class Form:
    """Where its cells and lines are, upright, in pixels."""

    def __init__(self, rng, layout, cells):
        self.high = rng.uniform(45, 150)
        self.wide = self.high * rng.uniform(0.65, 1.05)
        gap = self.high * rng.uniform(0.08, 0.4) if layout == "boxes" else 0
        self.thick = self.high * (rng.uniform(0.012, 0.03) if rng.integers(2) else rng.uniform(0.03, 0.06))
        self.thick = max(self.thick, 1.0)
        left, top = self.high * rng.uniform(0.3, 0.8, 2)
        self.lefts = [left + cell * (self.wide + gap) for cell in range(cells)]
        self.top, self.bottom = top, top + self.high
        right = self.lefts[-1] + self.wide
        self.size = [round(right + self.high * rng.uniform(0.3, 0.8)), round(self.bottom + self.high * rng.uniform(0.3, 0.8))]
        self.side = 1 if rng.integers(4) == 0 else 3  # People cross the bottom line more often than the top one.
        self.is_closed = layout in ("boxes", "cells", "single")
        level = lambda y, start, end: ((start, y), (end, y))
        edges = [*self.lefts, right]
        if layout in ("boxes", "single"):
            self.lines = []
            for x in self.lefts:
                self.lines += [level(self.top, x, x + self.wide), level(self.bottom, x, x + self.wide)]
                self.lines += [((x, self.top), (x, self.bottom)), ((x + self.wide, self.top), (x + self.wide, self.bottom))]
        elif layout == "cells":
            self.lines = [level(self.top, left, right), level(self.bottom, left, right)]
            self.lines += [((x, self.top), (x, self.bottom)) for x in edges]
        elif layout == "comb":
            tick = self.high * (rng.uniform(0.2, 0.5) if rng.integers(3) else 1)
            self.lines = [level(self.bottom, left, right)]
            self.lines += [((x, self.bottom - tick), (x, self.bottom)) for x in edges]
        else:
            self.lines = [level(self.bottom, left, right)]

    def place(self, rng, fit, cell, strokes, pen):
        """The strokes of a digit in its cell, in pixels."""
        points = [np.array(stroke, float)[:, :2] for stroke in strokes]
        low, high = np.concatenate(points).min(0), np.concatenate(points).max(0)
        extent = np.maximum(high - low, 1)
        room = np.array([self.wide, self.high]) - self.thick - pen
        scale = min(room / extent) * rng.uniform(0.65, 0.85)
        extent = extent * scale
        corner = np.array([self.lefts[cell], self.top]) + (self.thick + pen) / 2
        free = room - extent
        at = corner + free * rng.uniform(0.25, 0.75, 2)
        if not self.is_closed:
            # People write on a line.
            at[1] = corner[1] + free[1] - self.high * rng.uniform(0.05, 0.15)
        if fit != "inside":
            # From touching the line to beyond it, on one side.
            side = [self.side, self.side, self.side, self.side, 0, 2][rng.integers(6)] if self.is_closed else 3
            axis, is_far = side % 2, side > 1
            beyond = rng.uniform(0.3, 0.9) * self.thick
            if fit == "crossing":
                beyond = self.thick + pen + rng.uniform(0.05, 0.15) * extent[axis]
            at[axis] = corner[axis] + (free[axis] + beyond if is_far else -beyond)
        return [(stroke - low) * scale + at for stroke in points]


def pen_lines(lines, width, size):
    """The ink of a pen, finer than the picture."""
    picture = Image.new("L", [side * FINER for side in size])
    draw = ImageDraw.Draw(picture)
    width = max(1, round(width * FINER))
    for line in lines:
        places = [tuple(place) for place in np.array(line) * FINER]
        draw.line(places, fill=255, width=width, joint="curve")
        for x, y in places:
            draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return picture


def printed_lines(lines, width, size):
    """Lines with square ends, so that corners are whole."""
    picture = Image.new("L", [side * FINER for side in size])
    draw = ImageDraw.Draw(picture)
    for (x0, y0), (x1, y1) in lines:
        draw.rectangle([(at * FINER) for at in (x0 - width / 2, y0 - width / 2, x1 + width / 2, y1 + width / 2)], fill=255)
    return picture


def photograph(rng, layout, fit, digits, has_lines):
    """A form with the strokes of digits, `None` for an empty cell."""
    form = Form(rng, layout, len(digits))
    pen = form.high * rng.uniform(0.035, 0.09)
    while True:
        each = [pen_lines(form.place(rng, fit, cell, digit, pen), pen, form.size) for cell, digit in enumerate(digits) if digit]
        # Digits do not touch each other.
        inks = [np.asarray(one.reduce(FINER).filter(ImageFilter.MaxFilter(3))) > 0 for one in each]
        if np.sum(inks, 0).max() < 2:
            break
    ink = np.maximum.reduce([np.asarray(one) for one in each]) if each else np.zeros([side * FINER for side in form.size[::-1]])
    turn = rng.uniform(-3, 3) if rng.integers(2) else 0.0
    lines = printed_lines(form.lines, form.thick, form.size)
    flat = lambda layer: np.asarray(layer.rotate(turn, Image.BICUBIC).resize(form.size, Image.BOX), float)[..., None] / 255
    lines, ink = flat(lines), flat(Image.fromarray(ink.astype("uint8")))
    tone = np.array([[0.08, 0.08, 0.1], [0.1, 0.15, 0.45], [0.25, 0.25, 0.27]][rng.integers(3)])
    lines = lines * has_lines
    print_tone = np.array(LINES[rng.integers(len(LINES))])
    picture = np.array([0.96, 0.95, 0.92]) * rng.uniform(0.85, 1) * (1 - lines) + print_tone * lines
    picture = picture * (1 - ink) + tone * ink
    quality = 95
    if rng.integers(2):
        y, x = np.mgrid[0 : form.size[1], 0 : form.size[0]] / max(form.size)
        at = rng.uniform(-0.2, 1.2, 2)
        picture *= (1 / (1 + rng.uniform(0.2, 1) * ((x - at[0]) ** 2 + (y - at[1]) ** 2)))[..., None]
        picture = Image.fromarray((picture.clip(0, 1) * 255).round().astype("uint8"))
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.003, 0.012) * form.high))
        picture = np.asarray(picture, float) / 255
        picture = picture + rng.normal(0, rng.uniform(0, 0.012), picture.shape[:2])[..., None]
        quality = int(rng.choice([60, 75, 90]))
    return Image.fromarray((picture.clip(0, 1) * 255).round().astype("uint8")), quality


def draw(seed, count, folder, digits, has_lines=True):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    by_writer = defaultdict(list)
    if digits:
        with gzip.open(digits, "rt") as lines:
            for record in map(json.loads, lines):
                points = np.array([place[:2] for stroke in record["strokes"] for place in stroke])
                # A tap or a dash is a fault of the file, not a digit.
                if len(str(record["label"])) == 1 and np.ptp(points[:, 1]) > 200:
                    by_writer[record["writer"]].append(record)
    writers = sorted(writer for writer, own in by_writer.items() if len(own) >= 8)
    labels = {}
    for number in range(count * len(LAYOUTS) * len(FITS)):
        layout, fit = LAYOUTS[number // count // len(FITS)], FITS[number // count % len(FITS)]
        cells = 1 if layout == "single" else int(rng.integers(2, 9))
        written = [None] * cells
        if digits:
            own = by_writer[writers[rng.integers(len(writers))]]
            written = [own[index] for index in rng.integers(len(own), size=cells)]
            if layout != "underline" and cells > 2 and rng.integers(3) == 0:
                for cell in rng.choice(cells, int(rng.integers(1, cells - 1)), replace=False):
                    written[cell] = None
        strokes = [record and record["strokes"] for record in written]
        picture, quality = photograph(rng, layout, fit, strokes, has_lines)
        name = f"{layout}-{fit}-{number % count:03}.jpg"
        picture.save(folder / name, quality=quality)
        labels[name] = "".join(str(record["label"]) for record in written if record) or None
    (folder / "labels.json").write_text(json.dumps(labels))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["draw", seed, count, folder, digits]:
            draw(int(seed), int(count), Path(folder), digits)
        case ["plain", seed, count, folder, digits]:
            draw(int(seed), int(count), Path(folder), digits, has_lines=False)
        case ["blank", seed, count, folder]:
            draw(int(seed), int(count), Path(folder), None)
        case ["score", folder]:
            papers.score(Path(folder), lambda said: said.get("number"))
        case _:
            sys.exit(__doc__)
