"""Writes mlp.json: the numbers of PyTorch for the networks of src/training/tests/reference.rs.

    python3 -m venv venv && venv/bin/pip install torch && venv/bin/python tests/reference/mlp.py

Weights and images follow formulas, so that both programs have the same without a file. PyTorch computes in float64; the
tests compare float32 with it.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
BATCH = 6
ACTIVATIONS = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky-relu": torch.nn.LeakyReLU,
    "gelu": torch.nn.GELU,
}
ADAM = {"kind": "adam"}


def wave(count, step, shift):
    """count values in -1..1 that hardly repeat."""
    return torch.sin(torch.arange(count) * step + shift)


def images():
    """[BATCH, 784], 0 is paper, 255 is ink; about a quarter of the pixels have ink, as whole bytes."""
    raw = torch.floor(wave(BATCH * 784, 0.37, 0.2) * 700 - 445)
    return (raw.clamp(0, 255) / 255).reshape(BATCH, 784)


# The side of the grid behind each convolutional layer.
SIDES = [11, 4]


def network(filters, hidden):
    """Convolutions with 5x5 kernels and stride 2, then fully connected layers."""
    result, inputs = [], 1
    for channels in filters:
        result.append(torch.nn.Conv2d(inputs, channels, 5, stride=2))
        inputs = channels
    inputs = inputs * SIDES[len(filters) - 1] ** 2 if filters else 784
    for units in [*hidden, 10]:
        result.append(torch.nn.Linear(inputs, units))
        inputs = units
    for index, layer in enumerate(result):
        units, fan_in = layer.weight.shape[0], layer.weight[0].numel()
        limit = (6 / (fan_in + units)) ** 0.5
        with torch.no_grad():
            layer.weight.copy_(wave(units * fan_in, 0.618, index).reshape(layer.weight.shape) * limit)
            layer.bias.copy_(wave(units, 0.9, index + 0.5) * 0.1)
    return torch.nn.ModuleList(result)


MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def finalized(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def mixed(value):
    """The next value of SplitMix64."""
    return finalized((value + GOLDEN) & MASK)


def dropout_factors(dropout, layer, shape):
    """The dropout factors of a hidden layer. Those of a convolutional one are in the order of its positions."""
    if len(shape) == 4:
        batch, channels, *sides = shape
        factors = dropout_factors(dropout, layer, (batch, channels * sides[0] * sides[1]))
        return factors.reshape(batch, *sides, channels).permute(0, 3, 1, 2)
    width = shape[1]
    key = mixed((mixed(dropout["seed"]) + dropout["step"]) & MASK)
    dropped = int(dropout["rate"] * 2**32)
    rows = []
    for row in range(BATCH):
        state = mixed(key ^ mixed((layer << 32) | row))
        values = []
        while len(values) < width:
            state = (state + GOLDEN) & MASK
            random = finalized(state)
            values += [random & 0xFFFFFFFF, random >> 32]
        rows.append([0.0 if value < dropped else 1 / (1 - dropout["rate"]) for value in values[:width]])
    return torch.tensor(rows)


def torch_optimizer_of(settings, model, rate):
    weights = [p for p in model.parameters() if p.dim() > 1]
    biases = [p for p in model.parameters() if p.dim() == 1]
    kind = settings["kind"]
    if kind == "sgd":
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=settings.get("momentum", 0.0))
    if kind == "rmsprop":
        return torch.optim.RMSprop(model.parameters(), lr=rate, alpha=0.9, eps=1e-7)
    betas = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
    groups = [
        {"params": weights, "weight_decay": settings.get("weight_decay", 0.0)},
        {"params": biases, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=betas)


def case(
    hidden,
    activation="relu",
    loss="cross-entropy",
    label_smoothing=0.0,
    optimizer=ADAM,
    learning_rate=0.01,
    l1=0.0,
    l2=0.0,
    clip_norm=0.0,
    rejects=False,
    dropout=None,
    filters=(),
):
    settings = dict(locals())
    model = network(filters, hidden)
    act = ACTIVATIONS[activation]()
    x = images()
    classes = 11 if rejects else 10
    labels = torch.arange(BATCH) * 7 % 10
    if rejects:
        labels[1] = labels[4] = 10

    def logits_of(drops):
        # The first kernel starts in row 2 and column 2.
        h = x.reshape(BATCH, 1, 28, 28)[:, :, 2:, 2:] if filters else x
        for index, layer in enumerate(model):
            h = layer(h.flatten(1) if isinstance(layer, torch.nn.Linear) else h)
            if index + 1 < len(model):
                h = act(h)
                if drops and dropout:
                    h = h * dropout_factors(dropout, index, h.shape)
        return h

    def loss_of(logits):
        if rejects:
            logits = F.pad(logits, (0, 1))
        if loss == "cross-entropy":
            return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)
        target = F.one_hot(labels, classes) * (1 - label_smoothing) + label_smoothing / classes
        return F.mse_loss(torch.softmax(logits, 1), target)

    logits = logits_of(False)
    result = settings | {
        "labels": labels.tolist(),
        "logits": logits.tolist(),
        "probabilities": torch.softmax(logits, 1).tolist(),
    }
    F.cross_entropy(logits, labels.clamp(max=9)).backward()
    result["gradient_norms"] = [p.grad.norm().item() for p in model.parameters()]

    torch_optimizer = torch_optimizer_of(optimizer, model, learning_rate)
    result["losses"] = []
    for step in range(1, 6):
        if optimizer["kind"].startswith("adam"):
            # Keras adds its epsilon before the second moment's correction, PyTorch after it.
            beta2 = optimizer.get("beta2", 0.999)
            for group in torch_optimizer.param_groups:
                group["eps"] = optimizer.get("epsilon", 1e-7) / (1 - beta2**step) ** 0.5
        torch_optimizer.zero_grad()
        logits = logits_of(True)
        value = loss_of(logits)
        result["losses"].append(value.item())
        for layer in model:
            value = value + l1 * layer.weight.abs().sum() + l2 * layer.weight.square().sum()
        value.backward()
        if clip_norm > 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        torch_optimizer.step()
    result["logits_after"] = logits_of(False).tolist()
    return result


def average(decay, values):
    """An average whose decay grows with the number of updates, as TensorFlow's ExponentialMovingAverage."""
    mean, means = values[0], []
    for updates, value in enumerate(values[1:]):
        part = min(decay, (1 + updates) / (10 + updates))
        mean = part * mean + (1 - part) * value
        means.append(mean)
    return means


