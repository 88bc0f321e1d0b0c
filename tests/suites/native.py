#!/usr/bin/env python3
"""Native objects, libraries and executables:  native.py TRAPEZE IN_PLACE LOADS RUN_SAVED TESTSUITE CORPUS

  in place  tests/native/in_place.cpp: two objects in one program, throws, traps and backtraces on both unwinders
  linkers   a program by ld, gold and lld (what is installed): PIE, non-PIE, static, static PIE, stripped; a library that a
            running program loads. No relocation of text, none that a loader writes to read-only pages; readelf and
            llvm-dwarfdump read the unwind tables without a warning
  symbols   of an object: what is global, what is undefined; the same bytes for the same module
  messages  of an uncaught exception and of a trap are those of `trapeze run`
  refusals  options that do not go together, no compiler, no runtime; a failed or interrupted link leaves nothing behind
  scripts   the exception scripts, the modules of each linked into one library that a program without compiler opens
  corpus    each program as an executable: output and status as the manifest says, on both unwinders
"""
import os, re, shutil, signal, subprocess, sys, tempfile, time
import wast as scripts
from common import *

PROGRAM = os.path.join(ROOT, 'tests/native/program.wat')
LOUD = re.compile(r'warning|error:|unable|corrupt|invalid', re.I)
MODES = {'PIE': ['-pie'], 'non-PIE': ['-no-pie'], 'static': ['-static'], 'static PIE': ['-static-pie'],
         'stripped': ['-s'], 'static, stripped': ['-static', '-s'], 'bound at once': ['-Wl,-z,now,-z,relro,-z,text']}


def newest(name):
    """Path of the newest NAME-N, or NAME."""
    for candidate in [f'{name}-{version}' for version in range(40, 13, -1)] + [name]:
        if path := shutil.which(candidate):
            return path
    return None


def linkers(folder, tally):
    """Name -> options of the driver. lld may be installed under a name with its version only."""
    found = {}
    for name, program in (('ld', 'ld.bfd'), ('gold', 'ld.gold'), ('lld', 'ld.lld')):
        path = newest(program)
        if path is None:
            tally.skipped += 1
            print(f'skipped: linker {name} is not installed')
            continue
        place = os.path.join(folder, f'linker-{name}')
        os.mkdir(place)
        os.symlink(path, os.path.join(place, program))
        found[name] = [f'-B{place}/', f'-fuse-ld={program[3:]}']
    return found


def as_link_options(options):
    return [f'--link-option={option}' for option in options]


def compile_to(engine, module, output, *options, env=None):
    return run([engine, 'compile', module, '-o', output, *options], env=env)


def loud_lines(ran):
    lines = [line for line in (ran.err + ran.out).decode(errors='replace').split('\n') if LOUD.search(line)]
    return f'status {ran.status}: {last(ran.err)}' if ran.status else lines[0] if lines else None


def check_relocations(tally, name, path, is_static):
    """Nothing that a loader would have to write to code or to what is read only."""
    shown = run(['readelf', '-SdrW', path])
    text = shown.out.decode()
    sections = {found[1]: (int(found[2], 16), int(found[3], 16), found[4]) for found in
                re.finditer(r'^ +\[ *\d+\] (\S+) +\S+ +([0-9a-f]{16}) [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +([A-Z]*)', text, re.M)}
    read_only = {section: place for section, place in sections.items() if 'A' in place[2] and 'W' not in place[2]}
    places = [int(found[1], 16) for found in re.finditer(r'^([0-9a-f]{16}) +[0-9a-f]{16} R_', text, re.M)]
    hit = [section for at in places for section, (begin, size, _) in read_only.items() if begin <= at < begin + size]
    fault = last(shown.err) if shown.status else 'TEXTREL' if 'TEXTREL' in text else \
        f'{len(hit)} relocations in {sorted(set(hit))}' if hit else \
        None if '.trapeze.header' in sections and (places or is_static) else 'sections or relocations are missing'
    tally.check(f'{name}: relocations', fault)


