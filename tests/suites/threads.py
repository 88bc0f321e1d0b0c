#!/usr/bin/env python3
"""Compiling with one thread and with eight gives the same bytes:  threads.py ENGINE DATA"""
import os, sys
from common import *


def main():
    engine, data = sys.argv[1:3]
    tally = Tally()
    paths = [path for folder in ('corpus', 'bench/programs', 'bench/eh') for path in modules(os.path.join(data, folder))]
    # The dump is text of every instruction, row and relocation: an order of magnitude more bytes than the code.
    paths = [path for path in paths if os.path.getsize(path) < 1_500_000]

    # Level 3 has a pass over all functions before the others.
    jobs = [(path, level) for path in paths for level in (2, 3) if level == 2 or os.path.getsize(path) < 200_000]

    def one(job):
        path, level = job
        command = [engine, 'compile', '--stop-after=emit', f'--opt-level={level}']
        dumps = [run([*command, f'--threads={n}', path]) for n in (1, 8)]
        fault = next((ran.crash() for ran in dumps if ran.crash()), None)
        if not fault and dumps[0].status != dumps[1].status:
            fault = f'exit status {dumps[0].status} and {dumps[1].status}'
        if not fault and dumps[0].status == 0 and not dumps[0].out:
            fault = 'an empty dump'
        return f'{os.path.relpath(path, data)} at level {level}', fault or first_difference(dumps[0].out, dumps[1].out)

    for name, fault in in_parallel(one, jobs, 1):
        tally.check(name, fault)
    tally.close()


main()
