#!/usr/bin/env python3
"""The command line: messages, options, results, exit statuses:  cli.py ENGINE

0, the program's own status, 1 bad input, 2 wrong usage, 134 trap or uncaught exception.
"""
import os, re, sys, tempfile
from common import *

FILES = {
    'bad.wat': '(module (func (result i32) i64.const 1))\n',
    'broken.wat': '(module (func (result i32) i64.konst 1))\n',
    'values.wat': '''(module
      (func (export "i32") (result i32) i32.const -7)
      (func (export "i64") (param i64) (result i64) local.get 0)
      (func (export "f32") (result f32) f32.const 0.1)
      (func (export "f64") (result f64) f64.const 1e300)
      (func (export "many") (param i32 f64) (result i32 f64 i64)
        local.get 0  local.get 1  i64.const 9223372036854775807))\n''',
    'traps.wat': '''(module
      (func $divide (param i32) (result i32) i32.const 1 local.get 0 i32.div_s)
      (func (export "run") (result i32) i32.const 0 call $divide)
      (func (export "stack") call 2)
      (func (export "dead") unreachable))\n''',
    'throws.wat': '''(module
      (tag $refused (export "refused") (param i32 f64))
      (func $inner i32.const 42 f64.const 2.5 throw $refused)
      (func (export "run") call $inner))\n''',
    'deep.wat': '''(module (tag $t (param i32))
      (func $third (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 5))))
        (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 1))))
      (func $second (param i32) (result i32) (i32.add (call $third (local.get 0)) (i32.const 1)))
      (func $first (param i32) (result i32) (i32.mul (call $second (local.get 0)) (i32.const 3)))
      (func (export "trap") (result i32) (call $first (i32.const 1)))
      (func (export "throw") (result i32) (call $first (i32.const 0))))\n''',
    'catches.wat': '''(module (tag $refused (param i32))
      (func $thrower i32.const 1 throw $refused)
      (func (export "run") (result i32)
        (block $caught (result i32) (try_table (catch $refused $caught) call $thrower) i32.const 0)))\n''',
    'imports.wat': '(module (import "env" "missing" (func $m (result i32))) (func (export "run") (result i32) call $m))\n',
    'exit.wat': '''(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (tag $t)
      (memory (export "memory") 1)
      (func (export "_start")
        (block $caught (try_table (catch_all $caught) i32.const 17 call $exit))
        i32.const 3 call $exit))\n''',
    'start.wat': '(module (memory (export "memory") 1) (func (export "_start")))\n',
    'wide.wat': '(module (func (export "run") (result i64 i64) i64.const -1 i64.const -1 i64.mul_wide_u))\n',
}


def expect(ran, status=0, out=None, err=None):
    """What is wrong, or None. out, err: exact text, or a compiled pattern to be found."""
    if ran.crash() and not (status == 134 and ran.status == 134):
        return ran.crash()
    if ran.status != status:
        return f'exit status {ran.status}, expected {status}: {last(ran.err)}'
    for name, wanted, text in (('stdout', out, ran.out.decode()), ('stderr', err, ran.err.decode())):
        if wanted is None:
            continue
        if isinstance(wanted, str) and text != wanted:
            return f'{name}: expected {wanted!r}, found {text[:300]!r}'
        if not isinstance(wanted, str) and not wanted.search(text):
            return f'{name}: no {wanted.pattern!r} in {text[:400]!r}'
    return None


