"""Start-up: instances, calls over the border (startup.cpp), and a process from its start to the end of a module that does
nothing. Of the peers only the last: their figure of a call would be that of their language's binding."""
import json, os, statistics, subprocess, time

import peers
from peers import BENCH, PEERS, Missing
from tables import digits, table

# What startup.cpp measures: (what it is, unit, nanoseconds in it, target in that unit)
ROWS = {'instantiate': ('instance of a compiled module with 1 MiB of initialised memory', 'µs', 1e3, 20),
        'store': ('the same with a store for it, a call that reads the memory, and their end', 'µs', 1e3, None),
        'host_to_wasm': ('call host → Wasm, `Func::typed`', 'ns', 1, 10),
        'host_to_wasm_untyped': ('call host → Wasm, `Func::call`', 'ns', 1, None),
        'wasm_to_host': ('call Wasm → host', 'ns', 1, 10),
        'wasm_to_wasm': ('call Wasm → Wasm through a table, to compare with', 'ns', 1, None)}
NOTHING = '(module (memory (export "memory") 1) (func (export "_start")))'
STARTS_A_ROUND = 5


def border(options):
    """{row: nanoseconds a round}"""
    program = os.path.join(os.path.dirname(options.engine), 'bench', 'startup')
    if not os.path.exists(program):
        raise Missing(f'Trapeze: {program} is not built (target bench_startup)')
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        rounds = []
        for _ in range(options.rounds + 1):
            child.stdin.write('round\n')
            child.stdin.flush()
            line = child.stdout.readline()
            if not line:
                raise Missing('Trapeze: bench/startup ended')
            rounds.append(json.loads(line))
        child.stdin.close()
    return {row: [one[row] for one in rounds[1:]] for row in ROWS}


def commands(options):
    """{engine: a command that runs the module that does nothing}, and what was left out."""
    module = os.path.join(PEERS, 'nothing.wasm')
    with open(module, 'wb') as file:
        file.write(subprocess.run([options.engine, 'print', '--binary', '-'], input=NOTHING.encode(), capture_output=True,
                                  check=True).stdout)
    found, absent = {'Trapeze': [options.engine, 'run', module]}, []
    makers = {'Node': peers.node, 'Deno': peers.deno, 'Bun': peers.bun, 'Wasmtime in Python': peers.wasmtime}
    for name, find in {} if options.only_trapeze else makers.items():
        try:
            binary, version = find(options.install)
        except (Missing, OSError, subprocess.CalledProcessError) as fault:
            absent.append(str(fault))
            continue
        script = {'Wasmtime in Python': [f'{BENCH}/start.py'], 'Deno': ['run', '-A', f'{BENCH}/start.mjs']}.get(name, [f'{BENCH}/start.mjs'])
        found[f'{name} {version}'] = [binary, *script, module]
    return found, absent


def process_time(command):
    """(elapsed, CPU) nanoseconds from start to end."""
    start = time.monotonic_ns()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise Missing(f'{command[0]}: exit status {os.waitstatus_to_exitcode(status)}')
    return time.monotonic_ns() - start, (usage.ru_utime + usage.ru_stime) * 1e9


def processes(options):
    found, absent = commands(options)
    times = {}
    for _ in range(options.rounds * STARTS_A_ROUND):
        for name, command in list(found.items()):
            try:
                times.setdefault(name, []).append(process_time(command))
            except (Missing, OSError) as fault:
                absent.append(str(fault))
                del found[name]
    return times, absent


def section(options):
    try:
        calls, absent = border(options), []
    except Missing as fault:
        calls, absent = {}, [str(fault)]
    times, more = processes(options)

    def cell(line, column):
        what, unit, scale, target = ROWS[line]
        values = [value / scale for value in calls[line]]
        return {'': what, 'least (median)': f'{digits(min(values))} ({digits(statistics.median(values))}) {unit}',
                'target': f'≤ {target} {unit}' if target else ''}[column]

    def of_process(line, column):
        values = [value[column == 'CPU time, ms'] / 1e6 for value in times[line]]
        return f'{digits(min(values))} ({digits(statistics.median(values))})'
    lines = ['## Start-up', '', f'CPU time, {options.rounds} rounds.', '', *table(['', 'least (median)', 'target'], calls, cell), '',
             'A process, from its start to its end, of a module that does nothing:', '',
             *table(['elapsed, ms', 'CPU time, ms'], times, of_process)]
    return lines, {'calls': calls, 'processes': times}, absent + more