def check_frames(tally, name, path, dwarfdump):
    tally.check(f'{name}: readelf', loud_lines(run(['readelf', '--debug-dump=frames', '-W', path])))
    if dwarfdump:
        tally.check(f'{name}: llvm-dwarfdump', loud_lines(run([dwarfdump, '--eh-frame', path])))


def links_at_all(options, folder):
    """gold 2.40 makes no static PIE of anything."""
    return subprocess.run(['c++', '-x', 'c++', '-', '-o', os.path.join(folder, 'empty'), *options], input=b'int main() {}',
                          stderr=subprocess.DEVNULL).returncode == 0


def check_linkers(engine, loads, folder, tally):
    dwarfdump = newest('llvm-dwarfdump')
    for linker, chosen in linkers(folder, tally).items():
        for mode, options in MODES.items():
            if mode == 'static PIE' and not links_at_all(chosen + options, folder):
                tally.skipped += 1
                print(f'skipped: {linker} links no static PIE here')
                continue
            name, path = f'{linker}, {mode}', os.path.join(folder, f'{linker}-{mode}')
            made = compile_to(engine, PROGRAM, path, '--emit=exe', *as_link_options(chosen + options))
            ran = run([path]) if made.status == 0 else made
            tally.check(name, made.crash() or ran.crash() or
                        (None if (ran.status, ran.out) == (7, b'caught\n') else f'status {ran.status}: {last(ran.out + ran.err)}'))
            if made.status == 0:
                check_relocations(tally, name, path, 'static' in mode)
                check_frames(tally, name, path, dwarfdump)
        check_library(engine, loads, linker, chosen, folder, tally, dwarfdump)


def check_library(engine, loads, linker, chosen, folder, tally, dwarfdump):
    name, path = f'{linker}, library', os.path.join(folder, f'lib{linker}.so')
    made = compile_to(engine, PROGRAM, path, '--emit=so', '--name=program', *as_link_options(chosen))
    if made.status != 0:
        return tally.check(name, last(made.err))
    for unwinder in ('fast', 'system'):
        ran = run([loads, path, 'program', unwinder])
        tally.check(f'{name}, {unwinder}', ran.crash() or (None if (ran.status, ran.out) == (7, b'caught\n' * 3) else
                                                           f'status {ran.status}: {last(ran.out + ran.err)}'))
    check_relocations(tally, name, path, False)
    check_frames(tally, name, path, dwarfdump)
    undefined = {line.split()[-1].split('@')[0] for line in run(['nm', '-D', '--undefined-only', path]).out.decode().splitlines()
                 if ' w ' not in line}
    tally.check(f'{name}: takes the personality alone', None if undefined == {'trapeze_personality'} else f'{sorted(undefined)}')
    check_no_copy(name, path, chosen, folder, tally)


def check_no_copy(name, library, chosen, folder, tally):
    """Distances of a header that was copied into the program would be wrong: the linker refuses, or goes by the GOT."""
    text = b'extern "C" const char program_module[]; extern "C" int trapeze_personality() { return program_module[1] != 84; } ' \
           b'int main() { return trapeze_personality(); }'
    for model, works in ((['-no-pie', '-fno-pie'], False), (['-pie', '-fPIE'], False), (['-pie', '-fPIC'], True)):
        path = os.path.join(folder, 'no-copy')
        linked = run(['c++', '-x', 'c++', '-', '-x', 'none', *model, *chosen, '-o', path, library], stdin=text)
        if works:
            fault = last(linked.err) if linked.status else f'status {run([path]).status}' if run([path]).status else None
        else:
            fault = None if linked.status and b'program_module' in linked.err else 'it was linked: ' + last(linked.err)
        tally.check(f'{name}: no copy, {model[1]}', fault)


