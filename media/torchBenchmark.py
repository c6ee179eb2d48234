"""Measures one accelerator with the PyTorch of the interpreter that runs this file, and prints one line of JSON.

python -I torchBenchmark.py [--quick] [--device cuda|xpu|mps|cpu]

Nothing is installed, nothing is written. The figures include the matrix units, which WebGPU does not reach, so
they are what engines built on CUDA, ROCm, Metal or SYCL see. Layout of the output: DeviceResult in
src/core/bench/benchReport.ts.
"""

import argparse
import json
import statistics
import time

RUNS = {"quick": 10, "full": 30}
WARM_UP = 3
# One run stays below this, so that no driver takes the device for hung.
RUN_SECONDS = 0.1
# A product of more than this is not begun.
OPERATION_SECONDS = 0.02
# Relative to the norm of a row; a wrong kernel is off by far more than rounding.
TOLERANCE = {"fp32": 1e-4, "tf32": 1e-2, "fp16": 1e-2, "bf16": 5e-2}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--device", choices=["cuda", "xpu", "mps", "cpu"])
    options = parser.parse_args()
    result = {
        "device": "torch",
        "engine": "torch",
        "adapter": {"name": None, "software": False},
        "tests": [],
        "skipped": [],
    }
    try:
        import torch
    except ImportError as error:
        skip_all(result, "this Python has no PyTorch (%s)" % error)
    else:
        result["engine"] = "torch %s" % torch.__version__
        kind = options.device or accelerator(torch)
        if kind is None:
            skip_all(result, "this PyTorch (%s) sees no GPU" % torch.__version__)
        else:
            result["engine"] += " %s" % backend(torch, kind)
            result["adapter"]["name"] = device_name(torch, kind)
            suite(torch, kind, RUNS["quick" if options.quick else "full"], result)
    print(json.dumps(result))


def accelerator(torch):
    if torch.cuda.is_available():
        return "cuda"
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return "xpu"
    if torch.backends.mps.is_available():
        return "mps"
    return None


def backend(torch, kind):
    if kind == "cuda":
        return "rocm %s" % torch.version.hip if torch.version.hip else "cuda %s" % torch.version.cuda
    return kind


def device_name(torch, kind):
    if kind in ("cuda", "xpu"):
        return getattr(torch, kind).get_device_name(0)
    return None


def skip_all(result, reason):
    for name, type in [("gemm", "fp32"), ("gemm", "fp16"), ("gemm", "bf16"), ("launch", "fp32"), ("bandwidth", "fp32")]:
        skip(result, name, type, reason)


def skip(result, name, type, reason):
    reason = " ".join(str(reason).split())[:300]
    result["skipped"].append({"name": name, "type": type, "reason": reason})


def suite(torch, kind, runs, result):
    tests = [("gemm", type, product) for type in product_types(torch, kind)]
    tests += [("launch", "fp32", launch), ("bandwidth", "fp32", bandwidth)]
    if kind == "cuda":
        tests += [("copyH2D", "fp32", to_device), ("copyD2H", "fp32", to_host)]
    for name, type, test in tests:
        try:
            shape, work, unit, prepare = test(torch, kind, type)
            torch.manual_seed(1)
            operation = prepare()
            seconds = operation_seconds(torch, kind, operation, runs)
            figures = [work / s if work is not None else s for s in seconds]
            result["tests"].append(
                {
                    "name": name,
                    "type": type,
                    "shape": shape,
                    "threads": None,
                    "value": figures[1],
                    "unit": unit,
                    "low": min(figures),
                    "high": max(figures),
                    "samples": runs,
                }
            )
        except Exception as error:  # One type that a device lacks must not cost the others.
            skip(result, name, type, error)
        finally:
            operation = None
            if kind in ("cuda", "xpu", "mps"):
                getattr(torch, kind).empty_cache()


def product_types(torch, kind):
    types = ["fp32", "fp16", "bf16"]
    if kind == "cuda" and not torch.version.hip and torch.cuda.get_device_capability(0) >= (8, 0):
        types.insert(1, "tf32")
    return types


