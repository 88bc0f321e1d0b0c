#!/usr/bin/env python3
"""Runs the benchmark programs as WASI programs and compares what they print:  programs.py ENGINE FOLDER

Each runs in its own folder with `--unknown-imports=zero --dir .::.` (they import bench.start and bench.end).
`X.wasm` has `X.stdout.expected` and `X.stderr.expected`, or the folder's `default.*`; without them, exit status 0 counts.
Under another optimisation level than the default those that run for seconds are left out.
kotlin-richards needs garbage-collected structs and is left out until the engine has them.
"""
import glob, os, sys
from common import *

WAITING = {'kotlin-richards.wasm': 'needs structs and arrays'}
SECONDS = {'gcc-loops/benchmark.wasm', 'shootout/shootout-ed25519.wasm'}


def expectation(folder, stem, stream):
    for name in (f'{stem}.{stream}.expected', f'default.{stream}.expected'):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return open(path, 'rb').read()
    return None


def one(engine, path):
    folder, stem = os.path.dirname(path), os.path.basename(path)[:-len('.wasm')]
    ran = run([engine, 'run', '--unknown-imports=zero', '--dir', '.::.', os.path.basename(path)], cwd=folder, timeout=1200)
    fault = ran.crash()
    if not fault and ran.status != 0:
        fault = f'exit status {ran.status}: {last(ran.err)}'
    for stream, actual in (('stdout', ran.out), ('stderr', ran.err)):
        wanted = expectation(folder, stem, stream)
        if not fault and wanted is not None and (difference := first_difference(wanted, actual)):
            fault = f'{stream} {difference}'
    return stem, fault


def main():
    engine, folder = sys.argv[1:3]
    tally = Tally()
    paths = [path for path in sorted(glob.glob(os.path.join(folder, '*', '*.wasm')))
             if os.path.basename(path) not in WAITING
             and (OPT_LEVEL == '2' or os.path.relpath(path, folder) not in SECONDS)]
    for name, fault in in_parallel(lambda path: one(engine, path), paths):
        tally.check(name, fault)
    tally.close()


main()