def rows(engine, folder):
    def at(name):
        return os.path.join(folder, name)

    def go(*words, stdin=b''):
        return run([engine, *words], cwd=folder, stdin=stdin, timeout=120)

    wat = re.compile
    yield 'version', expect(go('--version'), out=wat(r'^trapeze \d+\.\d+'))
    yield 'help', expect(go('--help'), out=wat(r'(?s)run.*wast.*validate.*compile'))
    yield 'help shows examples', expect(go('run', '--help'), out=wat(r'trapeze run '))
    yield 'no arguments', expect(go(), status=2)
    yield 'unknown option', expect(go('run', '--nonsense', 'values.wat'), status=2)
    yield 'unknown level', expect(go('run', '--opt-level=4', 'values.wat'), status=2, err=wat(r'opt-level.*4.*0.*1.*2.*3.*s'))
    for level in '0123s':
        yield f'level {level}', expect(go('run', f'-O{level}', '--invoke', 'i32', 'values.wat'), out='-7\n')
    yield 'no such file', expect(go('run', 'absent.wasm'), status=1, err=wat(r'absent\.wasm'))
    yield 'type mismatch', expect(go('validate', 'bad.wat'), status=1,
                                  err=wat(r'bad\.wat:1:28: error: type mismatch: expected i32, found i64\n'))
    yield 'the line and a caret', expect(go('validate', 'bad.wat'), status=1,
                                         err=wat(r'\(module \(func \(result i32\) i64\.const 1\)\)\n[ |]*\^'))
    yield 'no colours in a pipe', '\x1b' in go('validate', 'bad.wat').err.decode() and 'escape sequences in stderr' or None
    yield 'unknown instruction', expect(go('validate', 'broken.wat'), status=1, err=wat(r'broken\.wat:1:\d+: error: '))
    yield 'garbage', expect(go('validate', '-', stdin=b'\0asm\1\0\0\0\x0b\xff'), status=1, err=wat(r'error: '))
    yield 'valid', expect(go('validate', 'values.wat', 'traps.wat'))
    yield 'valid from standard input', expect(go('validate', '-', stdin=b'\0asm\1\0\0\0'))
    yield 'i32 result', expect(go('run', '--invoke', 'i32', 'values.wat'), out='-7\n')
    yield 'i64 result', expect(go('run', '--invoke', 'i64', 'values.wat', '-9223372036854775808'),
                               out='-9223372036854775808\n')
    yield 'f32 result', expect(go('run', '--invoke', 'f32', 'values.wat'), out='0.1\n')
    yield 'f64 result', expect(go('run', '--invoke', 'f64', 'values.wat'), out=wat(r'^1e\+?300\n$'))
    yield 'many results', expect(go('run', '--invoke', 'many', 'values.wat', '5', '0.25'),
                                 out='5\n0.25\n9223372036854775807\n')
    yield 'from standard input', expect(go('run', '--invoke', 'i32', '-', stdin=FILES['values.wat'].encode()), out='-7\n')
    yield 'bad argument', 'accepted' if go('run', '--invoke', 'i64', 'values.wat', 'seven').status == 0 else None
    yield 'too few arguments', 'accepted' if go('run', '--invoke', 'i64', 'values.wat').status == 0 else None
    yield 'no such function', expect(go('run', '--invoke', 'nothing', 'values.wat'), status=1, err=wat('nothing'))
    yield 'short form', expect(go('start.wat'))
    yield 'division by zero', expect(go('run', '--invoke', 'run', 'traps.wat'), status=134,
                                     err=wat(r'(?s)integer divide by zero.*divide'))
    yield 'stack overflow', expect(go('run', '--invoke', 'stack', 'traps.wat'), status=134, err=wat('call stack exhausted'))
    yield 'unreachable', expect(go('run', '--invoke', 'dead', 'traps.wat'), status=134, err=wat('unreachable'))
    yield 'uncaught exception', expect(go('run', '--invoke', 'run', 'throws.wat'), status=134,
                                       err=wat(r'(?s)refused.*42.*2\.5.*inner'))
    for file, function in (('traps.wat', 'run'), ('throws.wat', 'run'), ('catches.wat', 'run'), ('deep.wat', 'trap'),
                           ('deep.wat', 'throw')):
        plain, inlined = (go('run', f'--opt-level={level}', '--invoke', function, file) for level in (2, 3))
        yield f'{file} {function}: level 3 reports as level 2', first_difference(plain.err + plain.out, inlined.err + inlined.out)
    yield 'inlined frames are named', expect(go('run', '-O3', '--invoke', 'trap', 'deep.wat'), status=134,
                                             err=wat(r'0: third .*\n +1: second .*\n +2: first .*\n +3: trap '))
    yield 'inlined code is named', expect(go('objdump', '-d', '-O3', 'deep.wat'),
                                          out=wat(r'(?s)\(inlined third\).*\(inlined second\)'))
    yield 'missing import', expect(go('run', '--invoke', 'run', 'imports.wat'), status=1, err=wat(r'env.*missing'))
    yield 'missing import as zero', expect(go('run', '--unknown-imports=zero', '--invoke', 'run', 'imports.wat'), out='0\n')
    yield 'missing import as trap', expect(go('run', '--unknown-imports=trap', '--invoke', 'run', 'imports.wat'),
                                           status=134, err=wat('missing'))
    yield 'proc_exit passes catch_all', expect(go('run', 'exit.wat'), status=17)
    yield 'feature off by default', expect(go('validate', 'wide.wat'), status=1, err=wat(r'wide-arithmetic'))
    yield 'feature on', expect(go('validate', '--enable=wide-arithmetic', 'wide.wat'))
    yield 'feature turned off', expect(go('validate', '--disable=exceptions,legacy-exceptions', 'throws.wat'), status=1,
                                       err=wat(r'exceptions'))
    yield 'unknown feature', 'accepted' if go('validate', '--enable=teleport', 'values.wat').status == 0 else None
    for stage in ('validate', 'translate', 'opt', 'lower', 'regalloc', 'emit'):
        yield f'compile --stop-after={stage}', expect(go('compile', f'--stop-after={stage}', 'throws.wat'), out=wat(r'\S'))
    yield 'compile --time-passes', expect(go('compile', '--time-passes', 'throws.wat'), out=wat(
        r'(?s)^ +[0-9.]+ ms +[0-9.]+ %  read\n.* ms +[0-9.]+ %    solve\n.* ms 100\.0 %  total\n\d+ bytes of function bodies, '))
    yield 'objdump -d', expect(go('objdump', '-d', 'catches.wat'), out=wat(
        r'(?s)func\[0\] thrower: .*wasm 0x[0-9a-f]+  throw\n.*builtin Throw, call site\n.*region 0: catch \$refused -> pad \+0x'
        r'.*-> thrower, call site in region 0\n.*pad of region 0: catch \$refused\n'))
    yield 'doctor', expect(go('doctor'), out=wat(
        r'(?s)^(?=.*fast path: own frame)(?=.*fast path: a C\+\+ exception through Wasm: )(?=.*system path: across instances)'
        r'(?=.*signal handlers: )(?=.*memory reservation: )(ok    [^\n]+\n){15,}$'))
    log = run([engine, 'run', '--unwinder=fast', '--invoke', 'run', 'catches.wat'], cwd=folder, env={'TRAPEZE_LOG': 'eh'})
    tag = r'refused@0x[0-9a-f]+'
    yield 'the log of a throw', expect(log, out='1\n', err=wat(
        rf'(?m)^eh: throw unwinder=fast tag={tag} i32:1\neh:   frame pc=0x[0-9a-f]+ thrower wasm 0x[0-9a-f]+ code \+0x[0-9a-f]+: '
        rf'no region, passed\neh:   frame pc=0x[0-9a-f]+ run wasm 0x[0-9a-f]+ code \+0x[0-9a-f]+: region 0\n'
        rf'eh:     region 0 clause 0: catch ({tag}), thrown \1: lands at pad \+0x[0-9a-f]+\n'))
    log = run([engine, 'run', '--unwinder=fast', '--invoke', 'run', 'throws.wat'], cwd=folder, env={'TRAPEZE_LOG': 'eh'})
    yield 'the log of an uncaught throw', expect(log, status=134, err=wat(r'(?m)^eh:   nothing in this activation catches it: to the host$'))
    yield 'objdump shows nothing', expect(go('objdump', 'catches.wat'), status=2)
    yield 'unknown stage', expect(go('compile', '--stop-after=magic', 'values.wat'), status=2)
    script = at('script.wast')
    with open(script, 'w') as file:
        file.write('(module (func (export "f") (result i32) i32.const 1))\n(assert_return (invoke "f") (i32.const 1))\n'
                   '(assert_return (invoke "f") (i32.const 2))\n')
    yield 'wast counts', expect(go('wast', 'script.wast'), status=1,
                                out=wat(r'script\.wast: 1 passed, 1 failed, 0 skipped\n1 passed, 1 failed, 0 skipped\n$'))


