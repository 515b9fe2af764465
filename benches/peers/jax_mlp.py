"""The tutorial's recipe in JAX: a whole epoch is one compiled scan over its batches."""

import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy

import mnist

BATCH = 32
RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-7


def logits(parameters, images):
    (w1, b1), (w2, b2) = parameters
    return jax.nn.relu(images @ w1 + b1) @ w2 + b2


def loss(parameters, images, labels):
    log_probabilities = jax.nn.log_softmax(logits(parameters, images))
    return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))


def step(state, batch):
    parameters, first, second, count = state
    value, gradients = jax.value_and_grad(loss)(parameters, *batch)
    count += 1
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradients)
    rate = RATE * jnp.sqrt(1 - BETA2**count) / (1 - BETA1**count)
    parameters = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), parameters, first, second
    )
    return (parameters, first, second, count), value


@partial(jax.jit, donate_argnums=0)
def epoch(state, images, labels, order):
    def on_batch(state, members):
        return step(state, (images[members], labels[members]))

    state, losses = jax.lax.scan(on_batch, state, order.reshape(-1, BATCH))
    return state, jnp.mean(losses)


@jax.jit
def accuracy(parameters, images, labels):
    return jnp.mean(jnp.argmax(logits(parameters, images), axis=1) == labels)


def main():
    epochs, out = int(sys.argv[1]), sys.argv[2]
    images, validation_images = map(jnp.asarray, mnist.split(mnist.images("train")))
    labels, validation_labels = map(jnp.asarray, mnist.split(mnist.labels("train")))
    rng = numpy.random.default_rng(0)

    def layer(inputs, outputs):
        limit = numpy.sqrt(6 / (inputs + outputs))
        weight = rng.uniform(-limit, limit, (inputs, outputs)).astype(numpy.float32)
        return jnp.asarray(weight), jnp.zeros(outputs, jnp.float32)

    parameters = [layer(784, 128), layer(128, 10)]
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros(), zeros(), jnp.float32(0))
    times = []
    for _ in range(epochs):
        start = time.perf_counter()
        order = rng.permutation(len(images)).astype(numpy.int32)
        state, mean_loss = epoch(state, images, labels, order)
        mean_loss.block_until_ready()
        accuracy(state[0], validation_images, validation_labels).block_until_ready()
        times.append(time.perf_counter() - start)
    test = accuracy(state[0], mnist.images("t10k"), mnist.labels("t10k"))
    flat = {f"fc{i}.{n}": a for i, p in enumerate(state[0], 1) for n, a in zip(("weight", "bias"), p)}
    numpy.savez(out + ".npz", **flat)
    mnist.say(version=f"JAX {jax.__version__}", epochs=times, accuracy=float(test))


main()
