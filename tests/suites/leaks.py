#!/usr/bin/env python3
"""Caught throws leave nothing behind: many throws may peak at most 16 MiB above one throw.

    leaks.py [--count N] ENGINE

The last line is 'N passed, N failed'.
"""
import os, pathlib, subprocess, sys

ALLOWANCE_KIB = 16 * 1024
CASES = ['by_tag', 'by_ref', 'kept', 'rethrown', 'chained']
MODULE = pathlib.Path(__file__).resolve().parent.parent / 'leaks' / 'throws.wat'


def peak_kib(engine, case, count):
    command = engine + ['run', '--invoke', case, str(MODULE), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read().decode().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or output != str(count):
        raise RuntimeError(f'{case} {count}: exit status {process.returncode}, printed {output!r}')
    return usage.ru_maxrss


def main():
    arguments, count = sys.argv[1:], 10_000_000
    if arguments[:1] == ['--count']:
        count, arguments = int(arguments[1]), arguments[2:]
    if not arguments:
        sys.exit(__doc__)
    failed = 0
    for case in CASES:
        try:
            few, many = peak_kib(arguments, case, 1), peak_kib(arguments, case, count)
            leaked = many - few > ALLOWANCE_KIB
            print(f'{"FAIL" if leaked else "ok"} {case}: 1 throw {few} KiB, {count} throws {many} KiB')
            failed += leaked
        except RuntimeError as fault:
            print(f'FAIL {fault}')
            failed += 1
    print(f'{len(CASES) - failed} passed, {failed} failed')
    sys.exit(bool(failed))


main()
