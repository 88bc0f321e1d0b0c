#!/usr/bin/env python3
"""Runs .wast scripts:  wast.py ENGINE core|spec|exceptions|own TESTSUITE

  core        the files of core_files.txt and core_files_near.txt beside the suite: every directive passes
  spec        all other files of the suite; tests/expected_failures/spec.txt names those that may fail
  exceptions  the suite's exception files in both encodings, and tests/wast/exceptions
  own         tests/wast but exceptions

spec.txt has a line 'FILE: reason' per file. In a listed file failing runs count as skipped, but each assert_invalid and
assert_malformed must pass there too; a listed file without a failure fails the test: the list must shrink with progress.
A line 'FILE:LINE: reason' excuses the one command at that line, of whatever kind; it fails the test if it passes.
"""
import os, re, sys
from common import *

EXCEPTIONS = ['tag.wast', 'throw.wast', 'throw_ref.wast', 'try_table.wast', 'ref.wast', 'legacy/rethrow.wast',
              'legacy/throw.wast', 'legacy/try_catch.wast', 'legacy/try_delegate.wast']
PROPOSALS = {'proposals/wide-arithmetic': 'wide-arithmetic', 'proposals/custom-page-sizes': 'custom-page-sizes'}
COUNTS = re.compile(rb'(\d+) passed, (\d+) failed, (\d+) skipped\s*$')
STATIC = re.compile(rb'assert_(invalid|malformed)')


def all_files(suite):
    found = [os.path.relpath(path, suite) for path in modules(suite, '.wast')]
    return [name for name in found if not name.startswith('proposals/custom-descriptors')]


def listed(suite, *names):
    folder = os.path.dirname(suite.rstrip('/'))
    return [line.split()[0] for name in names for line in open(os.path.join(folder, name)) if line.strip()]


def expected_failures():
    path = os.path.join(ROOT, 'tests/expected_failures/spec.txt')
    if not os.path.exists(path):
        return {}
    rows = (line.split(': ', 1) for line in open(path) if line.strip() and not line.startswith('#'))
    return {name.strip(): reason.strip() for name, reason in rows}


def excuse_lines(name, excused, lines, tally):
    """Takes the failures out that are excused by line; returns the other lines and how many were excused."""
    wanted = {key[len(name) + 1:].encode() for key in excused if key.startswith(name + ':')}
    number = lambda line: next(iter(re.findall(rb':(\d+): ', line)), b'')
    failing = {number(line) for line in lines}
    for passing in sorted(wanted - failing):
        tally.check(name, f'line {passing.decode()} passes although tests/expected_failures/spec.txt lists it: take it out')
    rest = [line for line in lines if number(line) not in wanted]
    tally.skipped += len(lines) - len(rest)
    return rest, len(lines) - len(rest)


def select(which, suite):
    core = listed(suite, 'core_files.txt', 'core_files_near.txt')
    if which == 'core':
        return [(name, os.path.join(suite, name)) for name in core]
    if which == 'spec':
        return [(name, os.path.join(suite, name)) for name in all_files(suite) if name not in core]
    own = os.path.join(ROOT, 'tests/wast')
    if which == 'exceptions':
        mine = modules(os.path.join(own, 'exceptions'), '.wast')
        return [(name, os.path.join(suite, name)) for name in EXCEPTIONS] + [(os.path.relpath(p, own), p) for p in mine]
    return [(os.path.relpath(p, own), p) for p in modules(own, '.wast') if not p.startswith(os.path.join(own, 'exceptions'))]


def counts(output):
    """(passed, failed, skipped) of the last line of `trapeze wast` that reports them, or None."""
    lines = (COUNTS.search(line) for line in reversed(output.split(b'\n')))
    return next((tuple(int(group) for group in found.groups()) for found in lines if found), None)


def options(name):
    return [f'--enable={feature}' for folder, feature in PROPOSALS.items() if name.startswith(folder)]


def main():
    engine, which, suite = sys.argv[1:4]
    tally, excused = Tally(), expected_failures() if which == 'spec' else {}
    files = select(which, suite)
    for name in {re.sub(r':\d+$', '', key) for key in excused} - {name for name, _ in files}:
        tally.check(name, 'tests/expected_failures/spec.txt names a file that is not run')

    def one(item):
        return item, run([engine, 'wast', *options(item[0]), item[1]], timeout=900)

    for (name, path), ran in in_parallel(one, files):
        reported = counts(ran.out)
        fault = ran.crash() or (None if reported else f'no closing line (exit status {ran.status}): {last(ran.err)}')
        if fault:
            tally.check(name, fault)
            continue
        passed, failed, skipped = reported
        tally.passed += passed
        lines = [line for line in (ran.out + ran.err).split(b'\n') if line and not COUNTS.search(line)]
        lines, excused_lines = excuse_lines(name, excused, lines, tally)
        failed -= excused_lines
        if name in excused:
            static = [line for line in lines if STATIC.search(line)]
            for line in static:
                tally.check(name, line[:300].decode(errors='replace'))
            tally.skipped += failed + skipped - len(static)
            if not failed and not skipped:
                tally.check(name, 'passes although tests/expected_failures/spec.txt lists it: take the line out')
            continue
        for line in lines[:20] if failed else []:
            print(f'FAIL {name}: {line[:300].decode(errors="replace")}')
        tally.failed += failed + skipped
        if skipped:
            print(f'FAIL {name}: {skipped} skipped')
        if (ran.status == 0) != (failed + skipped + excused_lines == 0):
            tally.check(name, f'exit status {ran.status} with {failed} failed, {skipped} skipped')
    tally.close()


if __name__ == '__main__':
    main()
