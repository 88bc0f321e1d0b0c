#!/usr/bin/env python3
"""Modules linked into C and C++ programs:  native_cpp.py TRAPEZE ARCHIVE

  header    the header of tests/native_cpp/nasty.wat is nasty.expected (make bless rewrites it), the same for each compilation; C99
            and C++ compilers take it, trapeze/native.h too, without a warning
  both      tests/native_cpp/both.cpp with two modules: as PIE, not as PIE, static, with one of them in a shared object, linked
            and opened; by g++ and by clang++ with lld; on both unwinders; what nobody catches ends in std::terminate
  direct    C++ that names a module of a shared object without going through its header
  plain     tests/native_cpp/plain.c, a program in C99
  example   the files and commands of docs/embedding.md, "Linking modules into a C or C++ program"

ARCHIVE is libtrapeze_native.a. In a sanitized build there are fewer variants, and their options say so.
"""
import os, re, shutil, sys, tempfile
from common import *

SOURCES = os.path.join(ROOT, 'tests/native_cpp')
INCLUDE = ['-I', os.path.join(ROOT, 'include')]
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
CPP_WARNINGS = ['-Wold-style-cast', '-Wcast-align']
UNWINDERS = ['fast', 'system']
# vptr: parts of the archive are built without type information
SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize=vptr'] if DEV else []


def newest(*names):
    """(C++ compiler, C compiler) of that family, or None."""
    for name in names:
        if shutil.which(name):
            return name, name.replace('clang++', 'clang').replace('g++', 'gcc')
    return None


GNU = newest('g++')
CLANG = newest('clang++', *(f'clang++-{version}' for version in range(40, 13, -1)))


def failed(ran, status=0):
    return ran.crash() or (f'status {ran.status}: {last(ran.out + ran.err, 1500)}' if ran.status != status else None)


class Works:
    """A folder to build in; what fails in a step is the fault of the check."""

    def __init__(self, engine, archive, folder):
        self.engine, self.archive, self.folder = engine, archive, folder

    def at(self, name):
        return os.path.join(self.folder, name)

    def compile(self, name, *options, emit='obj'):
        """The object (or shared object) and header of tests/native_cpp/NAME.wat; the fault, or None."""
        out = self.at(name + ('.so' if emit == 'so' else '.o'))
        return failed(run([self.engine, 'compile', os.path.join(SOURCES, name + '.wat'), f'--emit={emit}', '-o', out,
                           '--header', self.at(name + '.h'), *options], timeout=120))

    def build(self, compiler, source, out, *options):
        return failed(run([compiler, *SANITIZE, *INCLUDE, '-I', self.folder, '-O1', '-g', os.path.join(SOURCES, source), '-o',
                           self.at(out), *options], cwd=self.folder, timeout=300))


def header(works, tally):
    golden, made = os.path.join(SOURCES, 'nasty.expected'), works.at('nasty.h')
    fault = works.compile('nasty')
    if not fault and BLESS:
        shutil.copyfile(made, golden)
    tally.check('nasty.h', fault or ('no golden file (make bless ONLY=native_cpp)' if not os.path.exists(golden) else
                                     first_difference(open(golden, 'rb').read(), open(made, 'rb').read())))
    if fault:
        return
    for name, text in (('nasty', '#include "nasty.h"\n'), ('native', '#include "trapeze/native.h"\n'),
                       ('public', '#include "trapeze/native.h"\n#include "trapeze/trapeze.hh"\n#include "nasty.h"\n')):
        for cpp, c in filter(None, (GNU, CLANG)):
            rows = [(cpp, '-xc++', '-std=c++20', *CPP_WARNINGS)]
            if name != 'public':
                rows += [(c, '-xc', '-std=c99'), (c, '-xc', '-std=gnu17'), (cpp, '-xc++', '-std=c++11', *CPP_WARNINGS)]
            for command in rows:
                ran = run([*command, *WARNINGS, *INCLUDE, '-I', works.folder, '-fsyntax-only', '-'], stdin=text.encode())
                tally.check(f'{name} by {" ".join(command[:3])}', failed(ran))
    for name, arguments in (('alone', []), ('of an executable', ['--emit=exe', '-o', works.at('x')]),
                            ('of a compiled module', ['-o', works.at('x')])):
        ran = run([works.engine, 'compile', os.path.join(SOURCES, 'nasty.wat'), '--header', works.at('x.h'), *arguments])
        tally.check(f'--header {name}', None if ran.status == 2 and b'--header' in ran.err and not os.path.exists(works.at('x.h'))
                    else f'status {ran.status}: {last(ran.err)}')
    # Whatever is in the header links too, and is what it should be.
    lines = re.findall(r'^static inline .*?(\w+)\(', open(made).read(), re.M)
    tally.check('no two functions of one name', None if len(set(lines)) == len(lines) else 'twice: ' + str(lines))
    source = works.at('nasty_main.cpp')
    with open(source, 'w') as file:
        file.write(NASTY_MAIN)
    fault = works.build(GNU[0], source, 'nasty', '-std=c++20', works.at('nasty.o'), works.archive)
    tally.check('the functions of nasty.h', fault or failed(run([works.at('nasty')])))


