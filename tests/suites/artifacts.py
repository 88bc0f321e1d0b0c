#!/usr/bin/env python3
"""Compiled modules in files:  artifacts.py TRAPEZE TRAPEZE_RUN RUN_SAVED DAMAGE TESTSUITE CORPUS

  scripts   the spec suite's core and exception files, and our exception scripts: `trapeze wast --save` compiles their
            modules, run_saved, which has no compiler, runs the scripts on them; the counts are the same, on both unwinders
  corpus    each program compiled by one process, run by trapeze-run: output and status as the manifest says
  tools     readelf, objdump and nm understand an artifact without a warning; the same bytes for any number of threads;
            inspect, objdump of the engine; --verify, --key; what is no artifact, or another engine's, is refused in one line
  lean      trapeze-run has no symbol of a compiler and is small; pages of code are shared by processes
  damage    tests/artifacts/damage.cpp
"""
import os, re, shutil, subprocess, sys, tempfile, time
import wast as scripts
from common import *

COMPILERS = re.compile(rb'trapeze::(codegen|translate|opt|compile|ir|x64|llvm)::')
MOST_BYTES = 3 << 20
UNWINDERS = ['fast', 'system']


def script_runs(engine, run_saved, suite, folder, tally):
    files = scripts.select('core', suite) + scripts.select('exceptions', suite)

    def one(item):
        number, (name, path) = item
        place = os.path.join(folder, f'script{number}')
        os.mkdir(place)
        enabled = scripts.options(name)
        made = run([engine, 'wast', '--save', place, *enabled, path], timeout=900)
        features = [option.split('=')[1] for option in enabled]
        ran = [run([run_saved, *(['--unwinder=system'] if unwinder == 'system' else []), place, path, *features], timeout=900)
               for unwinder in UNWINDERS]
        shutil.rmtree(place)
        return name, made, ran

    for name, made, ran in in_parallel(one, list(enumerate(files))):
        wanted = scripts.counts(made.out)
        for unwinder, result in zip(UNWINDERS, ran):
            got = scripts.counts(result.out)
            same = wanted is not None and got == wanted
            tally.check(f'{name} ({unwinder})', result.crash() or made.crash() or
                        (None if same else f'{got}, from memory {wanted}: {last(result.out + result.err)}'))


def corpus_runs(engine, trapeze_run, corpus, folder, tally):
    rows = [line.rstrip('\n').split('\t') for line in open(os.path.join(corpus, 'manifest.tsv')) if not line.startswith('#')]
    files = sorted({row[1] for row in rows})
    name_of = {file: os.path.join(folder, f'{i}.tpz') for i, file in enumerate(files)}
    made = dict(in_parallel(lambda file: (file, run([engine, 'compile', os.path.join(corpus, file), '-o', name_of[file]])), files))
    if DEV:
        rows = rows[::4]  # trapeze-run of the sanitized build is slow; the rest runs in the other

    def one(item):
        row, unwinder = item
        name, module, dirs, arguments, expected, status = row
        command = [trapeze_run, f'--unwinder={unwinder}', *(a for d in dirs.split(',') if d for a in ('--dir', d)), name_of[module],
                   *arguments.split()]
        ran = run(command, cwd=corpus)
        wanted = open(os.path.join(corpus, expected), 'rb').read()
        fine = ran.status not in (0, None) if status in ('trap', 'uncaught') else ran.status == int(status)
        fault = None if fine and ran.out == wanted else f'status {ran.status}, expected {status}: {last(ran.err)}'
        return f'{name} ({unwinder})', made[module].crash() or ran.crash() or fault

    for name, fault in in_parallel(one, [(row, unwinder) for row in rows for unwinder in UNWINDERS]):
        tally.check(name, fault)
    return name_of


def tool_checks(engine, trapeze_run, module, artifact, folder, tally):
    for tool in (['readelf', '-a', '-W'], ['objdump', '-d'], ['nm']):
        if shutil.which(tool[0]):
            ran = run([*tool, artifact])
            tally.check(tool[0], f'{last(ran.err)}' if ran.status != 0 or ran.err else None)
    again = []
    for threads in ('1', '7'):
        path = os.path.join(folder, f'threads{threads}.tpz')
        run([engine, 'compile', '--threads', threads, module, '-o', path])
        again.append(open(path, 'rb').read())
    tally.check('the same bytes', None if again[0] == again[1] == open(artifact, 'rb').read() else 'they differ')
    shown = run([engine, 'inspect', artifact])
    for line in (rb'^compiler: +trapeze ', rb'^loads here: +yes$', rb'^content: +intact', rb'^cpu: ', rb'^features: .*exceptions'):
        tally.check(f'inspect {line.decode()}', None if re.search(line, shown.out, re.M) else last(shown.out + shown.err))
    for what in ('-d', '--eh'):
        ran = run([engine, 'objdump', what, artifact])
        tally.check(f'objdump {what}', None if ran.status == 0 and len(ran.out) > 1000 else last(ran.err))
    ran = run([trapeze_run, module])
    tally.check('source is refused', None if ran.status == 1 and b'no compiler' in ran.err else last(ran.err))
    check_other_engine(trapeze_run, artifact, folder, tally)