def check_symbols(engine, folder, tally):
    first, second, library = (os.path.join(folder, name) for name in ('a-first.o', 'second.o', '3.so'))
    compile_to(engine, PROGRAM, first, '--emit=obj', '--threads=1')
    compile_to(engine, PROGRAM, second, '--emit=obj', '--name=a_first', '--threads=5')
    tally.check('the same bytes', None if open(first, 'rb').read() == open(second, 'rb').read() else 'they differ')
    symbols = [line.split()[-2:] for line in run(['nm', first]).out.decode().splitlines()]
    outside = {name: kind for kind, name in symbols if kind.isupper() or kind in 'vw'}
    tally.check('symbols of an object', None if outside == {'a_first_module': 'R', 'trapeze_main_module': 'V',
                                                            'trapeze_personality': 'U'} else f'{outside}')
    local = {name for kind, name in symbols if kind == 't'}
    tally.check('functions are local', None if {'down', 'print', '_start'} <= local else f'{local}')
    tally.check('readelf', loud_lines(run(['readelf', '-aW', first])))
    again = [os.path.join(folder, name) for name in ('once', 'twice')]
    for path in again:
        compile_to(engine, PROGRAM, path, '--emit=exe', '--name=x')
    tally.check('the same executable', None if open(again[0], 'rb').read() == open(again[1], 'rb').read() else 'they differ')
    compile_to(engine, PROGRAM, library, '--emit=so')
    tally.check('a name of digits', None if '_3_module' in run(['nm', '-D', library]).out.decode() else 'no _3_module')
    run(['strip', again[0]])
    size = os.path.getsize(again[0])
    tally.check('a small executable', None if size < 2 << 20 else f'{size} bytes')
    runtime = run(['nm', '-C', os.path.join(os.path.dirname(engine), 'libtrapeze_native.a')]).out
    tally.check('no compiler in the runtime', None if b'trapeze::runtime::' in runtime and not re.search(
        rb' [TtWV] trapeze::(codegen|translate|opt|compile|ir|x64)::', runtime) else 'there is one')
    described = run([engine, 'inspect', first])
    tally.check('inspect', None if described.status == 0 and b'for a linker' in described.out else last(described.out + described.err))
    loaded = run([engine, 'run', first])
    tally.check('an object is not run', None if loaded.status == 1 and b'native object' in loaded.err else last(loaded.err))


def check_messages(engine, folder, tally):
    """As `trapeze run`, on both unwinders, whatever the module is called."""
    for unwinder in ('system', 'fast'):
        path = os.path.join(folder, f'messages-{unwinder}')
        compile_to(engine, PROGRAM, path, '--emit=exe', f'--unwinder={unwinder}')
        for arguments in ([], ['1'], ['1', '2']):
            native = run([path, *arguments])
            reference = run([engine, 'run', PROGRAM, *arguments])
            wanted = reference.err.replace(PROGRAM.encode(), path.encode())
            # From text, frames have lines; from bytes, offsets.
            same = [re.sub(rb' at .*', b'', text) for text in (native.err, wanted)]
            tally.check(f'messages: {unwinder}, {len(arguments)} arguments',
                        None if native.status == reference.status and same[0] == same[1] and native.out == reference.out
                        else f'{native.status}, {reference.status}: {first_difference(same[1], same[0])}')
        logged = run([path], env={'TRAPEZE_LOG': 'eh'})
        tally.check(f'throws by {unwinder}', None if b'throw unwinder=' + unwinder.encode() in logged.err else last(logged.err))


def check_surroundings(engine, folder, tally):
    """Arguments, directories, environment: by a program of WASI that lists them is what the corpus does; here the edges."""
    path = os.path.join(folder, 'surroundings')
    compile_to(engine, PROGRAM, path, '--emit=exe')
    ran = run([path], env={'TRAPEZE_DIR': '/nonexistent::/d'})
    tally.check('a directory that is not there', None if ran.status == 1 and b'/nonexistent' in ran.err else
                f'status {ran.status}: {last(ran.err)}')
    for value in ('', ',', f'{folder}::/a,{folder}'):
        ran = run([path], env={'TRAPEZE_DIR': value})
        tally.check(f'TRAPEZE_DIR={value!r}', None if ran.status == 7 else f'status {ran.status}: {last(ran.err)}')


