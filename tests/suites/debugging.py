#!/usr/bin/env python3
"""What others see of compiled code: gdb's backtraces, perf's map:  debugging.py ENGINE

gdb (skipped by name where it is missing) stops in Wasm frames of a running `trapeze` and must show them by name, in
order, up to main: in a builtin that Wasm called, in a WASI function, and at every instruction of a function's prologue
and epilogue.
"""
import os, re, shutil, subprocess, sys, tempfile, time
from common import *

GROWS = '''(module
  (tag $t)
  (func $innermost (param i32) (result i32) (memory.grow (local.get 0)))
  (func $middle (param i32) (result i32)
    (block $h (try_table (catch $t $h) (drop (call $innermost (local.get 0))) (drop (call $innermost (i32.const 0)))))
    (i32.const 3))
  (func $_ZN4shop4sellEi (param i32) (result i32) (i32.add (i32.const 1) (call $middle (local.get 0))))
  (memory (export "memory") 1)
  (func (export "run") (result i32) (call $_ZN4shop4sellEi (i32.const 1))))\n'''
HOST = '''(module (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1)
  (func $waiter (call $yield) drop)
  (func $loop_ (call $waiter) (call $waiter))
  (func (export "_start") (call $loop_)))\n'''
SPINS = '''(module (func $spinner (param i32) (loop $again
    (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $again (local.get 0))))
  (func (export "run") (call $spinner (i32.const 1500000000))))\n'''
STEPS = 30


def gdb(engine, arguments, commands, folder):
    words = ['gdb', '-batch', '-nx', '-ex', 'set breakpoint pending on', '-ex', 'set confirm off', '-ex', 'set width 0',
             '-ex', 'handle SIGSEGV nostop noprint']
    for command in commands:
        words += ['-ex', command]
    # Leak checking does not work under a tracer.
    options = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
    return run(words + ['--args', engine, *arguments], cwd=folder, timeout=300, env={'ASAN_OPTIONS': options}).out.decode(errors='replace')


def frames(text):
    """The function names of a backtrace, innermost first."""
    return re.findall(r'^#\d+ +(?:0x[0-9a-f]+ in )?(.+?) \(', text, re.M)


def in_order(names, wanted):
    """The wanted names stand in this order, whatever is between them."""
    rest = iter(names)
    return None if all(any(name == want for name in rest) for want in wanted) else f'no {wanted} in {names}'


def up_to_main(names, wanted):
    """The same, and the backtrace goes on to its end. `main` may be a tail call of the compiler's; then `_start` ends it."""
    return in_order(names, wanted) or (None if names[-1] in ('main', '_start') else f'ends at {names[-1]}')


def no_gdb_here(engine, folder):
    """Why gdb cannot be used; None: it can."""
    if not shutil.which('gdb'):
        return 'gdb is not installed'
    out = gdb(engine, ['--version'], ['run'], folder)
    return None if 'exited normally' in out else 'gdb cannot run programs here: ' + out.strip().split('\n')[-1]


def gdb_rows(engine, folder):
    out = gdb(engine, ['run', '--invoke', 'run', 'grows.wat'], ['break trapeze_builtin_MemoryGrow', 'run', 'bt'], folder)
    yield 'gdb: in a builtin', up_to_main(frames(out), ['innermost', 'middle', 'shop::sell(int)', 'run', 'trapeze_enter'])
    out = gdb(engine, ['run', '--debug-info', 'host.wat'], ['break sched_yield', 'run', 'bt'], folder)
    yield 'gdb: in a host function', up_to_main(frames(out), ['trapeze_host_call_stub', 'waiter', 'loop_', '_start', 'trapeze_enter'])
    # Instruction by instruction: into `innermost`, and from its call of the builtin back to the end of `middle`.
    look = ['echo STEP\n', 'bt 6', 'stepi']
    steps = (['break trapeze_builtin_MemoryGrow', 'run', 'delete', 'break *innermost', 'continue', 'delete'] + look * 8 +
             ['break trapeze_builtin_MemoryGrow', 'continue', 'delete', 'finish', 'finish'] + look * STEPS)
    out = gdb(engine, ['run', '--invoke', 'run', 'grows.wat'], steps, folder)
    walked = [frames(part) for part in out.split('STEP\n')[1:]]
    wasm = [names for names in walked if any(name in ('innermost', 'middle') for name in names[:1])]
    yield 'gdb: instruction by instruction', next(
        (f'at {names}' for names in wasm if in_order(names, ['middle', 'shop::sell(int)', 'run', 'trapeze_enter'])), None)
    yield 'gdb: steps in two functions', None if len({names[0] for names in wasm}) == 2 and len(wasm) > 15 else f'only {wasm}'