def check_other_engine(trapeze_run, artifact, folder, tally):
    """A header field at a time; the checksum no longer fits, so the message is about damage or about the format."""
    good = open(artifact, 'rb').read()
    for name, at, message in (('format', 72, b'format'), ('version', 80, b'damaged'), ('cut', None, b'damaged')):
        path = os.path.join(folder, f'other-{name}.tpz')
        with open(path, 'wb') as out:
            out.write(good[:len(good) // 2] if at is None else good[:at] + b'\x7f' + good[at + 1:])
        ran = run([trapeze_run, path])
        tally.check(f'refused: {name}', None if ran.status == 1 and message in ran.err and ran.err.count(b'\n') == 1
                    else f'status {ran.status}: {last(ran.err)}')


def key_checks(engine, trapeze_run, module, folder, tally):
    """Returns a sealed artifact and its key."""
    key, other, sealed, plain = (os.path.join(folder, name) for name in ('key', 'other', 'sealed.tpz', 'plain.tpz'))
    for path in (key, other):
        with open(path, 'wb') as out:
            out.write(os.urandom(32))
    run([engine, 'compile', '--key', key, module, '-o', sealed])
    run([engine, 'compile', module, '-o', plain])
    for what, command, status in (('sealed', ['--key', key, sealed], 0), ('another key', ['--key', other, sealed], 1),
                                  ('without seal', ['--key', key, plain], 1), ('no key asked', [sealed], 0),
                                  ('verified', ['--verify', sealed], 0)):
        ran = run([trapeze_run, *command])
        tally.check(f'key: {what}', None if ran.status == status else f'status {ran.status}: {last(ran.err)}')
    return sealed, key


def lean_checks(trapeze_run, folder, tally):
    symbols = run(['nm', '-C', trapeze_run])
    found = COMPILERS.findall(symbols.out)
    tally.check('no compiler in trapeze-run', f'{len(found)} symbols of {sorted(set(found))}' if found else
                None if b'trapeze::runtime' in symbols.out else 'nm shows nothing')
    if not DEV:
        stripped = os.path.join(folder, 'stripped')
        run(['strip', '-o', stripped, trapeze_run])
        size = os.path.getsize(stripped)
        tally.check('size of trapeze-run', None if size <= MOST_BYTES else f'{size} bytes')


def sharing_check(engine, trapeze_run, folder, tally):
    """Of the code's pages, as many as are resident are one copy for ten processes."""
    source, artifact = os.path.join(folder, 'loop.wat'), os.path.join(folder, 'loop.tpz')
    with open(source, 'w') as out:
        out.write('(module (func (export "_start") (loop $on (br $on))))')
    run([engine, 'compile', source, '-o', artifact])
    running = [subprocess.Popen([trapeze_run, artifact]) for _ in range(10)]
    fault = 'the code is not mapped from the file'
    for _ in range(200):
        time.sleep(0.05)
        maps = [re.findall(r'r-xp [^\n]*loop\.tpz\n(.*?)VmFlags', open(f'/proc/{p.pid}/smaps').read(), re.S) for p in running]
        if all(maps):
            sizes = [{key: sum(map(int, re.findall(rf'{key}: +(\d+) kB', ''.join(m)))) for key in ('Rss', 'Shared_Clean', 'Shared_Dirty')}
                     for m in maps]  # dirty: not on the disk yet
            fault = next((str(size) for size in sizes if size['Shared_Clean'] + size['Shared_Dirty'] < max(size['Rss'], 1) * 0.9), None)
            if fault is None:
                break
    for process in running:
        process.kill()
        process.wait()
    tally.check('code is shared by processes', fault)


def main():
    engine, trapeze_run, run_saved, damage, suite, corpus = map(os.path.abspath, sys.argv[1:7])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        lean_checks(trapeze_run, folder, tally)
        sharing_check(engine, trapeze_run, folder, tally)
        script_runs(engine, run_saved, suite, folder, tally)
        name_of = corpus_runs(engine, trapeze_run, corpus, folder, tally)
        largest = max(name_of, key=lambda file: os.path.getsize(os.path.join(corpus, file)))
        tool_checks(engine, trapeze_run, os.path.join(corpus, largest), name_of[largest], folder, tally)
        small = os.path.join(ROOT, 'tests/artifacts/catches.wat')
        sealed, key = key_checks(engine, trapeze_run, small, folder, tally)
        for number in range(2 if DEV else 4):
            ran = run([damage, os.path.join(folder, 'plain.tpz'), sealed, key, '500' if DEV else '2000', str(number)])
            print(last(ran.out))
            counted = re.search(rb'(\d+) passed, (\d+) failed\s*$', ran.out)
            tally.check('damage', ran.crash() or (None if counted and counted[2] == b'0' else last(ran.out + ran.err)))
            tally.passed += int(counted[1]) if counted else 0
    tally.close()


if __name__ == '__main__':
    main()