def product(torch, kind, type):
    size = 1024
    dtype = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[type]
    torch.backends.cuda.matmul.allow_tf32 = type == "tf32"

    def matrices(n):
        left = torch.randn(n, n, device=kind, dtype=dtype)
        right = torch.randn(n, n, device=kind, dtype=dtype)
        return left, right, torch.empty_like(left)

    # Larger products use a large device better; stop where one would take too long.
    while size < 8192:
        left, right, out = matrices(size)
        run_chain(torch, kind, lambda: torch.matmul(left, right, out=out), 1)
        taken = run_chain(torch, kind, lambda: torch.matmul(left, right, out=out), 1)
        if taken * 8 > OPERATION_SECONDS:
            break
        size *= 2

    def prepare():
        left, right, out = matrices(size)
        torch.matmul(left, right, out=out)
        expected = left[0].double().cpu() @ right.double().cpu()
        error = ((out[0].double().cpu() - expected).norm() / expected.norm()).item()
        if not error <= TOLERANCE[type]:
            raise ValueError("its values are off by %.2g, so its speed says nothing" % error)
        return lambda: torch.matmul(left, right, out=out)

    return [size, size, size], 2 * size**3, "FLOP/s", prepare


def bandwidth(torch, kind, type):
    elements = 64 * 2**20

    def prepare():
        tensors = [torch.randn(elements, device=kind) for _ in range(3)]

        def operation():
            # Two reads and one write; the tensors take turns, so that none stays in a cache.
            torch.add(tensors[0], tensors[1], out=tensors[2])
            tensors.append(tensors.pop(0))

        return operation

    return [elements], 3 * 4 * elements, "B/s", prepare


def launch(torch, kind, type):
    def prepare():
        tensor = torch.zeros(256, device=kind)
        return lambda: tensor.add_(1)

    return [256], None, "s", prepare


def to_device(torch, kind, type):
    return copy(torch, kind, lambda host, device: device.copy_(host, non_blocking=True))


def to_host(torch, kind, type):
    return copy(torch, kind, lambda host, device: host.copy_(device, non_blocking=True))


def copy(torch, kind, move):
    elements = 16 * 2**20

    def prepare():
        host = torch.randn(elements).pin_memory()
        device = torch.randn(elements, device=kind)
        return lambda: move(host, device)

    return [elements], 4 * elements, "B/s", prepare


def operation_seconds(torch, kind, operation, runs):
    """Fastest, median and slowest seconds of one operation: long chains less short ones, as in src/core/bench/statistics.ts."""
    once = max(run_chain(torch, kind, operation, 1) for _ in range(WARM_UP))
    few = run_chain(torch, kind, operation, 4)
    each = max((few - min(once, few)) / 3, few / 16, 1e-9)
    chain = 1 + max(2, min(256, int(RUN_SECONDS / each)))
    for _ in range(WARM_UP):
        run_chain(torch, kind, operation, chain)
    short, long = [], []
    for _ in range(runs):
        short.append(run_chain(torch, kind, operation, 1))
        long.append(run_chain(torch, kind, operation, chain))
    usual = (statistics.median(long) - statistics.median(short)) / (chain - 1)
    if usual <= 0:
        raise ValueError("the machine was too busy: runs of different length took equal time")
    quiet = (min(long) - min(short)) / (chain - 1)
    busy = (max(long) - statistics.median(short)) / (chain - 1)
    return [min(quiet, usual) if quiet > 0 else usual, usual, max(busy, usual)]


def run_chain(torch, kind, operation, length):
    synchronize(torch, kind)
    start = time.perf_counter()
    for _ in range(length):
        operation()
    synchronize(torch, kind)
    return time.perf_counter() - start


def synchronize(torch, kind):
    if kind != "cpu":
        getattr(torch, kind).synchronize()


if __name__ == "__main__":
    main()
