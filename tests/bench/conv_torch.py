"""The net of conv.pl in PyTorch: training steps a second, gather included.

usage: conv_torch.py MNIST_DIR BATCH THREADS SECONDS FORMAT

FORMAT is contiguous or channels_last. Prints one JSON line like `./model bench`: the median of five
windows."""
import gzip
import json
import sys
import time

import numpy
import torch

folder, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
layout = torch.channels_last if sys.argv[5] == "channels_last" else torch.contiguous_format
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
WINDOWS = 5


def read(name, skip):
    with gzip.open(folder + "/" + name) as file:
        return torch.from_numpy(numpy.frombuffer(file.read(), numpy.uint8, offset=skip).copy())


images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
labels = read("train-labels-idx1-ubyte.gz", 8).long()
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 15, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Conv2d(15, 40, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Flatten(), torch.nn.Linear(640, 300), torch.nn.ReLU(),
    torch.nn.Linear(300, 10)).to(memory_format=layout)
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
loss_of = torch.nn.CrossEntropyLoss()


def run(until):
    """Seconds of a step, from steps over a shuffled epoch until the time."""
    order = torch.randperm(len(images))
    start, steps, took = time.perf_counter(), 0, 0
    while took < until:
        at = (steps * batch) % (len(images) - batch)
        pick = order[at:at + batch]
        x = (images[pick].float() * (1 / 255)).contiguous(memory_format=layout)
        optimizer.zero_grad()
        loss_of(net(x), labels[pick]).backward()
        optimizer.step()
        steps += 1
        took = time.perf_counter() - start
    return took / steps


run(seconds / WINDOWS)
step = sorted(run(seconds / WINDOWS) for _ in range(WINDOWS))[WINDOWS // 2]
print(json.dumps({"samples_per_second": batch / step, "ms_per_step": 1000 * step,
                  "threads": threads, "batch": batch, "torch": torch.__version__}))
