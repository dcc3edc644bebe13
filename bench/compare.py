"""Measures Chainrule beside PyTorch and prints a table; see compare.sh.

The two take turns, case by case: a round of a case is both sides' mean time
over a moment, and the table has the medians of the rounds.
"""

import argparse
import contextlib
import datetime
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import pytorch
import torch

HERE = os.path.dirname(os.path.abspath(__file__))

# How many times as fast as PyTorch a case is to be: a row of the table each.
AIMS = {
    "MatMul/": 1.0,
    "MatMul/1024-bfloat16": 0.95,
    "Conv2D": 1.0,
    "Activation/": 1.0,
    "Softmax/": 1.0,
    "BatchNorm/": 1.0,
    "MaxPool/": 1.0,
    "Optimizer/": 1.0,
    "Step/lenet": 1.3,
    "Step/lenet-bfloat16": 1.0,
    "Step/resnet20": 1.2,
    "Step/resnet20-bfloat16": 1.0,
    "Step/mlp": 1.3,
}

# Processes: the most milliseconds and MB that ours may take.
PROCESSES = {"first-lenet-step": ("step", 100, 200), "mnist-epoch": ("epoch", None, 250)}


def aim(case):
    return AIMS[max((a for a in AIMS if case.startswith(a)), key=len)]


def ours(case):
    """The benchmarks that together do what PyTorch's case does."""
    op, name = case.split("/")
    if op == "Step":
        model, _, low = name.partition("-bfloat16")
        return [f"Step/{model}-replayed{name[len(model):]}"]
    if op == "Optimizer":
        return [case.replace("-11.5M", "-no-norm-11.5M")]
    if op in ("Activation", "Softmax", "BatchNorm", "MaxPool"):
        return [case, f"{op}Grad/{name}"]
    return [case]


def theirs(case):
    """PyTorch's ways to do a case: the faster one counts."""
    return [c for c in (case, case + "-compiled") if c in pytorch.CASES]


class Bench:
    """Our benchmarks, in a program that go test has built."""

    def __init__(self, program, seconds):
        self.program, self.seconds = program, seconds

    def run(self, name, device="cpu"):
        """The units of a benchmark's line."""
        pattern = "/".join(f"^{part}$" for part in f"Benchmark{name}/{device}".split("/"))
        out = subprocess.run(
            [self.program, "-test.run", "^$", "-test.bench", pattern, "-test.benchtime", f"{self.seconds}s"],
            cwd=HERE, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        line = next(l for l in out.splitlines() if l.startswith("Benchmark") and "ns/op" in l)
        fields = line.split()[2:]
        return {unit: float(value) for value, unit in zip(fields[::2], fields[1::2])}

    def case(self, case):
        """Milliseconds, and billions of operations."""
        runs = [self.run(name) for name in ours(case)]
        flops = sum(r.get("GFLOP/s", 0) * r["ns/op"] / 1e9 for r in runs)
        return sum(r["ns/op"] for r in runs) / 1e6, flops


def mean(run, seconds):
    """Milliseconds of a run, over so many seconds of them."""
    n, start = 0, time.perf_counter()
    while n == 0 or time.perf_counter() - start < seconds:
        run()
        n += 1
    return (time.perf_counter() - start) / n * 1e3


def measure(bench, case, rounds):
    """Rounds of both sides in turn: our median, theirs, and operations."""
    torch.manual_seed(1)
    runs = [pytorch.CASES[c]() for c in theirs(case)]
    for run in runs * 3:
        run()
    us, them = [], [[] for _ in runs]
    for _ in range(rounds):
        took, flops = bench.case(case)
        us.append(took)
        for run, times in zip(runs, them):
            mean(run, bench.seconds / 4)  # threads and caches are theirs again
            times.append(mean(run, bench.seconds))
    return statistics.median(us), min(map(statistics.median, them)), flops


def row(case, us, them, flops, peak):
    share = lambda ms: f"{flops / ms * 1e3 / peak:.0%}" if counts(case) else ""
    reached = them / us
    verdict = "yes" if reached >= aim(case) else "no"
    return (case, f"{them:.3g}", f"{us:.3g}", f"{reached:.2f}x", f"{aim(case):.2f}x", verdict, share(them), share(us))


def counts(case):
    """Whether a share of the peak of Float32 says anything of a case."""
    return case.startswith(("MatMul", "Conv2D", "Step")) and "depthwise" not in case


def process(bench, name, rounds):
    """A whole process of each side, in turn: milliseconds and peak MB. One without a
    most in time runs once."""
    what, most_ms, most_mb = PROCESSES[name]
    us, them = [], []
    for _ in range(rounds if most_ms else 1):
        r = bench.run("Process/" + name)
        us.append((r["ns/op"] / 1e6, r["peak-MB"]))
        start = time.perf_counter()
        out = subprocess.run([sys.executable, "-B", os.path.join(HERE, "pytorch.py"), what], capture_output=True, text=True, check=True)
        them.append(((time.perf_counter() - start) * 1e3, float(out.stdout)))
    (our_ms, our_mb), (their_ms, their_mb) = (map(statistics.median, zip(*side)) for side in (us, them))
    met = our_mb <= most_mb and (not most_ms or our_ms <= most_ms)
    most = f"<= {most_mb} MB, one run" if not most_ms else f"<= {most_ms} ms, {most_mb} MB"
    return (f"Process/{name}", f"{their_ms:.0f}, {their_mb:.0f} MB", f"{our_ms:.0f}, {our_mb:.0f} MB",
            f"{their_ms / our_ms:.1f}x", most, "yes" if met else "no", "", "")  # fmt: skip


def table(rows):
    head = ("case", "PyTorch ms", "ours ms", "speed", "aim", "met", "PyTorch of peak", "ours of peak")
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    line = lambda cells: "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths)) + " |"
    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, rows)])


