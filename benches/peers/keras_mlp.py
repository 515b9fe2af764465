"""The tutorial's recipe in Keras on TensorFlow, and the same with a hundred steps a call."""

import os
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import tensorflow

import mnist


class Times(keras.callbacks.Callback):
    """The seconds of each epoch, its validation included."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(time.perf_counter() - self.start)


def main():
    epochs, out, steps_per_execution = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    times = Times()
    model.fit(
        mnist.images("train"),
        mnist.labels("train"),
        batch_size=32,
        epochs=epochs,
        validation_split=0.2,
        verbose=0,
        callbacks=[times],
    )
    _, accuracy = model.evaluate(mnist.images("t10k"), mnist.labels("t10k"), verbose=0)
    model.save(out + ".keras")
    version = f"Keras {keras.__version__}, TensorFlow {tensorflow.__version__}"
    mnist.say(version=version, epochs=times.epochs, accuracy=accuracy)


main()
