#!/usr/bin/env python3
"""Caught throws leave nothing behind: many throws may peak at most 16 MiB above few.

    leaks.py [--count N] ENGINE [MIXED]

The loops of tests/leaks/throws.wat, on the fast path; and MIXED (tests/leaks/mixed.cpp), where the host and C++ objects
are in it, under both unwinders. Without --count 10^7 for each loop, and 10^6 and 4 x 10^5 for the mixed ones;
--count 100000000 is for all of them. The last line is 'N passed, N failed'.
"""
import os, pathlib, subprocess, sys

ALLOWANCE_KIB = 16 * 1024
CASES = ['by_tag', 'by_ref', 'kept', 'rethrown', 'chained']
MODULE = pathlib.Path(__file__).resolve().parent.parent / 'leaks' / 'throws.wat'


def peak_kib(command, count):
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read().decode().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or output != str(count):
        raise RuntimeError(f'{" ".join(command)}: exit status {process.returncode}, printed {output!r}')
    return usage.ru_maxrss


def main():
    arguments, asked = sys.argv[1:], None
    if arguments[:1] == ['--count']:
        asked, arguments = int(arguments[1]), arguments[2:]
    if not arguments:
        sys.exit(__doc__)
    runs = [(case, 1, asked or 10_000_000, lambda n, case=case: [arguments[0], 'run', '--invoke', case, str(MODULE), str(n)])
            for case in CASES]
    runs += [(f'mixed, {unwinder}', 16_000, asked or count, lambda n, unwinder=unwinder: [arguments[1], unwinder, str(n)])
             for unwinder, count in (('fast', 1_000_000), ('system', 400_000)) if arguments[1:]]
    failed = 0
    for name, small, large, command in runs:
        try:
            few, many = peak_kib(command(small), small), peak_kib(command(large), large)
            leaked = many - few > ALLOWANCE_KIB
            print(f'{"FAIL" if leaked else "ok"} {name}: {small} throws {few} KiB, {large} throws {many} KiB', flush=True)
            failed += leaked
        except RuntimeError as fault:
            print(f'FAIL {fault}')
            failed += 1
    print(f'{len(runs) - failed} passed, {failed} failed')
    sys.exit(bool(failed))


main()
