#!/usr/bin/env python3
"""The system path on every unwinder that C++ programs meet:  unwinders.py ENGINE TESTSUITE BENCH FOLDER

libgcc <= 12 (a linked list of registered objects), libgcc >= 13 (a b-tree) and LLVM libunwind (another interface). The
machine's own is used as it is, the others are loaded in front of it. They come from Debian packages of pinned versions
that are unpacked into FOLDER; without a network, those that are not there already are skipped by name.
On each the engine says which one it found, and exception scripts and micro-benchmarks pass under --unwinder=system;
thread cancellation and C++ exceptions cross Wasm frames (unit_api).
"""
import glob, hashlib, os, re, shutil, subprocess, sys, urllib.request
from common import *

MIRROR = 'http://deb.debian.org/debian/'
PACKAGES = [
    ('LLVM libunwind', 'pool/main/l/llvm-toolchain-19/libunwind-19_19.1.7-3~deb12u1_amd64.deb',
     '0ee02e9a5d0c475c8a16d7475846814359dda1c63e0a3e23b7f02e1598f79112', 'libunwind.so.1'),
    ('libgcc <= 12', 'pool/main/g/gcc-12/libgcc-s1_12.2.0-14+deb12u1_amd64.deb',
     '3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7', 'libgcc_s.so.1'),
    ('libgcc >= 13', 'pool/main/g/gcc-14/libgcc-s1_14.2.0-19_amd64.deb',
     '3c71917b490d1a17aed43196a2787a256ecf060526cdb20216a74bedc061b150', 'libgcc_s.so.1'),
]


def unpacked(folder, path, digest, library):
    """The library of a package, fetched if need be; None: it cannot be had."""
    package = os.path.join(folder, os.path.basename(path))
    target = package.removesuffix('.deb')
    if not os.path.isdir(target):
        os.makedirs(folder, exist_ok=True)
        try:
            bytes_ = urllib.request.urlopen(MIRROR + path, timeout=30).read()
        except OSError:
            return None
        if hashlib.sha256(bytes_).hexdigest() != digest:
            sys.exit(f'{MIRROR}{path} is not what it was: its SHA-256 differs from the pinned one')
        open(package, 'wb').write(bytes_)
        subprocess.run(['dpkg-deb', '-x', package, target + '.part'], check=True)
        os.rename(target + '.part', target)
    return next(iter(glob.glob(f'{target}/**/{library}', recursive=True)), None)


def bound(engine, probe, preload):
    ran = run([engine, 'run', '--unwinder=system', '--invoke', 'run', probe, '1'], env=dict(preload, TRAPEZE_LOG='eh'))
    found = re.search(rb'^eh: register .* (LLVM libunwind|libgcc <= 12|libgcc >= 13) \((.*)\)$', ran.err, re.M)
    return found.group(1).decode() if found else None


def main():
    engine, suite, bench, folder = sys.argv[1:5]
    tally = Tally()
    probe = os.path.join(bench, 'wasm', 'throw_1.wasm')
    own = bound(engine, probe, {})
    tally.check('the machine\'s own unwinder is known', None if own else 'no registration in the log')
    preloads = {own: {}} if own else {}
    for name, path, digest, library in PACKAGES:
        if name in preloads:
            continue
        found = unpacked(folder, path, digest, library) if shutil.which('dpkg-deb') else None
        if found:
            preloads[name] = {'LD_PRELOAD': found}
        else:
            print(f'SKIP {name}: {os.path.basename(path)} is not in {folder} and cannot be fetched')
            tally.skipped += 1
    scripts = modules(os.path.join(ROOT, 'tests/wast/exceptions'), '.wast')
    scripts += [os.path.join(suite, name) for name in ('throw.wast', 'throw_ref.wast', 'try_table.wast', 'legacy/rethrow.wast',
                                                       'legacy/throw.wast', 'legacy/try_catch.wast', 'legacy/try_delegate.wast')]
    names = sorted(os.path.basename(path) for path in modules(os.path.join(bench, 'wasm')))
    wanted = {name: run([engine, 'run', '--unwinder=fast', '--invoke', 'run', os.path.join(bench, 'wasm', name), '1000']).out
              for name in names}
    unit = os.path.join(os.path.dirname(engine), 'tests', 'unit_api')
    for name, preload in preloads.items():
        now = bound(engine, probe, preload)
        tally.check(f'{name} is bound', None if now == name else f'the engine found {now}')
        ran = run([engine, 'wast', '--unwinder=system', *scripts], env=preload)
        tally.check(f'{name}: exception scripts', ran.crash() or (None if ran.status == 0 else last(ran.out)))
        for module in names:
            ran = run([engine, 'run', '--unwinder=system', '--invoke', 'run', os.path.join(bench, 'wasm', module), '1000'],
                      env=preload)
            fault = ran.crash() or (None if ran.out == wanted[module] else f'{last(ran.out)} instead of {last(wanted[module])}')
            tally.check(f'{name}: {module}', fault)
        # The C library's forced unwind is libgcc's, whatever is loaded in front: with libunwind's _Unwind_GetIP it ends any
        # C++ program, one without Wasm too.
        skips = ['-tce=deferred cancellation*'] if name == 'LLVM libunwind' and preload else []
        if skips:
            print(f'SKIP {name}: thread cancellation (the C library unwinds with libgcc)')
            tally.skipped += 1
        ran = run([unit, *skips], env=dict(preload, TRAPEZE_TEST_UNWINDER='system'))
        tally.check(f'{name}: borders', ran.crash() or (None if ran.status == 0 else last(ran.out, 600)))
        ran = run([os.path.join(os.path.dirname(unit), 'unit_unwind')], env=preload)
        tally.check(f'{name}: registration', ran.crash() or (None if ran.status == 0 else last(ran.out, 600)))
        ran = run([os.path.join(os.path.dirname(unit), 'native', 'in_place')], env=preload)
        tally.check(f'{name}: linked objects', ran.crash() or (None if ran.status == 0 else last(ran.out, 600)))
    tally.close()


main()
