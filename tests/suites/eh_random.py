#!/usr/bin/env python3
"""Random exception programs against their oracle:  eh_random.py PROGRAM

A fixed budget of programs, each under every unwinder (a smaller one in the sanitized build), then the self-test: the oracle
with each of its deliberately wrong rules must be caught, and every feature of the generator's list must have been used.
TRAPEZE_EH_RANDOM=N asks for another number of programs.
"""
import os, re, sys
from common import *


def main():
    program = sys.argv[1]
    count = int(os.environ.get('TRAPEZE_EH_RANDOM') or (1000 if DEV else 10000))
    tally = Tally()
    ran = run([program, '--seed', '1', '--count', str(count), '--jobs', str(JOBS), '--unwinder', 'both'], timeout=1200)
    print(ran.out[-20000:].decode(errors='replace'))
    fine = ran.status == 0 and ran.out.endswith(b'%d programs, 0 disagreements\n' % count)
    tally.check('both unwinders', None if fine else f'exit status {ran.status}: {last(ran.out)} {last(ran.err)}')
    ran = run([program, '--seed', '1', '--count', '4000', '--self-test'], timeout=1200)
    print(ran.out.decode(errors='replace'))
    found = re.search(rb'self-test: (\d+) wrong rules, (\d+) found; (\d+) features, (\d+) reached', ran.out)
    fine = ran.status == 0 and found and found[1] == found[2] and found[3] == found[4]
    tally.check('self-test', None if fine else f'exit status {ran.status}: {last(ran.out)} {last(ran.err)}')
    tally.close()


main()
