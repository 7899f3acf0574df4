"""The net of perceptron.pl in PyTorch: training steps a second, gather included.

usage: perceptron_torch.py MNIST_DIR BATCH THREADS SECONDS

Prints one JSON line like `./model bench`: the median of five windows."""
import gzip
import json
import sys
import time

import numpy
import torch

folder, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)


def read(name, skip):
    with gzip.open(folder + "/" + name) as file:
        return torch.from_numpy(numpy.frombuffer(file.read(), numpy.uint8, offset=skip).copy())


images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
labels = read("train-labels-idx1-ubyte.gz", 8).long()
net = torch.nn.Sequential(
    torch.nn.Linear(784, 300), torch.nn.ReLU(),
    torch.nn.Linear(300, 100), torch.nn.ReLU(),
    torch.nn.Linear(100, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
loss_of = torch.nn.CrossEntropyLoss()


def run(until):
    """Steps over a shuffled epoch until the time; how many and how long."""
    order = torch.randperm(len(images))
    start, steps = time.perf_counter(), 0
    while True:
        at = (steps * batch) % (len(images) - batch)
        pick = order[at:at + batch]
        x = images[pick].float() * (1 / 255)
        optimizer.zero_grad()
        loss_of(net(x), labels[pick]).backward()
        optimizer.step()
        steps += 1
        took = time.perf_counter() - start
        if took > until:
            return steps, took


run(seconds / 5)
rates = []
for window in range(5):
    steps, took = run(seconds / 5)
    rates.append(steps * batch / took)
rates.sort()
print(json.dumps({"samples_per_second": rates[2], "threads": threads, "batch": batch, "torch": torch.__version__}))
