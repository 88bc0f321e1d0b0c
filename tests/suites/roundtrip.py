#!/usr/bin/env python3
"""Printing a module, parsing the text and printing again gives the same text:  roundtrip.py ENGINE DATA

Every module of corpus and benchmarks; the modules of the spec suite's scripts by `wast --roundtrip`, which prints, parses
and prints again each valid module a script defines and counts it as an assertion.
"""
import os, sys, tempfile
from common import *


def twice(engine, path, scratch):
    first = run([engine, 'print', path])
    if first.crash() or first.status != 0:
        return first.crash() or f'print: exit status {first.status}: {last(first.err)}'
    text = os.path.join(scratch, str(abs(hash(path))) + '.wat')
    with open(text, 'wb') as file:
        file.write(first.out)
    second = run([engine, 'print', text])
    os.unlink(text)
    if second.crash() or second.status != 0:
        return second.crash() or f'print of the text: exit status {second.status}: {last(second.err)}'
    return first_difference(first.out, second.out)


def main():
    engine, data = sys.argv[1:3]
    tally = Tally()
    paths = [path for folder in ('corpus', 'bench') for path in modules(os.path.join(data, folder))]
    with tempfile.TemporaryDirectory() as scratch:
        for name, fault in in_parallel(lambda path: (os.path.relpath(path, data), twice(engine, path, scratch)), paths):
            tally.check(name, fault)
    tally.close()


main()
