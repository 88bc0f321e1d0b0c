"""Saved modules: size, saving and loading beside Wasmtime's and Wasmer's; how soon a cached module says something; how much of
its code processes share.

Compiling and loading are processes of their own (artifact.cpp, rust/measure.rs), on one thread. Where it says so, elapsed time.
"""
import json, os, re, statistics, subprocess, tempfile, time

import peers
from peers import DATA, Missing
from largest import INPUTS
from tables import digits, table

PROGRAMS = ['regex/benchmark.wasm', 'sqlite3/sqlite3.wasm', 'gcc-loops/benchmark.wasm']
FACTOR, FIRST_OUTPUT, SHARED = 20, 5, 90  # targets: load / compile; ms above nothing; percent
STARTS_A_ROUND, SHARERS = 5, 10
REPETITIONS = 20  # of artifact.cpp and measure.rs
NOTHING = '(module (memory 1) (func (export "_start")))'


def engines(options):
    """{engine: the command before its arguments}, versions, and what is left out."""
    program = os.path.join(os.path.dirname(options.engine), 'bench', 'artifact')
    if not os.path.exists(program):
        raise Missing(f'Trapeze: {program} is not built (target bench_artifact)')
    found, versions, absent = {'Trapeze': [program]}, [], []
    for name, find in {} if options.only_trapeze else {'Wasmtime': peers.wasmtime_crate, 'Wasmer': peers.wasmer}.items():
        try:
            binary, version = find(options.install)
            found[name] = [binary, 'artifact']
            versions.append(f'{name} {version}')
        except (Missing, OSError, subprocess.CalledProcessError) as fault:
            absent.append(str(fault))
    return found, versions, absent


def modules(options):
    found, absent = {}, []
    for path in PROGRAMS:
        if os.path.exists(full := os.path.join(DATA, 'bench/programs', path)):
            found[f'{path.split("/")[0]}, {os.path.getsize(full) / 1e6:.1f} MB'] = full
    for one in INPUTS:
        try:
            module = one.module(options.install)
            found[one.title(module)] = module
        except (Missing, OSError, subprocess.CalledProcessError) as fault:
            absent.append(str(fault))
    return found, absent


