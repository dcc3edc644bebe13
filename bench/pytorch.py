"""PyTorch's side of compare.py: the same work as a user of PyTorch writes it.

A case is a function that prepares its operands and returns what is timed.
Images are channels_last; operations without a layer write to tensors that
exist, as ours do.
"""

import sys

import torch
import torch.nn.functional as F

aten = torch.ops.aten
LOW = torch.bfloat16


def images(n, c, h, w=None):
    return torch.randn(n, c, h, w or h).contiguous(memory_format=torch.channels_last)


def matmul(n, transpose="", dtype=torch.float32):
    def prepare():
        a, b, c = (torch.randn(n, n).to(dtype) for _ in range(3))
        x, y = a.t() if transpose == "a" else a, b.t() if transpose == "b" else b
        return lambda: torch.mm(x, y, out=c)

    return prepare


# Convolutions of 64 images: forward, and one gradient at a time.


def conv(part, size, cin, cout, kernel, stride=1, groups=1):
    def prepare():
        pad = kernel // 2
        x = images(64, cin, size)
        w = images(cout, cin // groups, kernel)
        y = F.conv2d(x, w, None, stride, pad, 1, groups)
        dy = torch.randn_like(y)
        if part == "forward":
            return lambda: F.conv2d(x, w, None, stride, pad, 1, groups)
        mask = [part == "data", part == "filter", False]
        pair = lambda v: [v, v]
        return lambda: aten.convolution_backward(
            dy, x, w, None, pair(stride), pair(pad), [1, 1], False, [0, 0], groups, mask
        )

    return prepare


# Activations and rows: forward, then backward.

N = 1 << 24


def activation(name):
    def prepare():
        x, y, dy, dx = (torch.randn(N) for _ in range(4))
        forward, backward = {
            "ReLU": (
                lambda: torch.clamp_min(x, 0, out=y),
                lambda: aten.threshold_backward.grad_input(dy, y, 0, grad_input=dx),
            ),
            "GELU": (
                lambda: aten.gelu.out(x, out=y),
                lambda: aten.gelu_backward.grad_input(dy, x, grad_input=dx),
            ),
            "SiLU": (
                lambda: aten.silu.out(x, out=y),
                lambda: aten.silu_backward.grad_input(dy, x, grad_input=dx),
            ),
            "Tanh": (
                lambda: torch.tanh(x, out=y),
                lambda: aten.tanh_backward.grad_input(dy, y, grad_input=dx),
            ),
            "Sigmoid": (
                lambda: torch.sigmoid(x, out=y),
                lambda: aten.sigmoid_backward.grad_input(dy, y, grad_input=dx),
            ),
        }[name]
        return lambda: (forward(), backward())

    return prepare


def softmax():
    x, y, dy, dx = (torch.randn(4096, 1000) for _ in range(4))

    def run():
        aten._softmax.out(x, -1, False, out=y)
        aten._softmax_backward_data.out(dy, y, -1, x.dtype, grad_input=dx)

    return run


def batch_norm():
    x, dy = images(64, 64, 32), images(64, 64, 32)
    w, b, mean, var = torch.randn(64), torch.randn(64), torch.zeros(64), torch.ones(64)

    def run():
        y, m, s = aten.native_batch_norm(x, w, b, mean, var, True, 0.1, 1e-5)
        aten.native_batch_norm_backward(dy, x, w, mean, var, m, s, True, 1e-5, [True] * 3)

    return run


def max_pool():
    x, dy = images(64, 64, 32), images(64, 64, 16)
    two, one, zero = [2, 2], [1, 1], [0, 0]

    def run():
        _, i = aten.max_pool2d_with_indices(x, two, two, zero, one, False)
        aten.max_pool2d_with_indices_backward(dy, x, two, two, zero, one, False, i)

    return run


def optimizer(make):
    def prepare():
        p = torch.nn.Parameter(torch.ones(11_500_000))
        p.grad = torch.randn_like(p)
        return make([p]).step

    return prepare


def sgd(params):
    return torch.optim.SGD(params, 0.01, momentum=0.9, fused=True)


def adamw(params):
    return torch.optim.AdamW(params, 0.001, fused=True)


# Whole training steps, again and again on one batch.


def lenet():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(32, 64, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(3136, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 10),
    )  # fmt: skip


def mlp():
    return torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 512), torch.nn.ReLU(),
        torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10),
    )  # fmt: skip


