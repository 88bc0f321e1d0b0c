"""Scaling: a throw over ten frames against the size of the process, in Trapeze and in plain C++ beside it (scale.cpp).

Each column of the table is a process of its own; all are asked in turns, round by round. The figure is the ratio of two
minima: of the process and of the one it is compared with."""
import json, os, subprocess

from engines import Missing

ALONE, NO_ENGINE = 'alone', 'no engine'
PROCESSES = {ALONE: [], '1000 modules': ['--modules', '1000'], '10⁵ functions': ['--functions', '100000'],
             'second thread throws': ['--thread']}
TARGETS = {'wasm': 1.2, 'host': 1.1}


class Process:
    def __init__(self, program, arguments):
        self.child = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        self.times = {'wasm': [], 'host': []}
        self.ask()  # finds its counts

    def ask(self):
        try:
            self.child.stdin.write('round\n')
            self.child.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.child.stdout.readline()
        if not line:
            raise Missing(self.child.stderr.read().strip())
        return json.loads(line)

    def round(self):
        for kind, ns in self.ask().items():
            self.times[kind].append(ns)

    def least(self, kind):
        return min(self.times[kind])

    def end(self):
        self.child.stdin.close()
        self.child.wait()


def measure(program, rounds):
    """{(unwinder, process name): Process}, and what was left out."""
    if not os.path.exists(program):
        return {}, [f'scaling: {program} is not built (target bench_scale)']
    processes, absent = {('', NO_ENGINE): Process(program, ['--no-engine'])}, []
    for unwinder in ('fast', 'system'):
        try:
            for name, arguments in PROCESSES.items():
                processes[unwinder, name] = Process(program, ['--unwinder', unwinder, *arguments])
        except Missing as fault:
            absent.append(f'scaling, {unwinder}: {fault}')
            processes = {key: value for key, value in processes.items() if key[0] != unwinder}
    for _ in range(rounds):
        for process in processes.values():
            process.round()
    for process in processes.values():
        process.end()
    return processes, absent


def table(processes):
    if not processes:
        return []
    bare = processes['', NO_ENGINE].least('host')
    lines = ['### Scaling', '', 'A throw over ten frames (bench/scale.cpp), nanoseconds and ratio of minima: Wasm throws against the process with',
             'nothing but the throwing module (target ≤ 1.2), plain C++ throws in the same process against one without an engine',
             f'({bare:.0f} ns; target ≤ 1.1).', '',
             '| | ' + ' | '.join(PROCESSES) + ' |', '|---|' + '---:|' * len(PROCESSES)]
    for unwinder in dict.fromkeys(key[0] for key in processes if key[0]):
        alone = processes[unwinder, ALONE].least('wasm')
        for kind, base, title in (('wasm', alone, f'Trapeze, {unwinder}'), ('host', bare, f'C++ beside Trapeze, {unwinder}')):
            cells = []
            for name in PROCESSES:
                ns = processes[unwinder, name].least(kind)
                cells.append(f'{ns:.1f}' if name == ALONE and kind == 'wasm' else f'{ns:.1f}, {ns / base:.2f}×')
            lines.append(f'| {title} | ' + ' | '.join(cells) + ' |')
    return lines
