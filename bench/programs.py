"""Programs: compile time and run time apart, and memory, of $TRAPEZE_TEST_DATA/bench/programs.

Each measurement is a process of its own (program.cpp, program_wasmtime.py, program.mjs), started in the program's folder:
it compiles the module, runs `_start`, and reports both times. What it printed is compared with what the program has to
print, as often as it ran, so that no wrong run is measured. All engines compile on one thread; times are CPU times.
"""
import glob, json, os, re, shutil, subprocess, tempfile

import peers
from peers import BENCH, DATA, Missing
from tables import digits, geometric_mean, median, ratio, table

V8 = ['--no-wasm-lazy-compilation', '--single-threaded']
TURBOFAN = ['--no-liftoff', '--no-wasm-tier-up', *V8]
LIFTOFF = ['--liftoff-only', *V8]
WAITING = {'kotlin-richards'}  # needs structs and arrays
CALLGRIND_LIMIT = 6e7  # nanoseconds: what takes longer to run is not counted
WORK = 1e5  # nanoseconds: what takes Trapeze less to run has no part in means of run times


class Engine:
    """One column of the tables. `every`: takes part in every so-manieth round only."""

    def __init__(self, title, command, runs=True, compiles=True, every=1, environment=None):
        self.title, self.command, self.runs, self.compiles, self.every = title, command, runs, compiles, every
        self.environment = dict(os.environ, **(environment or {}))


TRAPEZE, CRANELIFT, TURBO, BASELINE = 'Trapeze', 'Wasmtime, Cranelift', 'V8 TurboFan', 'V8 Liftoff'
MEAN, ONE_LEVEL, TWO_THREADS, JSC, DENO, WASMER, WINCH = 'geometric mean', 'Trapeze -O{}', 'Trapeze, 2 threads', 'JSC', 'V8 TurboFan, Deno', 'Wasmer, Cranelift', 'Wasmtime, Winch'


def trapeze_engines(options):
    program = os.path.join(os.path.dirname(options.engine), 'bench', 'program')
    if not os.path.exists(program):
        raise Missing(f'Trapeze: {program} is not built (target bench_program)')
    return [Engine(TRAPEZE, [program]), Engine(ONE_LEVEL.format(0), [program, '--opt-level=0'], runs=False),
            Engine(ONE_LEVEL.format(3), [program, '--opt-level=3'], runs=False),
            Engine(TWO_THREADS, [program, '--threads=2'], runs=False)]


def wasmtime_engines(options):
    python, version = peers.wasmtime(options.install)
    return [Engine(CRANELIFT, [python, f'{BENCH}/program_wasmtime.py'])], f'Wasmtime {version}'


def winch_engines(options):
    binary, version = peers.wasmtime_crate(options.install)
    return [Engine(WINCH, [binary, 'program'], runs=False)], f'Wasmtime {version} (crate, for Winch)'


def node_engines(options):
    node, version = peers.node(options.install)
    v8 = peers.output([node, '-p', 'process.versions.v8']).strip()
    command = lambda flags: [node, '--no-warnings', *flags, f'{BENCH}/program.mjs']
    return [Engine(TURBO, command(TURBOFAN)), Engine(BASELINE, command(LIFTOFF), every=3)], f'V8 {v8} (Node {version})'


def deno_engines(options):
    deno, version = peers.deno(options.install)
    command = [deno, 'run', '-A', '--v8-flags=' + ','.join(TURBOFAN), f'{BENCH}/program.mjs']
    return [Engine(DENO, command, every=3)], f'Deno {version}'


def bun_engines(options):
    """Its first tier interprets: modules are only validated before they run, and run times are those of warm code."""
    bun, version = peers.bun(options.install)
    return [Engine(JSC, [bun, f'{BENCH}/program.mjs', '--warm'], compiles=False,
                   environment={'BUN_JSC_numberOfWasmCompilerThreads': '1'})], f'JSC of Bun {version}'


def wasmer_engines(options):
    binary, version = peers.wasmer(options.install)
    return [Engine(WASMER, [binary, 'program'], runs=False, environment={'RAYON_NUM_THREADS': '1'})], f'Wasmer {version}'


MAKERS = [trapeze_engines, wasmtime_engines, winch_engines, wasmer_engines, node_engines, deno_engines, bun_engines]


def all_programs(names):
    """{name: module}, without what waits for a feature."""
    found = {}
    for path in sorted(glob.glob(os.path.join(DATA, 'bench/programs/*/*.wasm'))):
        stem = os.path.basename(path)[:-len('.wasm')]
        name = os.path.basename(os.path.dirname(path)) if stem == 'benchmark' else stem
        if name not in WAITING and (not names or name in names):
            found[name] = path
    return found