def measure(command, module, rounds, folder):
    """What a process that compiles and saves, and others that load, report; and the file's size."""
    file, report = os.path.join(folder, 'saved'), os.path.join(folder, 'report')

    def once(*arguments):
        done = subprocess.run([*command, *arguments, report], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ['']
            raise Missing(next((line for line in lines if re.search('error|fail|not ', line, re.I)), lines[0]).strip())
        return json.load(open(report))
    answer = once('save', module, file)
    loads = [once('load', file) for _ in range(rounds)]
    return answer | {'bytes': os.path.getsize(file)} | {key: min(load[key] for load in loads) for key in ('first', 'load')}


def first_output(command, environment):
    """Milliseconds from the start of a process to its first byte, or to its end."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as child:
        child.stdout.read(1)
        took = time.monotonic() - start
        child.kill()
    return took * 1e3


def cached(options, folder):
    """{what: milliseconds a round}. gcc-loops prints only at its end, minutes later: what it says first is that nobody provides
    bench.start, which its main function calls first."""
    program = os.path.join(DATA, 'bench/programs', PROGRAMS[-1])
    if not os.path.exists(program):
        raise Missing(f'programs: {program} is not there')
    nothing, environment = os.path.join(folder, 'nothing.tpz'), dict(os.environ, TRAPEZE_CACHE=os.path.join(folder, 'cache'))
    subprocess.run([options.engine, 'compile', '-', '-o', nothing], input=NOTHING.encode(), check=True)
    commands = {'nothing': [options.engine + '-run', nothing],
                'gcc-loops': [options.engine, 'run', '--unknown-imports=trap', program]}
    subprocess.run(commands['gcc-loops'], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    times = {name: [] for name in commands}
    for _ in range(options.rounds * STARTS_A_ROUND):
        for name, command in commands.items():
            times[name].append(first_output(command, environment))
    return times


def shared_percent(options, module, folder):
    """Of the resident code of processes that run a saved module and wait for input: what is one clean copy for all."""
    file = os.path.join(folder, 'shared.tpz')
    subprocess.run([options.engine, 'compile', module, '-o', file], check=True, stderr=subprocess.DEVNULL)
    os.sync()  # pages that are not on the disk yet count as dirty
    running = [subprocess.Popen([options.engine + '-run', file, '-Q', '-T'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for _ in range(SHARERS)]
    try:
        for process in running:
            process.stdout.read1(1)  # the prompt: all that it begins with has run
        time.sleep(1)
        sizes = []
        for process in running:
            mapped = ''.join(re.findall(r'r-xp [^\n]*shared\.tpz\n(.*?)VmFlags', open(f'/proc/{process.pid}/smaps').read(), re.S))
            sizes.append({key: sum(map(int, re.findall(rf'^{key}: +(\d+) kB', mapped, re.M))) for key in ('Rss', 'Shared_Clean')})
        if not all(size['Rss'] for size in sizes):
            raise Missing('no code of the saved module is mapped')
        return {'Rss': min(size['Rss'] for size in sizes), 'percent': min(100 * size['Shared_Clean'] / size['Rss'] for size in sizes)}
    finally:
        for process in running:
            process.kill()
            process.communicate()


def cell(answer):
    if not answer:
        return '–'
    ratio = lambda key: f'{digits(answer["compile"] / answer[key])}×'
    return (f'{answer["bytes"] / 1e6:.1f} MB; {digits(answer["save"] / 1e6)}; {digits(answer["first"] / 1e6)} ({ratio("first")}), '
            f'{digits(answer["load"] / 1e6)} ({ratio("load")})')


def section(options):
    try:
        return measured(options)
    except Missing as fault:
        return [], {}, [str(fault)]


def measured(options):
    found, versions, absent = engines(options)
    inputs, more = modules(options)
    absent, answers, lines = absent + more, {}, []
    with tempfile.TemporaryDirectory() as folder:
        for title, module in inputs.items():
            for engine, command in found.items():
                try:
                    answers[title, engine] = measure(command, module, options.rounds, folder)
                except Missing as fault:
                    absent.append(f'saving {title} by {engine}: {fault}')
        times = cached(options, folder)
        yosys = next((module for title, module in inputs.items() if title.startswith('Yosys')), None)
        shared = shared_percent(options, yosys, folder) if yosys else None
    lines += ['## Saved modules', '', f'{", ".join(versions) or "No peers"}. Size of the file; CPU milliseconds to save it; to load it, first in a process and least of '
              f'{REPETITIONS} more,', f'with how many times as long it took to compile. Target: first load ≥ {FACTOR}×, of the largest module.', '',
              *table(list(found), inputs, lambda title, engine: cell(answers.get((title, engine)))), '']
    nothing, program = times['nothing'], times['gcc-loops']
    lines += [f'First output of gcc-loops (2.8 MB) by `trapeze run` from its cache: {digits(min(program))} ({digits(statistics.median(program))}) ms elapsed since the '
              f'process began; `trapeze-run` of a saved module', f'that does nothing: {digits(min(nothing))} ({digits(statistics.median(nothing))}) ms. Least (median); '
              f'difference {min(program) - min(nothing):.1f} ({statistics.median(program) - statistics.median(nothing):.1f}) ms, target ≤ {FIRST_OUTPUT}.']
    if shared:
        lines += ['', f'{SHARERS} processes that run Yosys from one file: of the {shared["Rss"] / 1024:.1f} MiB of code resident in each, {shared["percent"]:.1f} % are pages that all '
                  f'share (target ≥ {SHARED} %).']
    return lines, {'files': [{'module': title, 'engine': engine, **answer} for (title, engine), answer in answers.items()],
                   'first_output': times, 'shared': shared}, absent
