"""The net of perceptron.pl in PyTorch: training steps a second, gather included, each epoch's adapts
shared among its steps.

usage: perceptron_torch.py MNIST_DIR BATCH THREADS SECONDS [METHOD]

METHOD is one of rules_torch.py; then windows of the net without rules stand between those with them.
Prints one JSON line like `./model bench`: medians of five windows, `over_plain` the median of the
ratios of a step's time to that of the window before without rules."""
import gzip
import json
import sys
import time

import numpy
import torch

from rules_torch import METHODS, Method

folder, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
method = sys.argv[5] if len(sys.argv) > 5 else "plain"
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
EPOCHS = 10
WINDOWS = 5


def read(name, skip):
    with gzip.open(folder + "/" + name) as file:
        return torch.from_numpy(numpy.frombuffer(file.read(), numpy.uint8, offset=skip).copy())


images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
labels = read("train-labels-idx1-ubyte.gz", 8).long()
steps_per_epoch = -(-len(images) // batch)
loss_of = torch.nn.CrossEntropyLoss()


class Trainer:
    def __init__(self, method):
        self.layers = [torch.nn.Linear(784, 300), torch.nn.Linear(300, 100)]
        self.output = torch.nn.Linear(100, 10)
        parameters = [p for layer in self.layers + [self.output] for p in layer.parameters()]
        self.optimizer = torch.optim.SGD(parameters, lr=0.05, momentum=0.9)
        with torch.no_grad():
            rules = [(make(self.layers, self.optimizer), steps) for make, steps in METHODS[method]]
        self.in_steps = [(rule, steps) for rule, steps in rules if steps]
        self.in_epochs = [rule for rule, steps in rules if not steps]
        # nothing is called that does nothing
        self.scaling, self.masking, self.observing = (
            [rule for rule, _ in rules if getattr(type(rule), name) is not getattr(Method, name)]
            for name in ("scale", "mask_gradients", "observe"))
        self.steps = 0

    def forward(self, x):
        """The outputs, and what entered each layer. Errors are scaled as they arrive."""
        inputs = []
        for layer in self.layers:
            inputs.append(x)
            x = torch.relu(layer(x))
            for rule in self.scaling:
                with torch.no_grad():
                    x.register_hook(rule.scale(layer).mul)
        return self.output(x), inputs

    def step(self, pick, progress):
        x = images[pick].float() * (1 / 255)
        self.optimizer.zero_grad()
        out, inputs = self.forward(x)
        loss_of(out, labels[pick]).backward()
        with torch.no_grad():
            for rule in self.masking:
                rule.mask_gradients()
            self.optimizer.step()
            for rule in self.observing:
                rule.observe(inputs)
            self.steps += 1
            for rule, steps in self.in_steps:
                if self.steps % steps == 0:
                    rule.adapt(progress)

    @torch.no_grad()
    def end_epoch(self, progress):
        for rule in self.in_epochs:
            rule.adapt(progress)

    def run(self, until):
        """Seconds of a step, from steps over a shuffled epoch until the time."""
        order = torch.randperm(len(images))
        start, steps, took = time.perf_counter(), 0, 0
        while took < until:
            at = (steps * batch) % (len(images) - batch)
            self.step(order[at:at + batch], 0)
            steps += 1
            took = time.perf_counter() - start
        return took / steps

    def measure_epoch_ends(self):
        """Seconds of each step's share of what the ends of epochs take in a run."""
        took = 0
        for epoch in range(1, EPOCHS + 1):
            self.step(torch.randint(len(images), (batch,)), epoch / EPOCHS)
            start = time.perf_counter()
            self.end_epoch(epoch / EPOCHS)
            took += time.perf_counter() - start
        return took / EPOCHS / steps_per_epoch


def measure():
    """A step's median time, and its median ratio to one without rules."""
    trainer, plain = Trainer(method), Trainer("plain")
    share = Trainer(method).measure_epoch_ends()
    part = seconds / WINDOWS / (1 if method == "plain" else 2)
    trainer.run(part)
    took, ratio = [], []
    for _ in range(WINDOWS):
        before = plain.run(part) if method != "plain" else None
        took.append(trainer.run(part) + share)
        ratio.append(took[-1] / (before or took[-1]))
    return sorted(took)[WINDOWS // 2], sorted(ratio)[WINDOWS // 2]


step_seconds, over_plain = measure()
print(json.dumps({"samples_per_second": batch / step_seconds, "ms_per_step": 1000 * step_seconds,
                  "over_plain": over_plain, "threads": threads, "batch": batch, "method": method,
                  "torch": torch.__version__}))
