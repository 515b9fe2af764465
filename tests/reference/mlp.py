"""Writes mlp.json: what PyTorch computes for the networks that tests/reference.rs builds.

    python3 -m venv venv && venv/bin/pip install torch && venv/bin/python tests/reference/mlp.py

Weights and images follow formulas, so that both programs have the same without a file between
them. Everything is computed in float64; the tests compare float32 with it.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
BATCH = 6


def wave(count, step, shift):
    """count values in -1..1 that hardly repeat."""
    return torch.sin(torch.arange(count) * step + shift)


def images():
    """[BATCH, 784], 0 is paper, 255 is ink; about a quarter of it lit, as whole bytes."""
    raw = torch.floor(wave(BATCH * 784, 0.37, 0.2) * 700 - 445)
    return (raw.clamp(0, 255) / 255).reshape(BATCH, 784)


def network(widths, activation):
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        linear = torch.nn.Linear(inputs, outputs)
        limit = (6 / (inputs + outputs)) ** 0.5
        with torch.no_grad():
            linear.weight.copy_(wave(inputs * outputs, 0.618, index).reshape(outputs, inputs) * limit)
            linear.bias.copy_(wave(outputs, 0.9, index + 0.5) * 0.1)
        layers += [linear, activation()]
    return torch.nn.Sequential(*layers[:-1])


def case(hidden, name, activation, smoothing, weight_decay):
    model = network([784, *hidden, 10], activation)
    x, labels = images(), torch.arange(BATCH) * 7 % 10
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)
    logits = model(x)
    loss_of(logits, labels).backward()
    result = {
        "hidden": hidden,
        "activation": name,
        "label_smoothing": smoothing,
        "weight_decay": weight_decay,
        "logits": logits.tolist(),
        "probabilities": torch.softmax(logits, 1).tolist(),
        "gradient_norms": [p.grad.norm().item() for p in model.parameters()],
    }
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=0.01,
    )
    result["losses"] = []
    for step in range(1, 6):
        # Keras adds its epsilon before the second moment's correction, PyTorch after it.
        for group in optimiser.param_groups:
            group["eps"] = 1e-7 / (1 - 0.999**step) ** 0.5
        optimiser.zero_grad()
        loss = loss_of(model(x), labels)
        loss.backward()
        result["losses"].append(loss.item())
        optimiser.step()
    result["logits_after"] = model(x).tolist()
    return result


cases = [
    case([], "relu", torch.nn.ReLU, 0.0, 0.0),
    case([12], "relu", torch.nn.ReLU, 0.0, 0.0),
    case([12], "sigmoid", torch.nn.Sigmoid, 0.0, 0.0),
    case([12], "tanh", torch.nn.Tanh, 0.0, 0.0),
    case([33, 17], "relu", torch.nn.ReLU, 0.1, 0.0),
    case([33, 17], "tanh", torch.nn.Tanh, 0.0, 0.2),
]
target = pathlib.Path(__file__).with_name("mlp.json")
target.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1) + "\n")
