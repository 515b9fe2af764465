"""PyTorch: the tutorial's recipe, larger batches, a larger network, images varied, and evaluation."""

import argparse
import time

import numpy
import torch
from torch.nn import functional

import mnist


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--out")
    parser.add_argument("--hidden", default="128")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--varied", action="store_true")
    parser.add_argument("--examples", type=int, default=48_000)
    parser.add_argument("--eval", metavar="WEIGHTS")
    return parser.parse_args()


def network(widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def varied(images):
    """Turned, stretched, slanted, shifted and wobbled, as digitpad's Augmentation::HANDWRITING does it."""
    count = len(images)
    around = lambda most: (torch.rand(count) * 2 - 1) * most
    angle = around(numpy.deg2rad(15))
    sin, cos = torch.sin(angle), torch.cos(angle)
    width, height, shear = 1 + around(0.15), 1 + around(0.15), around(0.2)
    # A pixel is 2/28 of grid_sample's square.
    shift_x, shift_y = around(1.0) / 14, around(1.0) / 14
    xx, xy = (cos + shear * sin) / width, (sin - shear * cos) / width
    yx, yy = -sin / height, cos / height
    rows = [xx, xy, -(xx * shift_x + xy * shift_y), yx, yy, -(yx * shift_x + yy * shift_y)]
    theta = torch.stack(rows, dim=1).view(count, 2, 3)
    grid = functional.affine_grid(theta, (count, 1, 28, 28), align_corners=False)
    knots = (torch.rand(count, 2, 7, 7) * 2 - 1) * (1.2 / 14 * 3**0.5)
    wobble = functional.interpolate(knots, size=(28, 28), mode="bicubic", align_corners=True)
    grid = grid + wobble.permute(0, 2, 3, 1)
    pictures = images.view(count, 1, 28, 28)
    return functional.grid_sample(pictures, grid, align_corners=False).view(count, 784)


def train(options):
    torch.manual_seed(0)
    images, validation_images = map(torch.from_numpy, mnist.split(mnist.images("train")))
    labels = torch.from_numpy(mnist.labels("train")).long()
    labels, validation_labels = mnist.split(labels)
    images, labels = images[: options.examples], labels[: options.examples]
    model = network([784, *map(int, options.hidden.split(",")), 10])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7, fused=True)
    forward = lambda images, labels: functional.cross_entropy(model(images), labels)
    if options.compile:
        forward = torch.compile(forward)
    times = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        total = torch.zeros(())
        for members in torch.randperm(len(images)).split(options.batch):
            batch = images[members]
            if options.varied:
                batch = varied(batch)
            loss = forward(batch, labels[members])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        if not options.varied:
            with torch.inference_mode():
                (model(validation_images).argmax(1) == validation_labels).float().mean().item()
        times.append(time.perf_counter() - start)
    return model, times


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    times = []
    if options.eval:
        tensors = mnist.read_weights(options.eval)
        names = sorted(tensors)  # fc1.bias, fc1.weight, fc2.bias, ...
        weights = [tensors[name] for name in names if name.endswith("weight")]
        model = network([784, *(len(weight) for weight in weights)])
        state = dict(zip(sorted(model.state_dict()), (tensors[name] for name in names)))
        model.load_state_dict({name: torch.from_numpy(t.copy()) for name, t in state.items()})
    else:
        model, times = train(options)
    images, labels = mnist.images("t10k"), mnist.labels("t10k")
    with torch.inference_mode():
        read = model(torch.from_numpy(images)).argmax(1)
    accuracy = float((read.numpy() == labels).mean())
    if options.out:
        torch.save(model.state_dict(), options.out + ".pt")
    mnist.say(version=f"PyTorch {torch.__version__}", epochs=times, accuracy=accuracy)


main()
