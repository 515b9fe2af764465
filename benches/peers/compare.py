"""Runs everybody in turn, A B C D A B C D, and prints medians and ratios as tables."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DIGITPAD = sys.argv[1]
TURNS = int(os.environ.get("TURNS", "5"))
EPOCHS = 10
CORES = os.cpu_count()


def program(command):
    """What a process says as JSON, and its seconds from start to end."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER)
    secs = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1] if "{" in done.stdout else "{}"), secs


def peer(name, *arguments):
    said, secs = program([sys.executable, str(HERE / f"{name}_mlp.py"), *map(str, arguments)])
    return {"epochs": said["epochs"], "secs": secs, "accuracy": said["accuracy"], "version": said["version"]}


def digitpad(*arguments):
    start = time.perf_counter()
    done = subprocess.run([DIGITPAD, *map(str, arguments)], capture_output=True, text=True, cwd=FOLDER)
    secs = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"digitpad {arguments} failed:\n{done.stderr}")
    said = json.loads(done.stdout)
    epochs = [record["elapsed_secs"] for record in said.get("history", [])]
    test = said.get("test") or said
    return {"epochs": epochs, "secs": secs, "accuracy": test["accuracy"], "version": VERSION}


def in_turn(contestants):
    """Each contestant's runs, one of each in every turn."""
    runs = {name: [] for name in contestants}
    for turn in range(TURNS):
        for name, run in contestants.items():
            print(f"turn {turn + 1} of {TURNS}: {name}", file=sys.stderr)
            runs[name].append(run())
    return runs


def spread(values):
    return f"{statistics.median(values):.3f} s ({min(values):.3f}-{max(values):.3f})"


def row(*cells):
    print("|", " | ".join(str(cell) for cell in cells), "|")


def heading(title, *columns):
    print(f"\n### {title}\n")
    row(*columns)
    row(*["---"] * len(columns))


def later(runs):
    """The epochs after each run's first."""
    return [secs for run in runs for secs in run["epochs"][1:]]


def best_threads(*options):
    """One thread or all, whichever makes PyTorch's epochs shorter; and compiled or not."""
    ways = [(threads, compiled) for threads in {1, CORES} for compiled in ([], ["--compile"])]
    secs = {}
    for threads, compiled in ways:
        run = peer("pytorch", "--epochs", 2, "--threads", threads, *compiled, *options)
        secs[threads, *compiled] = run["epochs"][1]
    threads, *compiled = min(secs, key=secs.get)
    shown = ", ".join(f"{' '.join(map(str, way))}: {value:.2f} s" for way, value in secs.items())
    print(f"PyTorch {options}, threads and compilation: {shown}", file=sys.stderr)
    return ["--threads", threads, *compiled]


def recipe():
    torch = best_threads()
    uncompiled = [option for option in torch if option != "--compile"]
    out = str(pathlib.Path(FOLDER) / "weights")
    runs = in_turn(
        {
            "Digitpad": lambda: digitpad(
                "train", "--preset", "keras", "--epochs", EPOCHS, "--json", "--out", out + ".safetensors"
            ),
            "JAX, an epoch a scan": lambda: peer("jax", EPOCHS, out),
            "PyTorch": lambda: peer("pytorch", "--epochs", EPOCHS, "--out", out, *uncompiled),
            "Keras, as the tutorial has it": lambda: peer("keras", EPOCHS, out, 1),
            "Keras, 100 steps a call": lambda: peer("keras", EPOCHS, out, 100),
        }
    )
    ours = runs["Digitpad"]
    heading(
        "The recipe: 784-128-10, batch 32, 48,000 images, validation with 12,000, ten epochs",
        "program", "an epoch", "times ours", "the first epoch", "whole process", "times ours", "test accuracy",
    )
    for name, own in runs.items():
        row(
            f"{name} ({own[0]['version']})" if name != "Digitpad" else own[0]["version"],
            spread(later(own)),
            f"{statistics.median(later(own)) / statistics.median(later(ours)):.1f}",
            spread([run["epochs"][0] for run in own]),
            spread([run["secs"] for run in own]),
            f"{statistics.median(r['secs'] for r in own) / statistics.median(r['secs'] for r in ours):.1f}",
            f"{100 * statistics.mean(run['accuracy'] for run in own):.2f} %",
        )
    print(f"\nPyTorch ran with `{' '.join(map(str, uncompiled))}`, the best of one thread and all.")


def large():
    heading("Larger batches and networks, images a second", "network", "batch", "varied", "Digitpad", "PyTorch", "ratio")
    out = str(pathlib.Path(FOLDER) / "large.safetensors")
    for hidden, batch, examples, varied in [
        ("128", 128, 48_000, False),
        ("128", 512, 48_000, False),
        ("1024,512", 256, 12_000, False),
        ("1024,512", 256, 12_000, True),
    ]:
        options = ["--hidden", hidden, "--batch", batch, "--examples", examples]
        options += ["--varied"] if varied else []
        torch = best_threads(*options)
        # The preset varies 55,000 images and 40,000 generated ones; the other trains on 48,000.
        preset = ["--preset", "best", "--convolutional", "none", "--dropout", 0] if varied else ["--preset", "keras"]
        preset += ["--hidden", hidden, "--batch-size", batch]
        ours_count = 95_000 if varied else 48_000
        runs = in_turn(
            {
                "Digitpad": lambda: digitpad("train", *preset, "--epochs", 2, "--json", "--out", out),
                "PyTorch": lambda: peer("pytorch", "--epochs", 3, *options, *torch),
            }
        )
        ours = ours_count / statistics.median(later(runs["Digitpad"]))
        theirs = examples / statistics.median(later(runs["PyTorch"]))
        shape = f"784-{hidden.replace(',', '-')}-10"
        row(shape, batch, "yes" if varied else "no", f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}")


def evaluation():
    weights = ROOT / "weights" / "digitpad.safetensors"
    runs = in_turn(
        {
            "Digitpad": lambda: digitpad("eval", "--json"),
            "PyTorch": lambda: peer("pytorch", "--eval", weights, "--threads", CORES),
        }
    )
    heading("The 10,000 test images by the built-in model, whole process", "program", "time", "test accuracy")
    for name, own in runs.items():
        row(name, spread([run["secs"] for run in own]), f"{100 * own[0]['accuracy']:.2f} %")


with tempfile.TemporaryDirectory() as FOLDER:
    VERSION = subprocess.run([DIGITPAD, "--version"], capture_output=True, text=True).stdout.strip()
    load = os.getloadavg()[0]
    print(f"{TURNS} turns, {CORES} cores; load at the start {load:.1f}. Medians (least-most).")
    recipe()
    large()
    evaluation()