def perf_rows(engine, folder):
    ran = run([engine, 'run', '--profile=perfmap', '--invoke', 'run', 'grows.wat'], cwd=folder)
    yield 'perfmap: runs', ran.crash() or (None if ran.out == b'4\n' else f'printed {ran.out!r}')
    # The process's number is not known here; a program that stays alive shows it.
    child = subprocess.Popen([engine, 'run', '--profile=perfmap', '--invoke', 'run', 'spins.wat'], cwd=folder)
    path = f'/tmp/perf-{child.pid}.map'
    try:
        for _ in range(600):
            if os.path.exists(path) and os.path.getsize(path) or child.poll() is not None:
                break
            time.sleep(0.1)
        rows = [line.split(' ', 2) for line in open(path).read().splitlines()]
        regions = [re.match(r'([0-9a-f]+)-([0-9a-f]+) (....)', line).groups() for line in open(f'/proc/{child.pid}/maps')]
    finally:
        child.kill()
        child.wait()
        os.unlink(path)
    yield 'perfmap: names', None if [row[2] for row in rows] == ['spinner', 'run'] else f'found {rows}'
    ranges = [(int(start, 16), int(start, 16) + int(size, 16)) for start, size, _ in rows]
    yield 'perfmap: in order, apart', None if ranges[0][0] < ranges[0][1] <= ranges[1][0] < ranges[1][1] else f'found {rows}'
    code = [(int(low, 16), int(high, 16)) for low, high, rights in regions if 'x' in rights]
    yield 'perfmap: executable memory', next((f'{start:x}' for start, end in ranges
                                              if not any(low <= start and end <= high for low, high in code)), None)


def perf_record(engine, folder):
    """What `perf` makes of it; None where it cannot run (containers forbid it)."""
    if not shutil.which('perf'):
        return None, 'perf is not installed'
    record = run(['perf', 'record', '-q', '-o', 'perf.data', engine, 'run', '--profile=perfmap', '--invoke', 'run', 'spins.wat'],
                 cwd=folder, timeout=120)
    if record.status != 0 or not os.path.exists(os.path.join(folder, 'perf.data')):
        return None, 'perf cannot record here: ' + last(record.err)
    report = run(['perf', 'report', '-q', '--stdio', '-i', 'perf.data'], cwd=folder, timeout=120).out.decode(errors='replace')
    return (None if re.search(r'\d+\.\d+%.*\bspinner\b', report) else f'no spinner in {report[:300]!r}'), None


def main():
    engine = os.path.abspath(sys.argv[1])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (('grows.wat', GROWS), ('host.wat', HOST), ('spins.wat', SPINS)):
            with open(os.path.join(folder, name), 'w') as file:
                file.write(text)
        for name, fault in perf_rows(engine, folder):
            tally.check(name, fault)
        fault, missing = perf_record(engine, folder)
        if missing:
            print(f'skipped: perf report: {missing}')
            tally.skipped += 1
        else:
            tally.check('perf report', fault)
        if missing := no_gdb_here(engine, folder):
            print(f'skipped: gdb: {missing}')
            tally.skipped += 1
        else:
            for name, fault in gdb_rows(engine, folder):
                tally.check(name, fault)
    tally.close()


main()
