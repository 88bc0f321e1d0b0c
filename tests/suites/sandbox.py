#!/usr/bin/env python3
"""WASI paths stay inside the preopened directory:  sandbox.py ENGINE

tests/sandbox/paths.wat does one operation and exits with its errno. Escapes by `..`, absolute paths and symbolic links,
by every operation that takes a path, must fail and leave the outside as it was; the same inside must work. race.wat opens
a path while the host swaps a directory on it for a link to the outside.
"""
import os, sys, tempfile, threading
from common import *

GUESTS = os.path.join(ROOT, 'tests/sandbox')


def lay(top):
    """inside/ is preopened, outside/ holds the secret."""
    inside, outside = os.path.join(top, 'inside'), os.path.join(top, 'outside')
    for folder in (inside, outside, os.path.join(inside, 'sub'), os.path.join(outside, 'empty')):
        os.makedirs(folder)
    for path, text in ((os.path.join(inside, 'file'), 'inside'), (os.path.join(inside, 'sub/deep'), 'deep'),
                       (os.path.join(outside, 'secret'), 'Secret')):
        with open(path, 'w') as file:
            file.write(text)
    for target, name in (('file', 'good'), ('sub', 'goodsub'), ('../outside/secret', 'upfile'), ('../outside', 'updir'),
                         (outside, 'absdir'), (os.path.join(outside, 'secret'), 'absfile'), ('sub/../../outside', 'bent'),
                         ('updir', 'chain'), ('../outside/new', 'dangling'), ('loop', 'loop')):
        os.symlink(target, os.path.join(inside, name))
    return inside, outside


ALLOWED = ['o file', 'o sub/deep', 'o sub/../file', 'o good', 'o goodsub/deep', 'o ./sub/./deep', 's file', 's goodsub',
           'c fresh', 'd made', 'u file', 'r made2', 'n sub/deep moved', 'l good']
REFUSED = (
    ['o ' + path for path in ('../outside/secret', '../inside/file', 'sub/../../outside/secret', '/etc/passwd', '/', '..',
                              'upfile', 'updir/secret', 'absdir/secret', 'absfile', 'bent/secret', 'chain/secret', 'loop',
                              'goodsub/../../outside/secret')] +
    ['c ' + path for path in ('../outside/new', 'updir/new', 'absdir/new', 'dangling', '/tmp/trapeze-escape', '..')] +
    ['d ' + path for path in ('../outside/dir', 'updir/dir', 'absdir/dir')] +
    ['u ' + path for path in ('../outside/secret', 'updir/secret', 'absdir/secret')] +
    ['r ' + path for path in ('../outside/empty', 'updir/empty')] +
    ['s ' + path for path in ('../outside/secret', 'updir/secret', 'upfile', '/etc/passwd')] +
    ['l ' + path for path in ('updir/../inside/good', '../inside/good')] +
    ['n file ../outside/taken', 'n file updir/taken', 'n ../outside/secret stolen', 'n updir/secret stolen'] +
    ['y /etc/passwd mine', 'y x ../outside/link', 'y x updir/link'] +
    ['h ../outside/secret mine', 'h updir/secret mine', 'h file updir/linked', 'h file ../outside/linked'])


def snapshot(folder):
    found = []
    for base, folders, names in os.walk(folder):
        found += [(os.path.join(base, name), None) for name in folders]
        found += [(path, open(path).read()) for path in (os.path.join(base, name) for name in names)]
    return sorted(found, key=lambda row: row[0])


def attempt(engine, words):
    """(errno or None, fault)"""
    with tempfile.TemporaryDirectory() as top:
        inside, outside = lay(top)
        os.makedirs(os.path.join(inside, 'made2'))
        before = snapshot(outside)
        ran = run([engine, 'run', '--unknown-imports=trap', '--dir', f'{inside}::.', os.path.join(GUESTS, 'paths.wat'), *words])
        if ran.crash():
            return None, ran.crash()
        if ran.status == 134 and b'path_' in ran.err:
            return None, None  # an import that is not provided
        fault = 'the outside changed' if snapshot(outside) != before or os.path.exists('/tmp/trapeze-escape') else None
        if words[0] == 'y' and words[1].startswith('/') and ran.status == 0:
            fault = None  # WASI lets hosts decide; what counts is that following it is refused, as above
        return ran.status, fault


def race(engine):
    with tempfile.TemporaryDirectory() as top:
        inside, outside = lay(top)
        swapped, spare = os.path.join(inside, 'swapped'), os.path.join(inside, 'spare')
        os.makedirs(swapped)
        for folder, text in ((swapped, 'inside'), (outside, 'Secret')):
            with open(os.path.join(folder, 'file'), 'w') as file:
                file.write(text)
        stop = threading.Event()

        def swap():
            while not stop.is_set():
                os.rename(swapped, spare)
                os.symlink('../outside', swapped)
                os.unlink(swapped)
                os.rename(spare, swapped)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            ran = run([engine, 'run', '--dir', f'{inside}::.', os.path.join(GUESTS, 'race.wat')], timeout=300)
        finally:
            stop.set()
            thread.join()
        return ran.crash() or {0: None, 1: 'the outside file was read', 2: 'nothing was read'}.get(
            ran.status, f'exit status {ran.status}: {last(ran.err)}')


def main():
    engine = sys.argv[1]
    tally = Tally()
    for row in ALLOWED + REFUSED:
        status, fault = attempt(engine, row.split())
        if status is None and not fault:
            tally.skipped += 1
            continue
        if not fault and row in ALLOWED and status != 0:
            fault = f'errno {status}'
        if not fault and row in REFUSED and status == 0 and not row.startswith('y /'):
            fault = 'it was allowed'
        if not fault and status in (97, 98, 99):
            fault = f'the guest did not get as far (exit status {status})'
        tally.check(row, fault)
    tally.check('race', race(engine))
    tally.close()


main()
