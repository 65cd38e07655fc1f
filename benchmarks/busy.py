"""What a busy neighbour costs a training: `python benchmarks/busy.py [--bars]`.

Steps that train everything, on all cores, alone and beside one process that keeps a
core busy: with threads that sleep while they wait for others (the package's choice),
and with threads that spin (torch's own). Seconds of the clock, so leave the machine
alone; each measurement is a process of its own, and the fastest of three counts.
"""

import argparse
import json
import os
import subprocess
import sys
import time

SENTENCES, PIECES, STEPS, TIMES = 16, 32, 12, 3
BESIDE, IDLE = 2.5, 1.10  # bars: passive beside a busy process, and on idle cores
SPIN = "while True: pass"
WAITING = PACKAGE, TORCH = "the package's", "torch's own"


def seconds_per_step(waiting: str) -> float:
    """Seconds per step of training everything, in this process."""
    if waiting == TORCH:
        import torch  # first, so that the package leaves the waiting as it is
    import mtlhelpers as mtl

    if waiting != TORCH:
        import torch

    model = mtl.SharedModel.from_backbone("minilm", ["a", "b"], ["O", "B-x", "I-x"])
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    ids = torch.randint(1000, 20_000, (SENTENCES, PIECES))
    mask = torch.ones_like(ids)
    for step in range(STEPS + 2):
        if step == 2:  # the first steps load what they load
            start = time.perf_counter()
        logits = model(input_ids=ids, attention_mask=mask)
        (logits.sentence.square().mean() + logits.ner.square().mean()).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return (time.perf_counter() - start) / STEPS


def measure(waiting: str, beside: bool) -> float:
    """The fastest of some processes, each beside a busy one or alone."""
    neighbour = subprocess.Popen([sys.executable, "-c", SPIN]) if beside else None
    chosen = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {k: v for k, v in os.environ.items() if k not in chosen}
    line = [sys.executable, __file__, "--step", waiting]
    try:
        runs = [
            subprocess.run(line, env=environment, capture_output=True, text=True)
            for _ in range(TIMES)
        ]
    finally:
        if neighbour:
            neighbour.kill()
            neighbour.wait()
    return min(json.loads(run.stdout.splitlines()[-1]) for run in runs)


def main(arguments: list[str]) -> int:
    """Print the table; with --bars return 1 where the package's choice misses a bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", action="store_true", help="fail above a bar")
    parser.add_argument("--step", choices=WAITING, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        print(json.dumps(seconds_per_step(options.step)))
        return 0
    table = {one: (measure(one, False), measure(one, True)) for one in WAITING}
    print("| threads that wait | alone, ms per step | beside a busy process | ratio |")
    print("| --- | --- | --- | --- |")
    for waiting, (alone, beside) in table.items():
        cells = f"{1000 * alone:.0f} | {1000 * beside:.0f} | {beside / alone:.2f}"
        print(f"| {waiting} | {cells} |")
    ratio = table[PACKAGE][1] / table[PACKAGE][0]
    idle = table[PACKAGE][0] / table[TORCH][0]
    print(f"\nbeside: {ratio:.2f} (bar {BESIDE}); idle cost: {idle:.2f} (bar {IDLE})")
    return int(options.bars and (ratio > BESIDE or idle > IDLE))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