def check_output(module, stream, actual, runs):
    """What a program prints, as often as it ran; tests/suites/programs.py has the same rule."""
    folder, stem = os.path.dirname(module), os.path.basename(module)[:-len('.wasm')]
    for name in (f'{stem}.{stream}.expected', f'default.{stream}.expected'):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            if open(path, 'rb').read() * runs != actual:
                raise Missing(f'{stream} is not what it has to be')
            return


def run_once(engine, module, flags, arguments, folder):
    """One process, started in `folder`: its report, and what it printed, {'stdout': bytes, 'stderr': bytes}."""
    with tempfile.TemporaryDirectory() as scratch:
        report, streams = os.path.join(scratch, 'report'), {name: os.path.join(scratch, name) for name in ('stdout', 'stderr')}
        with open(streams['stdout'], 'wb') as out, open(streams['stderr'], 'wb') as err:
            status = subprocess.run([*engine.command, *flags, module, report, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=err, env=engine.environment).returncode
        written = {name: open(path, 'rb').read() for name, path in streams.items()}
        if status:
            said = (written['stderr'] or written['stdout'])[-2000:].decode(errors='replace')
            errors = [line for line in said.splitlines() if re.search('error', line, re.I)] or said.strip().splitlines() or ['']
            raise Missing(f'status {status}: {errors[0].strip()}')
        return json.load(open(report)), written


def measure_once(engine, module, compile_only):
    flags = ['--compile-only'] if compile_only or not engine.runs else []
    answer, written = run_once(engine, os.path.basename(module), flags, [], os.path.dirname(module))
    for name, actual in written.items():
        if 'runs' in answer:
            check_output(module, name, actual, answer['runs'])
    return answer


def made(options):
    engines, versions, absent = [], [], []
    for make in MAKERS[:1] if options.only_trapeze else MAKERS:
        try:
            answer = make(options)
            more, version = answer if isinstance(answer, tuple) else (answer, None)
            engines += more
            versions += [version] if version else []
        except (Missing, OSError, subprocess.CalledProcessError) as fault:
            absent.append(str(fault))
    return engines, versions, absent


class Measured:
    """`of[title, program]`: a report a round; None in rounds it takes no part in."""

    def __init__(self, options):
        self.engines, self.versions, self.absent = made(options)
        self.programs, self.rounds, self.of = all_programs(options.names), options.rounds, {}
        compile_only = not {'programs', 'instructions'} & set(options.sections)
        if compile_only:
            self.engines = [engine for engine in self.engines if engine.compiles]
        if not self.programs:
            self.absent = [f'programs: there are none in {DATA}/bench/programs']
        broken = {}
        for i in range(options.rounds):
            for name, module in self.programs.items():
                for engine in self.engines:
                    if (engine.title, name) not in broken:
                        try:
                            take = i % engine.every == 0
                            answer = measure_once(engine, module, compile_only) if take else None
                            self.of.setdefault((engine.title, name), []).append(answer)
                        except Missing as fault:
                            broken[engine.title, name] = str(fault)
        self.absent += self.reasons(broken)

    def reasons(self, broken):
        """One line for an engine that does nothing, one for each program otherwise."""
        for engine in self.engines:
            faults = {name: fault for (title, name), fault in broken.items() if title == engine.title}
            if len(faults) == len(self.programs) and faults:
                yield f'{engine.title}: {next(iter(faults.values()))}'
            else:
                yield from (f'{engine.title}, {name}: {fault}' for name, fault in faults.items())

    def values(self, title, name, key):
        """A number a round, None where there is none; None if there is none at all."""
        values = [answer and answer.get(key) for answer in self.of.get((title, name), [])]
        return values if any(value is not None for value in values) else None

    def least(self, title, name, key):
        values = self.values(title, name, key)
        return None if values is None else min(value for value in values if value is not None)

    def ratio(self, title, name, key, base_key=None):
        """How many times as long as Trapeze; within each round, the median of them."""
        values, base = self.values(title, name, key), self.values(TRAPEZE, name, base_key or key)
        return None if values is None or base is None else ratio(values, base)

    def titles(self, wanted):
        return [engine.title for engine in self.engines if wanted(engine) and any(title == engine.title for title, _ in self.of)]


cache = {}


def measured(options):
    if 'all' not in cache:
        cache['all'] = Measured(options)
    return cache['all']


def time_table(all_, titles, key, names, mean_names):
    """Milliseconds: least (median), times Trapeze's. The last line: geometric means of the latter."""
    def cell(name, title):
        if name is MEAN:
            mean = geometric_mean(filter(None, (all_.ratio(title, one, key) for one in mean_names)))
            return '–' if mean is None else f'**{mean:.2f}×**'
        values = all_.values(title, name, key)
        if values is None:
            return '–'
        text = f'{digits(min(v for v in values if v is not None) / 1e6)} ({digits(median(values) / 1e6)})'
        return text if title == TRAPEZE else f'{text}, {all_.ratio(title, name, key):.2f}×'
    return table(titles, [*names, MEAN], cell)


def count_instructions(command, module):
    """Of the whole process, in its program's folder; None where callgrind is not installed or the process fails."""
    if not shutil.which('valgrind'):
        return None
    done = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', *command, os.path.basename(module), '/dev/null'],
                          cwd=os.path.dirname(module), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    found = re.search(rb'Collected : (\d+)', done.stderr)
    return int(found[1]) if found and done.returncode == 0 else None


def instructions(all_):
    """{program: (to compile, to run)} of Trapeze: the process that compiles, and what one that also runs has more. None for
    runs that would take callgrind minutes."""
    command = next(engine.command for engine in all_.engines if engine.title == TRAPEZE)
    counts = {}
    for name, module in all_.programs.items():
        compiled = count_instructions([*command, '--once', '--compile-only'], module)
        is_long = (all_.least(TRAPEZE, name, 'run') or 0) > CALLGRIND_LIMIT
        both = None if is_long or compiled is None else count_instructions([*command, '--once'], module)
        counts[name] = compiled, both and both - compiled
    return counts


def memory_table(all_, titles):
    def cell(name, title):
        least = all_.least(title, name, 'memory')
        return '–' if least is None else digits(least / 2**20)
    return table(titles, all_.programs, cell)


def section(options):
    all_ = measured(options)
    titles = all_.titles(lambda engine: engine.runs)
    worked = [name for name in all_.programs if (all_.least(TRAPEZE, name, 'run') or 0) >= WORK]
    lines = ['## Programs: run time', '',
             f'Milliseconds of CPU time of `_start`, least (median) of {all_.rounds} interleaved rounds; × says how many times as long as',
             'Trapeze (median of the ratios within each round; > 1: Trapeze is faster). Short programs run repeatedly within a round;',
             'those that take less than 0.1 ms are left out of the mean.',
             f'{", ".join(all_.versions) or "No peers"}. Targets: Wasmtime ≥ 1.0×, TurboFan ≥ 0.85×.', '',
             *time_table(all_, titles, 'run', all_.programs, worked), '',
             'Most memory of the process, MiB (compiler, program and, of the peers, Python or the JavaScript engine):', '',
             *memory_table(all_, titles)]
    return lines, as_data(all_), all_.absent


def compile_section(options):
    all_ = measured(options)
    titles = [title for title in all_.titles(lambda engine: engine.compiles) if title != TWO_THREADS]
    lines = ['## Programs: compile time', '',
             f'Milliseconds of CPU time on one thread, bytes to machine code; else as above. Target: Wasmtime ≥ 2×. Two threads: elapsed time,',
             'one thread / two threads, geometric mean of the programs that take at least 20 ms.', '',
             *time_table(all_, titles, 'compile', all_.programs, all_.programs)]
    scaling = geometric_mean(1 / all_.ratio(TWO_THREADS, name, 'compile_wall') for name in all_.programs
                             if (all_.least(TRAPEZE, name, 'compile') or 0) > 2e7 and all_.values(TWO_THREADS, name, 'compile_wall'))
    if scaling:
        lines += ['', f'Two threads: {scaling:.2f}× as fast as one.']
    return lines, as_data(all_), all_.absent


def instructions_section(options):
    all_ = measured(options)
    if all_.engines:
        counts = instructions(all_)
        cell = lambda name, column: '–' if counts[name][column == 'run'] is None else f'{counts[name][column == "run"] / 1e6:.1f}'
        lines = ['## Programs: instructions', '', 'Of Trapeze, by callgrind, in millions: the whole process that compiles; what one that also runs has more', '(– : runs too long to be counted).', '',
                 *table(['compile', 'run'], counts, cell)]
        return lines, counts, []
    return [], {}, all_.absent


def as_data(all_):
    return [{'engine': title, 'program': name, 'rounds': answers} for (title, name), answers in all_.of.items()]