def processor():
    """The processor's name, as benchmarks print it."""
    with open("/proc/cpuinfo") as info:
        return next((l.split(":")[1].strip() for l in info if l.startswith("model name")), platform.processor())


def page(rows, peak, options):
    return f"""# Beside PyTorch

Written by `bench/compare.sh{" " + options.cases if options.cases else ""}` on {datetime.date.today()}.

- Processor: {processor()}, {os.cpu_count()} cores; {peak:.0f} GFLOP/s of Float32 at most
- PyTorch {torch.__version__.partition("+")[0]} on the CPU, {torch.get_num_threads()} threads, channels_last; the faster of eager and torch.compile for ResNet-20

Times are medians of {options.rounds} rounds in which the two sides take turns; a process that says "one run" had one. **Speed** is PyTorch's time over ours. Activations, softmax, batch norm and
max-pool are forward and backward together; convolutions are one pass of 64 images; optimizers update 11.5 million numbers, without the norm of the
gradients that guards ours and without zeroing them; steps are whole, ours recorded. Peak is that of Float32, for BFloat16 too; padding is counted, so that who skips it can pass 100%.

{table(rows)}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", help="our benchmarks, built by go test -c")
    parser.add_argument("cases", nargs="?", default="", help="only cases that match this regular expression")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="of one side in a round")
    parser.add_argument("--out", help="the file to write; without it the output")
    options = parser.parse_intermixed_args()
    bench = Bench(os.path.abspath(options.bench), options.seconds)
    chosen = lambda names: [n for n in names if re.search(options.cases, n)]
    peak = bench.run("Peak/all-cores").get("GFLOP/s", float("nan"))
    rows = []
    for case in chosen(c for c in pytorch.CASES if not c.endswith("-compiled")):
        rows.append(row(case, *measure(bench, case, options.rounds), peak))
        print(*rows[-1], file=sys.stderr, flush=True)
    rows += [process(bench, name, options.rounds) for name in PROCESSES if re.search(options.cases, "Process/" + name)]
    with open(options.out, "w") if options.out else contextlib.nullcontext(sys.stdout) as out:
        out.write(page(rows, peak, options))


if __name__ == "__main__":
    main()
