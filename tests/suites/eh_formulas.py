"""What the exception micro-benchmarks compute: run(n) by the formula that their manifest names, in 32-bit arithmetic."""

SIZES = (0, 1, 1000, 5003)


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


FORMULAS = {
    'sum': lambda n: wrap(sum(range(n))),
    'n': wrap,
    'sumxor': lambda n: wrap(sum(i ^ 0x5a5a for i in range(n))),
    'sum255': lambda n: wrap(sum(wrap(i << k) for i in range(n) for k in range(8))),
}
