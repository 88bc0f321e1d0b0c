"""Largest inputs: compile time and memory of duckdb (C++ with legacy exceptions) and Yosys, which also runs a small synthesis.

Each engine once, for minutes in all: npm packages of pinned versions, in build/peers.
"""
import os, subprocess, tempfile

import peers
from peers import Missing
from programs import BASELINE, CRANELIFT, ONE_LEVEL, TRAPEZE, TURBO, TWO_THREADS, made, run_once
from tables import digits, table

COLUMNS = [TRAPEZE, ONE_LEVEL.format(0), TWO_THREADS, CRANELIFT, TURBO, BASELINE]
SCRIPT = 'read_verilog soup.v; proc; flatten; opt; wreduce; alumacc; share; opt -full; simplemap; opt; stat'
SAYS = b'Number of cells:              19232'  # the last statistics of that script


class Input:
    def __init__(self, name, package, path, arguments=None):
        self.name, self.package, self.path, self.arguments = name, package, path, arguments

    def module(self, install):
        found = peers.npm_package(self.package, self.path, install)
        if not found:
            raise Missing(f'{self.name}: no npm package {self.package} (--install)')
        return found

    def title(self, module):
        return f'{self.name} {peers.PINNED[self.package]}, {os.path.getsize(module) / 1e6:.0f} MB'


INPUTS = [Input('duckdb', '@duckdb/duckdb-wasm', 'dist/duckdb-eh.wasm'),
          Input('Yosys', '@yowasp/yosys', 'gen/yosys.core.wasm', ['-Q', '-T', '-p', SCRIPT])]


def soup(registers=120):
    """Verilog: registers that are mixed with each other."""
    lines = ['module soup(input clk, input [31:0] a, b, output reg [31:0] q);', *(f'  reg [31:0] r{i};' for i in range(registers)),
             '  integer k;', '  always @(posedge clk) begin']
    for i in range(registers):
        x, y = f'r{i - 1}' if i else 'a', f'r{i * 7 % registers}'
        lines.append(f'    r{i} <= (({x} << {i % 5 + 1}) ^ {y}) + (b & {x}) - ({y} > {x} ? b : a);')
    return '\n'.join([*lines, f'    q <= r{registers - 1};', '  end', 'endmodule', ''])


def measure(engine, one, module):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'soup.v'), 'w') as file:
            file.write(soup())
        flags = ['--once'] if one.arguments and engine.runs else ['--once', '--compile-only']
        answer, written = run_once(engine, module, flags, one.arguments or [], folder)
        if 'run' in answer and SAYS not in written['stdout']:
            raise Missing('stdout is not what it has to be')
        return answer


def section(options):
    engines, versions, absent = made(options)
    engines = [engine for engine in engines if engine.title in COLUMNS]
    answers, titles = {}, []
    for one in INPUTS:
        try:
            module = one.module(options.install)
        except (Missing, OSError, subprocess.CalledProcessError) as fault:
            absent.append(str(fault))
            continue
        titles.append(one.title(module))
        for engine in engines:
            if engine.title == TURBO and one.arguments:  # a minute, where Wasmtime is there to compare with
                continue
            try:
                answers[titles[-1], engine.title] = measure(engine, one, module)
            except Missing as fault:
                absent.append(f'{one.name} in {engine.title}: {fault}')
    def cell(line, column):
        answer = answers.get((column, line))
        if not answer:
            return '–'
        seconds = lambda key: digits(answer[key] / 1e9) + ' s'
        compiled = f'{seconds("compile")} ({seconds("compile_wall")} elapsed)' if line in (TRAPEZE, TWO_THREADS) else seconds('compile')
        return compiled + (f', run {seconds("run")}' if 'run' in answer else '') + f', {answer["memory"] / 2**20:.0f} MiB'
    lines = ['## Largest inputs', '', 'CPU time to compile on one thread, once; of Yosys also the run of a small synthesis; most memory of the process.', '',
             *table(titles, [engine.title for engine in engines if any(key[1] == engine.title for key in answers)], cell)]
    return lines, [{'input': key[0], 'engine': key[1], **answer} for key, answer in answers.items()], absent
