"""The engines that bench/run compares by throws: each measures modules of $TRAPEZE_TEST_DATA/bench/eh and of bench/modules, one round at
a time.

    prepare(name) -> bool     loads the module and checks run(n) for n = 0, 1, 1000, 5003; False: it has no such benchmark
    round(name)               nanoseconds of CPU time per iteration
    every                     takes part in every so-manieth round only
    instructions(name)        per iteration, by callgrind; None where that cannot be told

"""
import functools, json, os, re, resource, shutil, subprocess, sys

import peers
from peers import BENCH, DATA, PEERS, ROOT, Missing, output

sys.path.insert(0, os.path.join(ROOT, 'tests', 'suites'))
from eh_formulas import FORMULAS, SIZES  # noqa: E402


OURS = {'br_local': 'sum', 'nothrow_small': 'sum', 'nothrow_small_plain': 'sum'}  # of bench/modules: the formula of each


def module(name):
    """The binary: of our own, as `assembled` wrote it."""
    return os.path.join(PEERS, f'{name}.wasm') if name in OURS else os.path.join(DATA, 'bench/eh/wasm', f'{name}.wasm')


def assembled(trapeze):
    for name in OURS:
        binary = subprocess.run([trapeze, 'print', '--binary', f'{BENCH}/modules/{name}.wat'], capture_output=True, check=True)
        with open(module(name), 'wb') as file:
            file.write(binary.stdout)


@functools.cache
def manifest():
    """{name: its formula}: the modules of the shared folder and our own."""
    path = os.path.join(DATA, 'bench/eh/manifest.json')
    shared = json.load(open(path)) if os.path.exists(path) else {}
    return {name: entry['expect'] for name, entry in shared.items()} | OURS


def check(engine, name, results):
    formula = FORMULAS[manifest()[name]]
    for n, result in zip(SIZES, results, strict=True):
        if result != formula(n):
            raise Missing(f'{engine} computes {name}({n}) = {result}, not {formula(n)}')


def instructions(command_for, few=2000, many=22000):
    if not shutil.which('valgrind'):
        return None
    counts = []
    for n in (few, many):
        done = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', *command_for(n)],
                              capture_output=True, text=True)
        found = re.search(r'Collected : (\d+)', done.stderr)
        if done.returncode or not found:
            return None
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) / (many - few)


class Engine:
    every = 1

    def prepare(self, name):
        return name in self.names

    def instructions(self, name):
        return None


class Trapeze(Engine):
    def __init__(self, engine, unwinder):
        self.engine, self.unwinder, self.sizes = engine, unwinder, {}
        self.title = f'Trapeze, {unwinder}'
        if not os.path.exists(engine):
            raise Missing(f'{self.title}: {engine} is not built')

    def command(self, name, n):
        return [self.engine, 'run', f'--unwinder={self.unwinder}', '--invoke', 'run', module(name), str(n)]

    def cpu_seconds(self, name, n):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output(self.command(name, n))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def prepare(self, name):
        try:
            check(self.title, name, [int(output(self.command(name, n))) for n in SIZES])
        except subprocess.CalledProcessError as fault:
            raise Missing(f'{self.title}: {fault.stderr.strip()}')
        n, start = 10000, self.cpu_seconds(name, 0)
        while self.cpu_seconds(name, n) - start < 0.2:
            n *= 3
        self.sizes[name] = n
        return True

    def round(self, name):
        n = self.sizes[name]
        return (self.cpu_seconds(name, n) - self.cpu_seconds(name, 0)) * 1e9 / n

    def instructions(self, name):
        counted = (2000, 22000) if self.unwinder == 'fast' else (20, 220)  # a hundred times as many a throw
        return instructions(lambda n: self.command(name, n), *counted)


class Floor(Engine):
    title = 'floor'
    names = ('throw_1', 'throw_10', 'throw_100', 'rethrow_10')

    def __init__(self):
        self.path = os.path.join(PEERS, 'floor')
        subprocess.run(['g++', '-std=c++20', '-O2', f'{BENCH}/floor/floor.S', f'{BENCH}/floor/floor.cpp', '-o', self.path],
                       check=True)

    def round(self, name):
        return json.loads(output([self.path, name]))[name][0]

    def instructions(self, name):
        return instructions(lambda n: [self.path, '--count', str(n), name])


class Native(Engine):
    """The same shapes in C++ (native.cpp): the best of seven runs of its own a round."""
    every = 3

    def __init__(self):
        source = os.path.join(DATA, 'bench/eh/native.cpp')
        self.path, self.names = os.path.join(PEERS, 'native'), set(re.findall(r'\{"(\w+)", b_', open(source).read()))
        subprocess.run(['g++', '-std=c++17', '-O2', source, '-o', self.path], check=True)
        self.title = 'C++, g++ ' + output(['g++', '-dumpfullversion']).strip()

    def round(self, name):
        return float(re.search(r'min\s+([\d.]+)', output([self.path, name]))[1])


class Served(Engine):
    """A peer in a process of its own, which reads 'NAME MODULE' and 'round NAME' and answers each with a line of JSON."""

    def __init__(self, title, command):
        self.title = title
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)

    def ask(self, line):
        try:
            self.process.stdin.write(line + '\n')
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (OSError, json.JSONDecodeError):
            raise Missing(f'{self.title} ended at "{line}"')
        if 'error' in answer:
            raise Missing(f'{self.title}: {answer["error"]}')
        return answer

    def prepare(self, name):
        check(self.title, name, self.ask(f'{name} {module(name)}')['results'])
        return True

    def round(self, name):
        return self.ask(f'round {name}')['ns']


def node(install):
    binary, version = peers.node(install)
    return Served(f'V8, Node {version}', [binary, '--no-warnings', '--experimental-wasm-exnref', f'{BENCH}/node.mjs'])


def bun(install):
    binary, version = peers.bun(install)
    return Served(f'JSC, Bun {version}', [binary, f'{BENCH}/node.mjs'])


def deno(install):
    binary, version = peers.deno(install)
    return Served(f'V8, Deno {version}', [binary, 'run', '-A', f'{BENCH}/node.mjs'])


def wasmtime(install):
    python, version = peers.wasmtime(install)
    return Served(f'Wasmtime {version}, Cranelift', [python, f'{BENCH}/wasmtime_peer.py'])


def wasmer(install):
    binary, version = peers.wasmer(install)
    return Served(f'Wasmer {version}, Cranelift', [binary])


def all_engines(trapeze, install):
    """Of each engine, how to make it; Trapeze and the floor first."""
    return [Floor, lambda: Trapeze(trapeze, 'fast'), lambda: Trapeze(trapeze, 'system'), lambda: wasmtime(install),
            lambda: wasmer(install), lambda: node(install), lambda: deno(install), lambda: bun(install), Native]
