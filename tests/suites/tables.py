#!/usr/bin/env python3
"""The tables of the system's unwinder:  tables.py ENGINE CHECK_TABLES CORPUS

Each module of the corpus is compiled; CHECK_TABLES compares `.eh_frame`, read by us and by LLVM, with the frames in the
machine code at every instruction, and `.gcc_except_table` with the rows of the compiler at every call. readelf and
llvm-dwarfdump read the objects without a warning. gdb steps through a sample and through the stubs it enters, and tests/tables/stubs.py walks all instructions of all stubs.
The platform's unwinder, in the process, goes through frames made up from every call site.
"""
import glob, os, re, shutil, sys, tempfile
from common import *

sys.path.insert(0, os.path.join(ROOT, 'tests/tables'))
import stubs  # noqa: E402

TOTALS = re.compile(r'(\d+) modules, (\d+) functions: (\d+) pcs walked by our reader, (\d+) by LLVM\'s; '
                    r'(\d+) calls, (\d+) with a pad; (\d+) failures')
STEPPED = re.compile(r'stepped (\d+) instructions \((\d+) in Wasm code, (\d+) in stubs, .*, (\d+) faults')


def newest(name):
    for candidate in [f'{name}-{version}' for version in range(40, 18, -1)] + [name]:
        if shutil.which(candidate):
            return candidate
    return None


def modules_of(corpus):
    found = modules(os.path.join(corpus, 'wasm')) + modules(os.path.join(corpus, 'big')) + \
        modules(os.path.join(corpus, 'legacy'))
    return found[::8] if DEV else found


def check_corpus(tally, program, corpus, objects):
    paths, sums = modules_of(corpus), [0] * 7
    for path, ran in zip(paths, in_parallel(lambda p: run([program, '--objects', objects, p]), paths)):
        found = TOTALS.search(ran.out.decode())
        fault = ran.crash() or (None if ran.status == 0 and found else last(ran.out or ran.err, 600))
        tally.check('tables ' + os.path.basename(path), fault)
        if found:
            sums = [a + int(b) for a, b in zip(sums, found.groups())]
    print('%d modules, %d functions: %d pcs walked by our reader, %d by LLVM\'s; %d calls, %d with a pad' % tuple(sums[:6]))
    tally.check('enough pcs', None if sums[2] == sums[3] > 1000 * sums[0] and sums[5] > 0 else f'{sums}')


def check_damage(tally, program, corpus):
    """The checks find what is wrong."""
    ran = run([program, '--damage', modules(os.path.join(corpus, 'wasm'))[0]])
    text = ran.out.decode()
    for name in ('own reader: function', 'LLVM: function', 'clause'):
        tally.check('damage is found: ' + name, None if ran.status == 1 and name in text else last(ran.out, 600))


def check_readers(tally, objects):
    """Foreign readers have nothing to complain about."""
    commands = [['readelf', '-wF'], ['readelf', '-aW']]
    if dwarfdump := newest('llvm-dwarfdump'):
        commands += [[dwarfdump, '--eh-frame'], [dwarfdump, '--verify']]
    for command in commands:
        if not shutil.which(command[0]):
            tally.skipped += 1
            print(f'skipped: {command[0]} is not installed')
            continue
        for path in sorted(glob.glob(os.path.join(objects, '*.o')) + glob.glob(os.path.join(objects, '*.elf'))):
            ran = run([*command, path])
            loud = [line for line in (ran.err + ran.out).decode(errors='replace').split('\n')
                    if re.search(r'warning|error:|unable|corrupt|invalid', line, re.I) and 'No errors' not in line]
            tally.check(' '.join(command + [os.path.basename(path)]),
                        ran.crash() or (f'status {ran.status}' if ran.status else None) or (loud[0] if loud else None))


PERSONALITY = 'int trapeze_personality(void) { return 0; }\n'