NASTY_MAIN = '''
#include "nasty.h"
#include "trapeze/trapeze.hh"
#include <cstdio>
int main() {
  trapeze_native_options options = {};
  options.unknown_imports = TRAPEZE_NATIVE_IMPORTS_ZERO;
  trapeze_native_store *store = trapeze_native_store_new(&options);
  trapeze_native_instance *n = nasty_instantiate(store, nullptr);
  const int got[] = {nasty_int(n), nasty_class(n), nasty_0(n), nasty_2nd(n), nasty_func(n), nasty_func_2(n), nasty_na_ve(n),
                     nasty_a_b_3(n), nasty_a_b_4(n), nasty_a_b(n), nasty_a_b_5(n), nasty_a_b_6(n), nasty_a_b_2(n),
                     nasty_module_2(n), nasty_instantiate_2(n), nasty_define_env_log(n), nasty_memory_memory_2(n),
                     nasty_divmod_results_2(n), nasty_quote_back_slash(n), nasty_evil(n), nasty_zero_byte(n), nasty_start(n)};
  int wrong = 0, wanted = 0;
  for (int value : got)
    if (value != ++wanted)
      wrong = std::printf("number %d gave %d\\n", wanted, value);
  trapeze_native_store_delete(store);
  return wrong != 0;
}
'''


def links(works, cpp):
    """(variant, options for the linker, whether b is a shared object)"""
    lld = ['-fuse-ld=lld'] if cpp == (CLANG or [None])[0] and (shutil.which('ld.lld') or shutil.which(
        cpp.replace('clang++', 'ld.lld'))) else []
    a, b, archive = works.at('a.o'), works.at('b.o'), works.archive
    yield 'pie', ['-pie', '-fPIE', *lld, a, b, archive]
    yield 'so', ['-pie', '-fPIE', *lld, a, archive, works.at('b.so'), f'-Wl,-rpath,{works.folder}']
    yield 'dlopen', [*lld, f'-DDLOPEN="{works.at("b.so")}"', a, archive, '-ldl', '-rdynamic']
    if not DEV:  # no sanitizer links statically
        yield 'no-pie', ['-no-pie', '-fno-pie', *lld, a, b, archive]
        yield 'so, no-pie', ['-no-pie', '-fno-pie', *lld, a, archive, works.at('b.so'), f'-Wl,-rpath,{works.folder}']
        yield 'static', ['-static', *lld, a, b, archive]
        yield 'static-pie', ['-static-pie', '-fPIE', *lld, a, b, archive]
        if not lld:
            yield 'lto', ['-flto', a, b, archive]
        yield 'sections', ['-pie', '-fPIE', *lld, '-ffunction-sections', '-Wl,--gc-sections', '-s', a, b, archive]


def both(works, tally):
    fault = works.compile('a') or works.compile('b') or works.compile('b', emit='so')
    tally.check('objects of a and b', fault)
    if fault:
        return
    for compilers in filter(None, (GNU,) if DEV else (GNU, CLANG)):
        cpp = compilers[0]
        for number, (variant, options) in enumerate(links(works, cpp)):
            name, program = f'both, {cpp}, {variant}', f'both_{os.path.basename(cpp)}_{number}'
            fault = works.build(cpp, 'both.cpp', program, '-std=c++20', *WARNINGS, *options)
            tally.check(f'{name}: links', fault)
            if fault:
                continue
            for unwinder in UNWINDERS:
                tally.check(f'{name}, {unwinder}', failed(run([works.at(program), unwinder])))
            ran = run([works.at(program), 'system', 'uncaught'])
            tally.check(f'{name}, uncaught', None if ran.status == -6 and b'exception other(i64:77)' in ran.err else
                        f'status {ran.status}: {last(ran.err)}')