class Block(torch.nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(cout)
        self.conv2 = torch.nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(cout)
        self.shortcut = torch.nn.Identity()
        if stride != 1:
            self.shortcut = torch.nn.Sequential(
                torch.nn.Conv2d(cin, cout, 1, stride, bias=False), torch.nn.BatchNorm2d(cout)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet20():
    blocks = [Block(max(c // 2, 16) if i == 0 else c, c, 2 if i == 0 and c > 16 else 1)
              for c in (16, 32, 64) for i in range(3)]  # fmt: skip
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1, bias=False), torch.nn.BatchNorm2d(16), torch.nn.ReLU(),
        *blocks, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 10),
    )  # fmt: skip


def step(build, x_shape, make, low=False, compiled=False):
    def prepare():
        model = build().to(memory_format=torch.channels_last)
        opt = make(model.parameters())
        x, labels = images(*x_shape), torch.randint(10, x_shape[:1])

        def loss():
            with torch.autocast("cpu", LOW, enabled=low):
                return F.cross_entropy(model(x), labels)

        run_loss = torch.compile(loss) if compiled else loss

        def run():
            opt.zero_grad()
            run_loss().backward()
            opt.step()

        return run

    return prepare


MNIST, CIFAR = (64, 1, 28, 28), (128, 3, 32, 32)


def adam(params):
    return torch.optim.Adam(params, 0.001, fused=True)


CONVOLUTIONS = {
    "3x3-64-64-at-32": (32, 64, 64, 3),
    "3x3-128-128-at-16": (16, 128, 128, 3),
    "3x3-256-256-at-8": (8, 256, 256, 3),
    "3x3-3-32-at-32": (32, 3, 32, 3),
    "3x3-64-128-stride2": (32, 64, 128, 3, 2),
    "1x1-256-64": (16, 256, 64, 1),
    "3x3-128-depthwise": (16, 128, 128, 3, 1, 128),
}

# By the names of our benchmarks; where those take forward and backward apart,
# or recorded steps, compare.py knows it.
CASES = {
    **{f"MatMul/{n}": matmul(n) for n in (256, 512, 1024, 2048)},
    "MatMul/1024-transposed-a": matmul(1024, "a"),
    "MatMul/1024-transposed-b": matmul(1024, "b"),
    "MatMul/1024-bfloat16": matmul(1024, dtype=LOW),
    **{f"Conv2D/{n}": conv("forward", *c) for n, c in CONVOLUTIONS.items()},
    **{f"Conv2DGradInput/{n}": conv("data", *c) for n, c in CONVOLUTIONS.items()},
    **{f"Conv2DGradFilter/{n}": conv("filter", *c) for n, c in CONVOLUTIONS.items()},
    **{f"Activation/{f}": activation(f) for f in ("ReLU", "GELU", "SiLU", "Tanh", "Sigmoid")},
    "Softmax/4096x1000": softmax,
    "BatchNorm/64x32x32x64": batch_norm,
    "MaxPool/64x32x32x64": max_pool,
    "Optimizer/sgd-momentum-11.5M": optimizer(sgd),
    "Optimizer/adamw-11.5M": optimizer(adamw),
    "Step/lenet": step(lenet, MNIST, sgd),
    "Step/lenet-bfloat16": step(lenet, MNIST, sgd, low=True),
    "Step/resnet20": step(resnet20, CIFAR, sgd),
    "Step/resnet20-compiled": step(resnet20, CIFAR, sgd, compiled=True),
    "Step/resnet20-bfloat16": step(resnet20, CIFAR, sgd, low=True),
    "Step/resnet20-bfloat16-compiled": step(resnet20, CIFAR, sgd, low=True, compiled=True),
    "Step/mlp": step(mlp, (128, 1, 28, 28), adam),
}


# Whole processes, as bench/process is: python pytorch.py step, or epoch.


def first_step():
    step(lenet, MNIST, sgd)()()


def epoch(batch=64):
    """Trains on a set as large as MNIST once, and evaluates."""
    model = lenet().to(memory_format=torch.channels_last)
    opt = sgd(model.parameters())
    sets = [
        torch.utils.data.TensorDataset(
            torch.zeros(n, 1, 28, 28, dtype=torch.uint8), torch.zeros(n, dtype=torch.long)
        )
        for n in (60_000, 10_000)
    ]
    train, test = (torch.utils.data.DataLoader(s, batch, shuffle=s is sets[0]) for s in sets)
    for x, labels in train:
        opt.zero_grad()
        F.cross_entropy(model(x / 255), labels).backward()
        opt.step()
    with torch.no_grad():
        sum((model(x / 255).argmax(1) == labels).sum() for x, labels in test)


def peak_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 // 10**6 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    {"step": first_step, "epoch": epoch}[sys.argv[1]]()
    print(peak_mb())
