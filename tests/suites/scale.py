#!/usr/bin/env python3
"""Compile time grows linearly:  scale.py ENGINE

Generators make one module at sizes n and 4 n; the time of the second may be at most 4 x 1.9 of the first's (a quadratic
step would make it 16). Sizes are chosen so that the larger compiles in about a second; the minimum of three counts.
"""
import os, sys, tempfile, time
from common import *

SLACK = 1.9


def leb(value):
    out = b''
    while True:
        byte, value = value & 127, value >> 7
        out += bytes([byte | (128 if value else 0)])
        if not value:
            return out


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


def vector(items):
    return leb(len(items)) + b''.join(items)


def module(bodies, locals_per_body=1):
    """Functions [i32] -> [i32] with the given bodies, a tag [i32], a memory, the first exported as `run`."""
    types = vector([b'\x60\x01\x7f\x01\x7f', b'\x60\x01\x7f\x00'])
    declaration = vector([leb(locals_per_body) + b'\x7f'])
    code = vector([leb(len(declaration) + len(body) + 1) + declaration + body + b'\x0b' for body in bodies])
    return (b'\0asm\1\0\0\0' + section(1, types) + section(3, vector([b'\0'] * len(bodies))) +
            section(5, b'\1\0\1') + section(13, b'\1\0\1') + section(7, vector([b'\3run\0\0'])) + section(10, code))


GET, SET = b'\x20', b'\x21'


def straight(n):
    """One body of n additions, stores and loads."""
    step = GET + b'\0' + b'\x41\x07\x6a' + SET + b'\1' + b'\x41\x08' + GET + b'\1' + b'\x36\x02\0' + GET + b'\1' + b'\x41\x08\x28\x02\0' + b'\x73' + SET + b'\0'
    return module([step * n + GET + b'\0'])


def branches(n):
    """One body of n ifs one behind the other, each assigning a local."""
    step = GET + b'\0' + b'\x41\x01\x71\x04\x40' + GET + b'\0' + b'\x41\x03\x6a' + SET + b'\0' + b'\x05' + GET + b'\0' + b'\x41\x05\x6c' + SET + b'\1' + b'\x0b'
    return module([step * n + GET + b'\0'])


def nested(n):
    """n blocks in each other, each left by a conditional branch."""
    return module([b'\x02\x40' * n + (GET + b'\0' + b'\x0d\0' + b'\x0b') * n + GET + b'\0'])


def calls(n):
    """One body of n calls with values live across all of them."""
    step = GET + b'\0' + b'\x10\1' + GET + b'\1' + b'\x6a' + SET + b'\1'
    return module([step * n + GET + b'\1', GET + b'\0'])


def handlers(n):
    """n try_tables one behind the other, each with a call, a clause, and a local changed inside."""
    step = (b'\x02\x7f' + b'\x1f\x40\1\0\0\0' + GET + b'\0' + b'\x10\1' + SET + b'\1' + b'\x0b' + b'\x41\0' + b'\x0b' +
            GET + b'\1' + b'\x6a' + SET + b'\0')
    return module([step * n + GET + b'\0', GET + b'\0' + b'\x08\0'])


def nested_handlers(n):
    """n try_tables in each other, each with its own clause, a call innermost."""
    return module([b'\x02\x7f\x1f\x40\1\0\0\0' * n + GET + b'\0' + b'\x10\1' + SET + b'\1' +
                   (b'\x0b\x41\1\x0b' + SET + b'\1') * n + GET + b'\1', GET + b'\0' + b'\x08\0'])


def functions(n):
    """n small functions."""
    return module([GET + b'\0' + b'\x41\x03\x6c' + GET + b'\1' + b'\x6a'] * n)


def live(n):
    """n locals, all live across a loop."""
    sets = b''.join(GET + b'\0' + b'\x41' + bytes([i % 60]) + b'\x6a' + SET + leb(i + 1) for i in range(n))
    uses = b''.join(GET + b'\0' + GET + leb(i + 1) + b'\x6a' + SET + b'\0' for i in range(n))
    return module([sets + b'\x03\x40' + GET + b'\0' + b'\x41\x01\x6b\x22\0' + b'\x0d\0\x0b' + uses + GET + b'\0'], n)


CASES = [(straight, 32000), (branches, 16000), (nested, 32000), (calls, 32000), (handlers, 8000), (nested_handlers, 8000),
         (functions, 20000), (live, 10000)]


def seconds(engine, path):
    """User time of compiling, less noise: the least of three runs. The code runs once, which costs nothing."""
    best = None
    for _ in range(3):
        before = os.times()
        ran = run([engine, 'run', '--no-cache', '--threads=1', '--invoke', 'run', path, '1'], timeout=300)
        after = os.times()
        if ran.crash() or ran.status != 0:
            return None, ran.crash() or f'exit status {ran.status}: {last(ran.err)}'
        spent = after.children_user - before.children_user
        best = spent if best is None else min(best, spent)
    return best, None


def main():
    engine = sys.argv[1]
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        empty = os.path.join(folder, 'empty.wasm')
        open(empty, 'wb').write(functions(1))
        start, fault = seconds(engine, empty)
        if fault:
            tally.check('start', fault)
            tally.close()
        for make, size in CASES:
            times = []
            for n in (size, 4 * size):
                path = os.path.join(folder, f'{make.__name__}.wasm')
                open(path, 'wb').write(make(n))
                spent, fault = seconds(engine, path)
                if fault:
                    break
                times.append(max(0.0, spent - start))
            if not fault:
                print(f'{make.__name__}: n = {size}: {times[0]:.2f} s, n = {4 * size}: {times[1]:.2f} s')
                if times[1] > 0.2 and times[1] > 4 * SLACK * max(times[0], 0.02):
                    fault = f'{times[0]:.2f} s for n = {size}, {times[1]:.2f} s for 4 n'
            tally.check(make.__name__, fault)
    tally.close()


main()
