"""The prelude's rules that `make bench` times, in PyTorch: all of a layer at once, in place, without
a graph. Conditions are numbers 0 and 1 in float tensors: on a processor `where`, `masked_fill_` and
products with bool tensors take 10 to 50 times as long as arithmetic. A method is made for a list of
linear layers and their optimizer; what it does is

    scale(layer)     the factors of the error at the layer's neurons
    mask_gradients() after backward, before the optimizer's step
    observe(inputs)  after the step, with what entered each layer
    adapt(progress)  once a period
"""
import torch


class Method:
    def __init__(self, layers, optimizer):
        self.layers, self.optimizer, self.period = layers, optimizer, 0

    def scale(self, layer):
        return None

    def mask_gradients(self):
        pass

    def observe(self, inputs):
        pass

    def adapt(self, progress):
        pass


class Grapes(Method):
    def scale(self, layer):
        held = layer.weight.abs().sum(1)
        return held.mul_(2 / held.max()).clamp_(1, 2)


class Spine(Method):
    """Bounds of patience 1 that start at the root mean square."""

    def __init__(self, layers, optimizer, patience=1, shrink=0.75):
        super().__init__(layers, optimizer)
        self.patience, self.shrink, self.state = patience, shrink, []
        for layer in layers:
            w = layer.weight
            size = w.square().mean().sqrt()
            self.state.append({
                "upper": torch.full_like(w, size), "lower": torch.full_like(w, -size), "last": w.abs(),
                "over": torch.full_like(w, -1), "under": torch.full_like(w, -1),
                "fall": torch.full_like(w, -1), "beyond": torch.zeros_like(w)})
        self.scratch = [[torch.empty_like(layer.weight) for _ in range(3)] for layer in layers]

    def adapt(self, progress):
        for layer, state, scratch in zip(self.layers, self.state, self.scratch):
            self.adapt_layer(layer.weight, scratch, **state)
        self.period += 1

    def adapt_layer(self, w, scratch, upper, lower, last, over, under, fall, beyond):
        above, below, t = scratch
        torch.ge(w, upper, out=above)
        torch.le(w, lower, out=below)
        below.addcmul_(below, above, value=-1)
        for there, count, bound in (above, over, upper), (below, under, lower):
            count.add_(2).mul_(there).sub_(1)
            beyond.add_(torch.sub(w, bound, out=t).mul_(there))
        for count, bound in (over, upper), (under, lower):
            full = torch.ge(count, self.patience, out=t)
            bound.addcmul_(beyond, full, value=1 / self.patience)
            count.addcmul_(count, full, value=-1)
        torch.gt(torch.maximum(over, under, out=t), 0, out=t)
        beyond.mul_(t)
        size = torch.abs(w, out=above)
        fall.add_(2).mul_(torch.lt(size, last, out=t)).sub_(1)
        shrinks = torch.ge(fall, self.patience, out=t)
        fall.addcmul_(fall, shrinks, value=-1)
        factor = shrinks.mul_(self.shrink - 1).add_(1)
        upper.mul_(factor)
        lower.mul_(factor)
        last.copy_(size)
        if self.period + 1 >= self.patience:
            torch.clamp(w, lower, upper, out=w)


class Pruning(Method):
    """What is dead stays dead: gradients are masked in each step; weights and momenta when it dies."""

    def __init__(self, layers, optimizer):
        super().__init__(layers, optimizer)
        self.mask = [torch.ones_like(layer.weight) for layer in layers]

    def mask_gradients(self):
        for layer, mask in zip(self.layers, self.mask):
            layer.weight.grad.mul_(mask)

    def kill(self, layer, mask, lives):
        mask.mul_(lives)
        layer.weight.mul_(mask)
        self.optimizer.state[layer.weight]["momentum_buffer"].mul_(mask)


def lowest(score, fraction):
    """1 at the floor(fraction * n) lowest places, else 0; equal ones at the edge all count."""
    k = int(fraction * score.numel())
    return (score <= score.flatten().kthvalue(k).values).float() if k else torch.zeros_like(score)


class Unused(Pruning):
    def __init__(self, layers, optimizer, fraction=0.6, patience=5):
        super().__init__(layers, optimizer)
        self.fraction, self.patience = fraction, patience
        self.use = [torch.zeros(layer.in_features) for layer in layers]
        self.run = [torch.full_like(layer.weight, -1) for layer in layers]

    def observe(self, inputs):
        for use, x in zip(self.use, inputs):
            use += x.abs().mean(0)

    def adapt(self, progress):
        for layer, mask, use, run in zip(self.layers, self.mask, self.use, self.run):
            low = lowest(layer.weight.abs().mul_(use), self.fraction)
            run.add_(2).mul_(low).sub_(1)
            self.kill(layer, mask, (run < self.patience).float())
            use.zero_()


class Magnitude(Pruning):
    def __init__(self, layers, optimizer, fraction=0.5, ramp=0.5):
        super().__init__(layers, optimizer)
        self.fraction, self.ramp = fraction, ramp

    def adapt(self, progress):
        share = self.fraction * (1 - (1 - min(progress / self.ramp, 1)) ** 3)
        for layer, mask in zip(self.layers, self.mask):
            self.kill(layer, mask, 1 - lowest(layer.weight.abs(), share))


class MostlyDead(Pruning):
    """Nine weights of ten are dead from the start, the smallest."""

    def __init__(self, layers, optimizer):
        super().__init__(layers, optimizer)
        for layer, mask in zip(self.layers, self.mask):
            mask.sub_(lowest(layer.weight.abs(), 0.9))
            layer.weight.mul_(mask)


# name: (class, steps between adapts or 0 for each epoch), ...
METHODS = {
    "plain": [],
    "grapes": [(Grapes, 0)],
    "spine10": [(Spine, 10)],
    "spine1": [(Spine, 1)],
    "all": [(Grapes, 0), (Spine, 0), (Unused, 0)],
    "mostly_dead": [(MostlyDead, 0)],
    "masked": [(Spine, 1), (Magnitude, 0)],
}