def check_linked(tally, program, objects):
    """A linker takes the object, and the CIE finds the personality by name through the slot, whatever the object's place."""
    dwarfdump = newest('llvm-dwarfdump')
    if not shutil.which('cc') or not dwarfdump:
        tally.skipped += 1
        print('skipped: linking: no C compiler or no llvm-dwarfdump')
        return
    made = run([program, '--objects', objects, os.path.join(ROOT, 'tests/filetests/eh/nested.wat')])
    tally.check('tables nested.wat', None if made.status == 0 else last(made.out, 400))
    source, library = os.path.join(objects, 'personality.c'), os.path.join(objects, 'linked.so')
    with open(source, 'w') as file:
        file.write(PERSONALITY)
    linked = run(['cc', '-shared', '-fPIC', '-o', library, source, os.path.join(objects, 'nested.wat.o'),
                  '-Wl,--fatal-warnings,--eh-frame-hdr,-z,text'])
    tally.check('the object links', last(linked.err) if linked.status else None)
    if linked.status:
        return
    relocations = run(['readelf', '-rW', library]).out.decode()
    slot = re.search(r'^([0-9a-f]+)\s+\S+\s+R_X86_64_64\s+\S+\s+trapeze_personality', relocations, re.M)
    text = run([dwarfdump, '--eh-frame', library]).out.decode()
    named = re.findall(r'Personality Address: ([0-9a-f]+)', text)
    tally.check('the CIE names the slot', None if slot and named == [slot[1]] or slot and
                [int(n, 16) for n in named] == [int(slot[1], 16)] else f'{named}, {relocations[-300:]}')
    # Two of three functions have regions. The third's pointer is 0: none; LLVM shows such a one as the field's own address.
    sections = run(['readelf', '-SW', library]).out.decode()
    area = re.search(r'\.gcc_except_table\s+PROGBITS\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)', sections)
    begin, size = (int(group, 16) for group in area.groups())
    lsdas = [int(at, 16) for at in re.findall(r'LSDA Address: ([0-9a-f]+)', text)]
    inside = [at for at in lsdas if begin <= at < begin + size]
    tally.check('LSDA pointers', None if len(lsdas) == 3 and len(inside) == 2 and inside[0] == begin else
                f'{lsdas}, {begin:#x}+{size:#x}')


def check_steps(tally, engine, program, objects):
    if not shutil.which('gdb'):
        tally.skipped += 1
        print('skipped: gdb is not installed')
        return
    module = os.path.join(ROOT, 'tests/tables/steps.wat')
    made = run([program, '--objects', objects, module])
    tally.check('tables steps.wat', None if made.status == 0 else last(made.out, 400))
    listing = run([engine, 'objdump', '--eh', module]).out.decode()
    pads = ' '.join(re.findall(r'^  region .*; system pad \+(0x[0-9a-f]+)', listing, re.M))
    for unwinder in ('fast', 'system'):
        ran = run(['gdb', '-nx', '-batch', '-x', os.path.join(ROOT, 'tests/tables/step.py'), '--args', engine, 'run',
                   f'--unwinder={unwinder}', '--invoke', 'steps', module, '12'],
                  env={'TRAPEZE_STEP_OBJECT': os.path.join(objects, 'steps.wat.o'), 'TRAPEZE_STEP_COUNT': '3000',
                       'TRAPEZE_STEP_PADS': pads},
                  timeout=900)
        text = ran.out.decode(errors='replace')
        found = STEPPED.search(text)
        print(f'{unwinder}: {found[0] if found else last(ran.out + ran.err, 600)}')
        tally.check(f'gdb steps, {unwinder}', None if found and found[4] == '0' and int(found[2]) > 300 and int(found[3]) > 50
                    else text[-800:].replace('\n', ' | '))


def check_stubs(tally, engine):
    if not shutil.which('readelf') or not shutil.which('objdump'):
        tally.skipped += 1
        print('skipped: the stubs: readelf or objdump is not installed')
        return
    results, walked, landings = stubs.check(engine, glob.glob(os.path.join(ROOT, 'src/runtime/*.S')))
    for name, fault in results:
        tally.check(name, fault)
    print(f'{len(results)} stubs: {walked} pcs walked, {landings} in landings')
    tally.check('all stubs', None if len(results) > 20 and walked > 400 else f'{len(results)} stubs, {walked} pcs')


def check_unwinding(tally, program, corpus):
    """The platform's unwinder finds its way from every call site of every module and stub."""
    sources = glob.glob(os.path.join(ROOT, 'src/runtime/*.S'))
    places = stubs.returns(program, sources) if shutil.which('readelf') and shutil.which('objdump') else []
    ran = run([program, *modules_of(corpus)] if not places else
              [program, '--returns', ','.join(map(str, places)), *modules_of(corpus)], timeout=1200)
    print(last(ran.out))
    found = re.search(r'(\d+) frames unwound, 0 failures', ran.out.decode())
    tally.check('unwinding from every call site',
                ran.crash() or (None if ran.status == 0 and found and int(found[1]) > 10000 else last(ran.out or ran.err, 800)))


def main():
    engine, program, corpus = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    tally = Tally()
    with tempfile.TemporaryDirectory() as objects:
        check_corpus(tally, program, corpus, objects)
        check_damage(tally, program, corpus)
        check_readers(tally, objects)
        check_linked(tally, program, objects)
        check_stubs(tally, engine)
        check_unwinding(tally, os.path.join(os.path.dirname(program), 'unwind_all'), corpus)
        if not DEV:
            check_steps(tally, engine, program, objects)
    tally.close()


main()