UNCAUGHT = [  # what tests/programs/uncaught.cpp throws, and what is said of it
    ('runtime_error', r'std::runtime_error: out of stock'), ('derived', r'shop::VeryRefused: no credit'),
    ('both', r'shop::Both: second base'), ('virtual', r'shop::Virtual: virtual base'), ('bad_alloc', r'std::bad_alloc'),
    ('silent', r'shop::Silent'), ('plain', r'shop::Plain'), ('colour', r'shop::Colour'), ('int', r'int: -42'),
    ('unsigned long long', r'unsigned long long: 18446744073709551615'), ('char', r"char: 'x'"), ('bool', r'bool: true'),
    ('double', r'double: 2\.5'), ('text', r'char const\*: thrown text'), ('pointer', r'shop::Plain\*'),
    ('terminal', r'std::runtime_error: \\x1b\[31mred\\x0asecond line'), ('again', r'shop::Refused: kept and thrown again')]


def uncaught_rows(engine):
    program = os.path.join(ROOT, 'tests/programs/uncaught.wasm')
    for unwinder in ('fast', 'system'):
        for what, said in UNCAUGHT:
            frames = r'[\s\S]*: shop::sell\(char const\*\) at uncaught\.wasm:0x[0-9a-f]+\n[\s\S]*: _start'
            yield f'uncaught {what} ({unwinder})', expect(
                run([engine, 'run', f'--unwinder={unwinder}', program, what], timeout=120), status=134,
                err=re.compile(r'^error: uncaught exception [^\n]*\(i32:\d+\): ' + said + r'\n' + ('' if what == 'again' else frames)))
    yield 'nothing uncaught', expect(run([engine, 'run', program], timeout=120))


def main():
    engine = os.path.abspath(sys.argv[1])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            with open(os.path.join(folder, name), 'w') as file:
                file.write(text)
        for name, fault in rows(engine, folder):
            tally.check(name, fault)
        for name, fault in uncaught_rows(engine):
            tally.check(name, fault)
    tally.close()


main()
