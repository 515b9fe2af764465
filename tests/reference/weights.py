"""Writes weights.json: the logits of the built-in model for the first test images of MNIST, by PyTorch.

    python3 -m venv venv && venv/bin/pip install torch numpy safetensors && venv/bin/python tests/reference/weights.py

To use a network of Digitpad in PyTorch, load it with `network`.
"""

import gzip
import json
import pathlib

import torch
from safetensors import safe_open

ROOT = pathlib.Path(__file__).parent.parent.parent
ACTIVATIONS = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky-relu": torch.nn.LeakyReLU,
    "gelu": torch.nn.GELU,
}


class Crop(torch.nn.Module):
    """Leaves out the rows and columns before the first kernel."""

    def __init__(self, first):
        super().__init__()
        self.first = first

    def forward(self, x):
        return x[:, :, self.first :, self.first :]


def network(path):
    """A module from images [n, 1, 28, 28], 0 is paper and 1 is ink, to logits [n, 10]."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}
    modules = []
    convolutions = json.loads(metadata.get("convolutional", "[]"))
    for index in range(len(tensors) // 2):
        weight, bias = tensors[f"layers.{index}.weight"], tensors[f"layers.{index}.bias"]
        if index:
            modules.append(ACTIVATIONS[metadata["activation"]]())
        if index < len(convolutions):
            shape = convolutions[index]
            layer = torch.nn.Conv2d(weight.shape[1], weight.shape[0], shape["kernel"], shape["stride"])
            modules.append(Crop(shape["first"]))
        else:
            layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
            modules.append(torch.nn.Flatten())
        layer.load_state_dict({"weight": weight, "bias": bias})
        modules.append(layer)
    return torch.nn.Sequential(*modules)


def main():
    packed = gzip.open(ROOT / "assets/mnist/t10k-images-idx3-ubyte.gz").read()[16 : 16 + 20 * 784]
    images = torch.frombuffer(bytearray(packed), dtype=torch.uint8).reshape(-1, 1, 28, 28) / 255
    with torch.no_grad():
        logits = network(ROOT / "weights/digitpad.safetensors")(images)
    rows = [[round(value, 5) for value in row] for row in logits.tolist()]
    pathlib.Path(__file__).with_name("weights.json").write_text(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