def check_refusals(engine, folder, tally):
    here = os.path.join(folder, 'refusals')
    os.mkdir(here)
    out, key = os.path.join(here, 'out'), os.path.join(folder, 'a-key')
    with open(key, 'wb') as file:
        file.write(b'0' * 32)
    nowhere, saved = os.path.join(here, 'nowhere'), os.path.join(folder, 'saved.tpz')
    compile_to(engine, PROGRAM, saved)
    for what, options, env, status, message in (
            ('what is compiled', ['-o', out, '--emit=obj', saved], {}, 2, b'already'),
            ('no -o', ['--emit=obj'], {}, 2, b'-o'),
            ('a key', ['-o', out, '--emit=exe', '--key', key], {}, 2, b'--key'),
            ('a name', ['-o', out, '--name=x'], {}, 2, b'--name'),
            ('no C name', ['-o', out, '--emit=obj', '--name=a-b'], {}, 2, b'C identifier'),
            ('link options', ['-o', out, '--emit=obj', '--link-option=-s'], {}, 2, b'--link-option'),
            ('another kind', ['-o', out, '--emit=dll'], {}, 2, b'--emit'),
            ('no compiler', ['-o', out, '--emit=exe'], {'CXX': nowhere}, 1, b'CXX'),
            ('no c++', ['-o', out, '--emit=so'], {'CXX': '', 'PATH': here}, 1, b'g++'),
            ('no runtime', ['-o', out, '--emit=exe'], {'TRAPEZE_NATIVE_LIBRARY': nowhere}, 1, b'TRAPEZE_NATIVE_LIBRARY'),
            ('a link that fails', ['-o', out, '--emit=exe', '--link-option=-lnothing-of-this-name'], {}, 1, b'cannot link'),
            ('no folder', ['-o', os.path.join(nowhere, 'x'), '--emit=exe'], {}, 1, b'cannot write')):
        ran = run([engine, 'compile', *([] if saved in options else [PROGRAM]), *options], env={**env, 'TMPDIR': here})
        left = os.listdir(here)
        tally.check(f'refused: {what}', ran.crash() or (None if ran.status == status and message in ran.err and not left else
                                                        f'status {ran.status}, left {left}: {last(ran.err)}'))
    check_interrupted(engine, here, tally)


def check_interrupted(engine, here, tally):
    """A linker that never ends is ended with us; nothing of it stays."""
    slow, out, started = (os.path.join(here, name) for name in ('slow', 'out', 'started'))
    with open(slow, 'w') as file:
        file.write(f'#!/bin/sh\necho $$ > {started}\nexec sleep 600\n')
    os.chmod(slow, 0o755)
    for number in (signal.SIGTERM, signal.SIGINT):
        linking = subprocess.Popen([engine, 'compile', PROGRAM, '-o', out, '--emit=exe'], stderr=subprocess.PIPE,
                                   env=dict(os.environ, CXX=slow, TMPDIR=here))
        for _ in range(400):
            if os.path.exists(started) and open(started).read().strip():
                break
            time.sleep(0.05)
        child = int(open(started).read())
        linking.send_signal(number)
        try:
            linking.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            linking.kill()
        os.remove(started)
        left = sorted(os.listdir(here))
        tally.check(f'interrupted by {number}', None if linking.returncode == -number and left == ['slow'] and
                    not os.path.exists(f'/proc/{child}') else f'status {linking.returncode}, left {left}')


def quickest(folder):
    """Options of the quickest linker."""
    found = linkers(tempfile.mkdtemp(dir=folder), Tally())
    return next((found[name] for name in ('lld', 'gold') if name in found), [])