DIRECT_MAIN = '''
#include "b.h"
#include "trapeze/trapeze.hh"
int main() { return trapeze::Module::from_native(trapeze::Engine(), b_module).exports().size() != 11; }
'''


def direct(works, tally):
    """C++ names a module of a shared object itself: never a damaged copy in the executable."""
    source = works.at('direct.cpp')
    with open(source, 'w') as file:
        file.write(DIRECT_MAIN)
    rest = [works.archive, works.at('b.so'), f'-Wl,-rpath,{works.folder}']
    ran = run([GNU[0], '-std=c++20', *SANITIZE, *INCLUDE, '-I', works.folder, '-fPIE', '-pie', source, *rest, '-o', works.at('direct')])
    tally.check('direct, PIE: the linker refuses', None if ran.status and b'protected symbol' in ran.err else last(ran.err))
    fault = works.build(GNU[0], source, 'direct', '-std=c++20', '-fPIC', *rest)
    tally.check('direct, PIC', fault or failed(run([works.at('direct')])))


def plain(works, tally):
    fault = works.compile('plain')
    tally.check('object of plain', fault)
    if fault:
        return
    for cpp, c in filter(None, (GNU,) if DEV else (GNU, CLANG)):
        fault = works.build(c, 'plain.c', f'plain_{c}', '-std=c99', *WARNINGS, works.at('plain.o'), works.archive, '-lstdc++', '-lm')
        tally.check(f'plain, {c}: links', fault)
        for unwinder in UNWINDERS if not fault else ():
            tally.check(f'plain, {c}, {unwinder}', failed(run([works.at(f'plain_{c}'), unwinder])))


def section(title):
    text = open(os.path.join(ROOT, 'docs/embedding.md')).read()
    return re.search(rf'^## {re.escape(title)}\n(.*?)(?=^## )', text, re.M | re.S)[1]


def example(works, tally):
    """In a folder that looks like the repository's root."""
    text = section('Linking modules into a C or C++ program')
    files = re.findall(r'`(\w+\.\w+)`[^`]*(?:`[^`\n]*`[^`]*)*\n```\w+\n(.*?)^```', text, re.M | re.S)
    commands = re.search(r'^```sh\n(.*?)^```', text, re.M | re.S)[1].strip().split('\n')
    expected = re.search(r'prints:\n\n```\n(.*?)^```', text, re.M | re.S)[1]
    names = [name for name, _ in files]
    tally.check('example: its files', None if names == ['account.wat', 'main.cpp', 'main.c', 'account.h'] else str(names))
    folder = works.at('example')
    os.makedirs(os.path.join(folder, 'build'))
    os.symlink(os.path.join(ROOT, 'include'), os.path.join(folder, 'include'))
    os.symlink(os.path.dirname(works.engine), os.path.join(folder, 'build/release'))
    for name, content in files[:-1]:
        with open(os.path.join(folder, name), 'w') as file:
            file.write(content)
    for command in commands:
        if SANITIZE and command.startswith('c'):
            command += ' ' + ' '.join(SANITIZE)
        ran = run(['sh', '-c', command], cwd=folder)
        is_program = command.startswith('./')
        tally.check(f'example: {command}', failed(ran) or
                    (first_difference(expected.encode(), ran.out) if is_program else None))
    made = open(os.path.join(folder, 'account.h')).read()
    for line in files[-1][1].strip().split('\n'):
        tally.check(f'example: {line}', None if line + '\n' in made or line + ' {\n' in made else 'not in account.h')


def main():
    engine, archive = (os.path.abspath(path) for path in sys.argv[1:3])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        works = Works(engine, archive, folder)
        for part in (header, both, direct, plain, example):
            part(works, tally)
    tally.close()


main()
