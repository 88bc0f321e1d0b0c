#!/usr/bin/env python3
"""What is no module is refused, for its own kind of reason; what is one is accepted:  language.py SPEC_VALIDATE TESTSUITE

Every module, assert_malformed and assert_invalid of the whole spec suite, nothing executed: the assertions about running
are not counted here. The main folder, legacy/ and custom/ hold 4,691 such assertions; fewer counted is a failure.
A failure whose line stands in tests/expected_failures/spec.txt (FILE:LINE: reason) is expected, and must then fail.
"""
import os, re, sys
from common import *

LEAST = 4691
COUNTS = re.compile(rb'(\d+) passed, (\d+) failed, (\d+) skipped\s*$')


def expected_lines():
    """`FILE:LINE` of the single assertions that may fail."""
    rows = open(os.path.join(ROOT, 'tests/expected_failures/spec.txt'))
    return {found[1] for row in rows if (found := re.match(r'([^#:]+:\d+): ', row))}


def main():
    program, suite = sys.argv[1:3]
    tally = Tally()
    expected = expected_lines()
    files = [os.path.relpath(path, suite) for path in modules(suite, '.wast')]
    groups = {
        'testsuite': ([], [name for name in files if not name.startswith('proposals/')]),
        'threads': ([], [name for name in files if name.startswith('proposals/threads/')]),
        'wide-arithmetic': (['--enable=wide-arithmetic'], [n for n in files if n.startswith('proposals/wide-arithmetic/')]),
        'custom-page-sizes': (['--enable=custom-page-sizes'],
                              [n for n in files if n.startswith('proposals/custom-page-sizes/')]),
    }
    for group, (options, names) in groups.items():
        ran = run([program, *options, *names], cwd=suite, timeout=1200)
        counts = COUNTS.search(ran.out)
        if ran.crash() or not counts:
            tally.check(group, ran.crash() or f'no closing line: {last(ran.err)}')
            continue
        passed, failed = int(counts[1]), int(counts[2])
        for line in ran.out.decode(errors='replace').split('\n'):
            if not line or COUNTS.search(line.encode()):
                continue
            place = ':'.join(line.split(':')[:2])
            if place in expected:
                expected.remove(place)
                failed -= 1
            else:
                print(f'FAIL {line[:300]}')
        tally.passed += passed
        tally.failed += failed
        if group == 'testsuite' and passed + failed < LEAST:
            tally.check(group, f'only {passed + failed} assertions of at least {LEAST}')
    for place in sorted(expected):
        tally.check(place, 'listed as an expected failure, but it passes: take its line out')
    tally.close()


main()