sgd = {"kind": "sgd"}
momentum = {"kind": "sgd", "momentum": 0.9}
rmsprop = {"kind": "rmsprop"}
adamw = {"kind": "adamw", "weight_decay": 0.2}
other_adam = {"kind": "adam", "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-4}
dropout = {"rate": 0.4, "seed": 3, "step": 9}
mse = "mean-squared-error"

cases = [
    case([]),
    *[case([12], activation) for activation in ACTIVATIONS],
    case([33, 17], label_smoothing=0.1),
    case([33, 17], "tanh", optimizer=adamw),
    case([33, 17], "gelu", optimizer=other_adam),
    *[case([16], "tanh", optimizer=o, learning_rate=0.05) for o in (sgd, momentum)],
    case([16], "tanh", optimizer=rmsprop, learning_rate=0.001),
    case([16], loss=mse),
    case([16], loss=mse, label_smoothing=0.1, rejects=True),
    case([16], rejects=True),
    case([16], rejects=True, label_smoothing=0.1),
    case([16], "tanh", l1=0.01, optimizer=momentum),
    case([16], l2=0.02),
    case([16], "tanh", clip_norm=0.1, optimizer=momentum, learning_rate=0.05),
    case([33, 17], "tanh", dropout=dropout),
    case([33, 17], "leaky-relu", mse, 0.1, momentum, 0.05, 0.001, 0.01, 0.05, True, dropout),
    case([], filters=[3]),
    case([12], filters=[2, 3], optimizer=adamw),
    case([12], "tanh", filters=[2, 3], dropout=dropout),
    case([12], "gelu", mse, 0.1, momentum, 0.05, 0.001, 0.01, 0.05, True, dropout, filters=[2, 3]),
]
averaged = wave(30, 0.7, 0.1).tolist()
target = pathlib.Path(__file__).with_name("mlp.json")
result = {
    "torch": torch.__version__,
    "cases": cases,
    "average": {"decay": 0.6, "values": averaged, "means": average(0.6, averaged)},
}
target.write_text(json.dumps(result, indent=1) + "\n")
