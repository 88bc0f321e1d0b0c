#!/usr/bin/env python3
"""A collection at every call changes nothing:  stress.py ENGINE TESTSUITE

All exception scripts, the suite's and ours, with TRAPEZE_STRESS=collect. Run in the sanitized build: a reference the
collector missed is then a use after free.
"""
import os, re, sys
from common import *

EXCEPTIONS = ['tag.wast', 'throw.wast', 'throw_ref.wast', 'try_table.wast', 'ref.wast', 'legacy/rethrow.wast',
              'legacy/throw.wast', 'legacy/try_catch.wast', 'legacy/try_delegate.wast']
COUNTS = re.compile(rb'(\d+) passed, (\d+) failed, (\d+) skipped\s*$')


def main():
    engine, suite = sys.argv[1:3]
    tally = Tally()
    paths = [os.path.join(suite, name) for name in EXCEPTIONS] + modules(os.path.join(ROOT, 'tests/wast/exceptions'), '.wast')

    def one(path):
        return path, run([engine, 'wast', path], env={'TRAPEZE_STRESS': 'collect'}, timeout=900)

    for path, ran in in_parallel(one, paths):
        name = os.path.relpath(path, suite if path.startswith(suite) else ROOT)
        counts = next((found for line in reversed(ran.out.split(b'\n')) if (found := COUNTS.search(line))), None)
        if ran.crash() or not counts:
            tally.check(name, ran.crash() or f'no closing line (exit status {ran.status}): {last(ran.err)}')
            continue
        tally.passed += int(counts[1])
        tally.failed += int(counts[2]) + int(counts[3])
        if int(counts[2]) + int(counts[3]):
            print(f'FAIL {name}: {last(ran.out, 400)}')
    tally.close()


main()
