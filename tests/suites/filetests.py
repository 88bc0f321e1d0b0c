#!/usr/bin/env python3
"""Golden dumps:  filetests.py ENGINE FOLDER

FOLDER/<stage>/<name>.wat is compiled with `--stop-after=<stage>`; what comes out must equal <name>.out beside it.
A first line ';; options: --opt-level=3' adds options. In FOLDER/eh/ it goes through `objdump --eh`.
In FOLDER/run/ the first line is a comment `;; run: f 1 2` (several may stand there): each is invoked, the results follow
each other in <name>.out. TRAPEZE_BLESS=1 (make bless) rewrites the .out files; the diff is then what is reviewed.
"""
import os, re, sys
from common import *


def invocations(path):
    return [found[1].split() for line in open(path) if (found := re.match(r';;\s*run:\s*(.+)', line))]


def options(path):
    found = re.match(r';;\s*options:\s*(.+)', open(path).readline())
    return found[1].split() if found else []


def produce(engine, stage, path):
    """(output, fault)"""
    if stage == 'run':
        wanted = invocations(path)
        if not wanted:
            return b'', 'no line ";; run: FUNCTION ARGUMENT…"'
        commands = [[engine, 'run', '--invoke', words[0], path, *words[1:]] for words in wanted]
    else:
        commands = [[engine, 'objdump', '--eh', '--threads=1', '--cpu=baseline', path]] if stage == 'eh' else \
            [[engine, 'compile', f'--stop-after={stage}', '--threads=1', '--cpu=baseline', *options(path), path]]
    output = b''
    for command in commands:
        ran = run(command, timeout=120)
        if ran.crash():
            return output, ran.crash()
        output += ran.out
        if ran.status != 0:
            text = re.sub(re.escape(os.path.dirname(path)).encode() + b'/?', b'', ran.err)
            output += b'exit status %d\n' % ran.status + text
    return output, None


def main():
    engine, folder = sys.argv[1:3]
    tally = Tally()
    folder = os.path.join(ROOT, folder)
    tests = [path for path in modules(folder, '.wat')]

    def one(path):
        stage = os.path.relpath(path, folder).split(os.sep)[0]
        output, fault = produce(engine, stage, path)
        golden = path[:-len('.wat')] + '.out'
        if BLESS and not fault:
            with open(golden, 'wb') as file:
                file.write(output)
        if not fault:
            fault = 'no golden file (make bless)' if not os.path.exists(golden) else \
                first_difference(open(golden, 'rb').read(), output)
        return os.path.relpath(path, folder), fault

    for name, fault in in_parallel(one, tests):
        tally.check(name, fault)
    tally.close()


main()
