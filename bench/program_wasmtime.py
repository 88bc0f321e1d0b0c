"""Wasmtime in bench/run's tables of programs, as bench/program.cpp:  program_wasmtime.py [--compile-only] [--once] MODULE REPORT [ARG…]"""
import collections, itertools, json, re, sys, time

import wasmtime

ENOUGH, MOST = 60e6, 50


class Times:
    def clear(self):
        self.cpu = self.wall = self.count = 0

    def add(self, clock, step):
        wall, start = time.monotonic_ns(), clock()
        result = step()
        self.cpu += clock() - start
        self.wall += time.monotonic_ns() - wall
        self.count += 1
        return result


def repeat(times, most, step):
    """How often there was a step, over the pass that warms up and the one that counts."""
    steps = 0
    for _ in range(2):
        start = time.monotonic_ns()
        for one in times:
            one.clear()
        for _ in range(most):
            step()
            steps += 1
            if time.monotonic_ns() - start >= ENOUGH:
                break
        if times[0].count == 1:
            break
        most = times[0].count
    return steps


def run_once(engine, module, arguments, instantiate, run):
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = arguments
    wasi.inherit_stdin(), wasi.inherit_stdout(), wasi.inherit_stderr()
    wasi.preopen_dir('.', '.')
    store.set_wasi(wasi)
    linker.define_wasi()
    for name in ('start', 'end'):
        linker.define_func('bench', name, wasmtime.FuncType([], []), lambda: None)
    start = instantiate.add(time.thread_time_ns, lambda: linker.instantiate(store, module)).exports(store)['_start']

    def call():
        try:
            start(store)
        except wasmtime.ExitTrap as end:
            if end.code:
                raise
    run.add(time.thread_time_ns, call)


def main():
    flags = list(itertools.takewhile(lambda text: text.startswith('--'), sys.argv[1:]))
    path, report, *rest = sys.argv[1 + len(flags):]
    config = wasmtime.Config()
    config.wasm_exceptions = True
    config.parallel_compilation = False
    engine = wasmtime.Engine(config)
    binary = open(path, 'rb').read()
    most = 1 if '--once' in flags else MOST
    compiled = collections.deque(maxlen=1)
    compilation, instantiate, run = Times(), Times(), Times()
    repeat([compilation], most, lambda: compiled.append(compilation.add(time.process_time_ns, lambda: wasmtime.Module(engine, binary))))
    answer = {'compile': compilation.cpu / compilation.count, 'compile_wall': compilation.wall / compilation.count}
    if '--compile-only' not in flags:
        runs = repeat([instantiate, run], most, lambda: run_once(engine, compiled[0], [path, *rest], instantiate, run))
        answer |= {'instantiate': instantiate.cpu / run.count, 'run': run.cpu / run.count, 'runs': runs}
    answer['memory'] = int(re.search(r'VmHWM:\s+(\d+)', open('/proc/self/status').read())[1]) * 1024
    with open(report, 'w') as file:
        json.dump(answer, file)


main()