def script_runs(engine, run_saved, suite, folder, tally):
    quick = quickest(folder)

    def one(item):
        number, (name, path) = item
        place = os.path.join(folder, f'script{number}')
        os.mkdir(place)
        made = run([engine, 'wast', '--save', place, '--emit=obj', path])
        library = os.path.join(place, 'all.so')
        linked = run(['c++', *quick, '-shared', '-Wl,-z,text', '-o', library, *modules(place, '.o')])
        ran = [run([run_saved, *options, library, path]) for options in ([], ['--unwinder=system'])]
        shutil.rmtree(place)
        return name, made, linked, ran

    for name, made, linked, ran in in_parallel(one, list(enumerate(scripts.select('exceptions', suite)))):
        wanted = scripts.counts(made.out)
        for unwinder, result in zip(('fast', 'system'), ran):
            got = scripts.counts(result.out)
            tally.check(f'{name} ({unwinder})', made.crash() or (last(linked.err) if linked.status else None) or result.crash() or
                        (None if wanted and got == wanted else f'{got}, from memory {wanted}: {last(result.out + result.err)}'))


def unwinders_of(number, file):
    """Programs throw through the platform's unwinder, every fourth through our own search too. The one that throws millions of
    times does the former once, as it takes 15 s."""
    if 'bench_throw' in file and '.O2' not in file:
        return ('fast',)
    return ('system', 'fast') if number % 4 == 0 else ('system',)


def corpus_runs(engine, corpus, folder, tally):
    rows = [line.rstrip('\n').split('\t') for line in open(os.path.join(corpus, 'manifest.tsv')) if not line.startswith('#')]
    files = sorted({row[1] for row in rows})
    quick = quickest(folder)
    wanted = [(file, unwinder) for number, file in enumerate(files) for unwinder in unwinders_of(number, file)]
    path_of = {item: os.path.join(folder, f'program{number}') for number, item in enumerate(wanted)}
    made = dict(in_parallel(lambda item: (item, compile_to(engine, os.path.join(corpus, item[0]), path_of[item], '--emit=exe',
                                                           f'--unwinder={item[1]}', *as_link_options(quick))), wanted))

    def one(item):
        (name, module, dirs, arguments, expected, status), unwinder = item
        ran = run([path_of[module, unwinder], *arguments.split()], cwd=corpus, env={'TRAPEZE_DIR': dirs})
        wanted = open(os.path.join(corpus, expected), 'rb').read()
        fine = ran.status not in (0, None) if status in ('trap', 'uncaught') else ran.status == int(status)
        fault = None if fine and ran.out == wanted else f'status {ran.status}, expected {status}: {last(ran.err)}'
        failed = last(made[module, unwinder].err) if made[module, unwinder].status else None
        return f'{name} ({unwinder})', failed or ran.crash() or fault

    for name, fault in in_parallel(one, [(row, unwinder) for row in rows for unwinder in ('system', 'fast') if (row[1], unwinder) in made]):
        tally.check(name, fault)


def main():
    engine, in_place, loads, run_saved, suite, corpus = map(os.path.abspath, sys.argv[1:7])
    tally = Tally()
    ran = run([in_place])
    counted = re.search(rb'(\d+) passed, (\d+) failed\s*$', ran.out)
    tally.check('in place', ran.crash() or (None if counted and counted[2] == b'0' and ran.status == 0 else last(ran.out + ran.err)))
    tally.passed += int(counted[1]) if counted else 0
    with tempfile.TemporaryDirectory() as folder:
        check_linkers(engine, loads, folder, tally)
        check_symbols(engine, folder, tally)
        check_messages(engine, folder, tally)
        check_surroundings(engine, folder, tally)
        check_refusals(engine, folder, tally)
        script_runs(engine, run_saved, suite, folder, tally)
        corpus_runs(engine, corpus, folder, tally)
    tally.close()


if __name__ == '__main__':
    main()
