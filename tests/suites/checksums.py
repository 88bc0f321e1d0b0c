#!/usr/bin/env python3
"""Runs the exception micro-benchmarks and compares their checksums:  checksums.py ENGINE FOLDER

Each module exports run(n) -> i32; manifest.json names the formula. n = 0, 1, 1000, 5003, all 32-bit arithmetic.
`throw_local` must also compile to a loop without a call: its handler is known, so its throw is a jump.
"""
import json, os, re, sys
from common import *
from eh_formulas import FORMULAS, SIZES


def throw_is_a_jump(engine, path):
    ran = run([engine, 'compile', '--stop-after=emit', path])
    if ran.crash() or ran.status != 0:
        return ran.crash() or f'exit status {ran.status}: {last(ran.err)}'
    if b'run' not in ran.out:
        return 'the dump does not show function run'
    calls = [line for line in ran.out.split(b'\n') if re.search(rb'\bcall\b', line)]
    return f'calls in its code: {calls[:3]}' if calls else None


def main():
    engine, folder = sys.argv[1:3]
    manifest = json.load(open(os.path.join(folder, 'manifest.json')))
    tally = Tally()
    rows = [(name, n) for name in manifest for n in SIZES]

    def one(row):
        name, n = row
        ran = run([engine, 'run', '--invoke', 'run', os.path.join(folder, 'wasm', f'{name}.wasm'), str(n)])
        wanted = FORMULAS[manifest[name]['expect']](n)
        fault = ran.crash()
        if not fault and (ran.status != 0 or ran.out.strip() != str(wanted).encode()):
            fault = f'expected {wanted}, found {ran.out.strip()[:60]!r} (exit status {ran.status}) {last(ran.err)}'
        return f'{name}({n})', fault

    for name, fault in in_parallel(one, rows):
        tally.check(name, fault)
    tally.check('throw_local is a jump', throw_is_a_jump(engine, os.path.join(folder, 'wasm', 'throw_local.wasm')))
    tally.close()


main()
