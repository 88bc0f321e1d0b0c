#!/usr/bin/env python3
"""Printing a module, parsing the text and printing again gives the same text:  roundtrip.py ENGINE DATA

Every module of corpus and benchmarks by `print`, twice, and by `print --binary`; every valid module of the scripts of the spec suite, of its
proposals and of tests/wast by `wast --roundtrip`, which counts each as an assertion.
"""
import os, sys, tempfile
from common import *
import wast

# Valid modules of the suite without proposals/. Fewer: the script runner lost some, and what it lost it did not print.
SUITE_MODULES = 2516


def twice(engine, path, scratch):
    first = run([engine, 'print', path])
    if first.crash() or first.status != 0:
        return first.crash() or f'print: exit status {first.status}: {last(first.err)}'
    text = os.path.join(scratch, str(abs(hash(path))) + '.wat')
    with open(text, 'wb') as file:
        file.write(first.out)
    second = run([engine, 'print', text])
    binary = run([engine, 'print', '--binary', text])
    os.unlink(text)
    for what, ran in (('print of the text', second), ('print --binary of the text', binary)):
        if ran.crash() or ran.status != 0:
            return ran.crash() or f'{what}: exit status {ran.status}: {last(ran.err)}'
    third = run([engine, 'print', '-'], stdin=binary.out)
    return first_difference(first.out, second.out) or first_difference(first.out, third.out)


def script(engine, name, path, tally):
    """Counts the script's modules; returns how many passed."""
    ran = run([engine, 'wast', '--roundtrip', *wast.options(name), path])
    counts = wast.counts(ran.out)
    fault = ran.crash() or (None if counts else f'no closing line (exit status {ran.status}): {last(ran.err)}')
    if fault:
        tally.check(name, fault)
        return 0
    passed, failed, skipped = counts
    tally.passed += passed
    tally.failed += failed + skipped
    for line in ran.out.split(b'\n')[:20] if failed + skipped else []:
        print(f'FAIL {name}: {line[:300].decode(errors="replace")}')
    if (ran.status == 0) != (failed + skipped == 0):
        tally.check(name, f'exit status {ran.status} with {failed} failed, {skipped} skipped')
    return passed


def main():
    engine, data = sys.argv[1:3]
    tally = Tally()
    suite, own = os.path.join(data, 'testsuite'), os.path.join(ROOT, 'tests/wast')
    theirs = [(name, os.path.join(suite, name)) for name in wast.all_files(suite)]
    ours = [(os.path.relpath(path, own), path) for path in modules(own, '.wast')]
    printed = list(in_parallel(lambda item: (item[0], script(engine, *item, tally)), theirs))
    of_suite = sum(count for name, count in printed if not name.startswith('proposals/'))
    tally.check('the suite', f'only {of_suite} of {SUITE_MODULES} modules' if of_suite < SUITE_MODULES else None)
    for _ in in_parallel(lambda item: script(engine, *item, tally), ours):
        pass

    paths = [path for folder in ('corpus', 'bench') for path in modules(os.path.join(data, folder))]
    with tempfile.TemporaryDirectory() as scratch:
        for name, fault in in_parallel(lambda path: (os.path.relpath(path, data), twice(engine, path, scratch)), paths):
            tally.check(name, fault)
    tally.close()


main()
