#!/usr/bin/env python3
"""Runs the test suites, in both builds, side by side, and adds up what they report.

    run.py [--build-first] [--only NAME,…] [--builds release,dev] [--jobs N] [--strict] [--bless] [--list]
    run.py --fuzz SECONDS

A suite is a row of SUITES: its name, the builds it runs in, what it needs, and its command. It counts as passed only
through its own closing line ('N passed, M failed[, K skipped]', or doctest's) together with exit status 0; a suite
that prints none, or counts nothing, has failed. A suite whose data or tool is missing is skipped, by name and with the
reason, above the last line; each counts as one skipped. --strict makes it a failure to skip a suite for any other
reason (its program is not in the tree). Status 0 only without failures.
"""
import argparse, concurrent.futures, fnmatch, glob, os, re, shutil, subprocess, sys, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import format as formatter  # noqa: E402  (tools/format.py)

DATA = os.path.abspath(os.environ.get('TRAPEZE_TEST_DATA') or os.path.join(ROOT, '..', 'shared'))
TIMEOUT = 25 * 60
BUILDS = ('release', 'dev')
ONCE = ('release',)
THREADED = ('runtime', 'unwind', 'api')  # rooms whose unit tests also run under TSan, by --builds tsan


class Missing(Exception):
    """What a suite needs is not there. `avoidable`: it belongs to this tree, so its absence is a fault."""

    def __init__(self, reason, avoidable=False):
        super().__init__(reason)
        self.avoidable = avoidable


# ---------------------------------------------------------------- what a suite can need

def engine(build):
    path = os.path.join(ROOT, 'build', build, 'trapeze')
    if not os.path.exists(path):
        raise Missing('the engine is not built', avoidable=True)
    return path


def program(build, relative):
    path = os.path.join(ROOT, 'build', build, relative)
    if not os.path.exists(path):
        raise Missing(f'{relative} is not built', avoidable=True)
    return path


def data(relative):
    path = os.path.join(DATA, relative)
    if not os.path.exists(path):
        raise Missing(f'no test data {relative} in {DATA} (set TRAPEZE_TEST_DATA)')
    return path


def here(relative):
    path = os.path.join(ROOT, relative)
    if not glob.glob(path):
        raise Missing(f'{relative} is not in the tree', avoidable=True)
    return path


def llvm(build):
    """The build found LLVM >= 19: its cache says so."""
    try:
        cache = open(os.path.join(ROOT, 'build', build, 'CMakeCache.txt')).read()
    except OSError:
        raise Missing('not configured', avoidable=True)
    if not re.search(r'^TRAPEZE_LLVM:\w+=\d', cache, re.M):
        raise Missing('LLVM >= 19 with its headers is not installed')


def python(script, *arguments):
    return [sys.executable, here(os.path.join('tests/suites', script)), *arguments]


# ---------------------------------------------------------------- the table

class Suite:
    def __init__(self, name, command, builds=BUILDS, weight=1, what='', unwinder='fast', level='2'):
        self.name, self.command, self.builds, self.weight, self.what = name, command, builds, weight, what
        self.unwinder = unwinder  # how exceptions are thrown where the suite does not choose
        self.level = level        # --opt-level, likewise
        self.cpu = 'native'       # --cpu, likewise

    def on_system(self):
        """The same suite with every throw on the platform's unwinder."""
        return Suite(f'{self.name}/system', self.command, self.builds, self.weight, f'{self.what}, on the system\'s unwinder',
                     'system')

    def at_level(self, level):
        """The same suite at another optimisation level, in the release build."""
        return Suite(f'{self.name}/O{level}', self.command, ONCE, self.weight, f'{self.what}, at --opt-level={level}', level=level)



def on_baseline(suite):
    """The same suite with code for every processor the engine runs on, in the release build."""
    copy = Suite(f'{suite.name}/baseline', suite.command, ONCE, suite.weight, f'{suite.what}, at --cpu=baseline')
    copy.cpu = 'baseline'
    return copy


def layers(build):
    return [sys.executable, here('tools/check_layers.py')]


def format_check(build):
    if not formatter.clang_format():
        raise Missing('clang-format >= 19 is not installed')
    return [sys.executable, here('tools/format.py')]


def spike(build):
    llvm(build)
    return [program(build, 'tests/spike/abi_spike')]


def tables(build):
    llvm(build)
    return python('tables.py', engine(build), program(build, 'tests/tables/check_tables'), data('corpus'))


def wast(selection):
    return lambda build: python('wast.py', engine(build), selection, data('testsuite'))


def own_wast(build):
    here('tests/wast/exceptions/*.wast')
    return python('wast.py', engine(build), 'exceptions', data('testsuite'))


def corpus(build, *options):
    return [sys.executable, data('corpus/run.py'), engine(build), 'run', *options]


SUITES = [
    Suite('layers', layers, ONCE, what='includes and link edges are those of docs/architecture.md'),
    Suite('format', format_check, ONCE, 2, 'the tree is formatted'),
    # unit_* stand here, one row per program of tests/unit
    Suite('spike', spike, what='the ABI holds for hand-written and LLVM frames together'),
    Suite('language', lambda b: python('language.py', program(b, 'tests/spec/spec_validate'), data('testsuite')), weight=4,
          what='the spec suite\'s modules are accepted and refused as they should'),
    Suite('exceptions', own_wast, weight=3, what='our exception scripts and the spec suite\'s, both encodings'),
    Suite('eh_random', lambda b: python('eh_random.py', program(b, 'tools/eh_random')), weight=10,
          what='random exception programs do what their oracle says'),
    Suite('core', wast('core'), weight=20, what='spec files the engine must pass entirely'),
    Suite('spec', wast('spec'), weight=20, what='all other spec files, less tests/expected_failures'),
    Suite('wast', wast('own'), weight=2, what='the scripts of tests/wast'),
    Suite('corpus', corpus, weight=60, what='C and C++ programs that throw'),
    Suite('programs', lambda b: python('programs.py', engine(b), data('bench/programs')), weight=50,
          what='benchmark programs print what they should'),
    Suite('checksums', lambda b: python('checksums.py', engine(b), data('bench/eh')), weight=5,
          what='exception micro-benchmarks compute what they should'),
    Suite('unwinders', lambda b: python('unwinders.py', engine(b), data('testsuite'), data('bench/eh'),
                                        os.path.join(ROOT, 'build/unwinders')), ONCE, 6,
          what='the system path on libgcc <= 12, libgcc >= 13 and LLVM libunwind'),
    Suite('examples', lambda b: [here('examples/run'), '--check', engine(b)], what='what make run shows'),
    Suite('filetests', lambda b: python('filetests.py', engine(b), here('tests/filetests')), weight=4,
          what='golden dumps of every stage'),
    Suite('roundtrip', lambda b: python('roundtrip.py', engine(b), data('.')), weight=15,
          what='print, parse, print gives the same text'),
    Suite('threads', lambda b: python('threads.py', engine(b), data('.')), ONCE, 8,
          what='the bytes do not depend on the number of threads'),
    Suite('hostile', lambda b: [program(b, 'tests/hostile/hostile'), data('corpus')], weight=40,
          what='truncations and bit flips do not crash'),
    Suite('leaks', lambda b: python('leaks.py', engine(b), program(b, 'tests/leaks/mixed_throws')), ONCE, 8,
          what='caught throws of every kind in constant memory'),
    Suite('stress', lambda b: python('stress.py', engine(b), data('testsuite')), ('dev',), 10,
          what='a collection at every call changes nothing'),
    Suite('scale', lambda b: python('scale.py', engine(b)), ONCE, 6, what='compile time grows linearly'),
    Suite('sandbox', lambda b: python('sandbox.py', engine(b)), what='WASI paths stay inside their directory'),
    Suite('tables', tables, weight=20,
          what='.eh_frame and LSDA: at every instruction, by our reader and LLVM\'s, readelf without warnings, stepped in gdb'),
    Suite('objdump', lambda b: python('objdump.py', engine(b), data('.')), weight=20,
          what='all machine code decodes from our own table, as LLVM reads it'),
    Suite('debugging', lambda b: python('debugging.py', engine(b)), weight=8,
          what='gdb shows Wasm frames by name, perf finds their names'),
    Suite('artifacts', lambda b: python('artifacts.py', engine(b), program(b, 'trapeze-run'),
                                        program(b, 'tests/artifacts/run_saved'), program(b, 'tests/artifacts/damage'),
                                        data('testsuite'), data('corpus')), weight=40,
          what='modules saved by one process run in another, without a compiler, as from memory; damage is refused'),
    Suite('native', lambda b: python('native.py', engine(b), program(b, 'tests/native/in_place'), program(b, 'tests/native/loads'),
                                     program(b, 'tests/artifacts/run_saved'), data('testsuite'), data('corpus')), ONCE, 40,
          what='objects, libraries and executables: every linker, code in place, the corpus as executables'),
    Suite('native_cpp', lambda b: python('native_cpp.py', engine(b), program(b, 'libtrapeze_native.a')), weight=8,
          what='modules linked into C and C++ programs throw into each other; the generated header; the example of the docs'),
    Suite('cli', lambda b: python('cli.py', engine(b)), what='messages, options and exit statuses'),
    Suite('cache', lambda b: python('cache.py', engine(b), data('bench/programs')), what='compiled once, whatever happens to the cache'),
]


LEVELS = ('0', '3', 's')
AT_LEVELS = ('exceptions', 'programs')
ON_BASELINE = ('core', 'programs')
ON_SYSTEM = ('exceptions', 'core', 'programs', 'checksums', 'stress', 'unit_api')


def with_variants(suites):
    """Adds each suite of ON_SYSTEM a second time, under the other unwinder, those of AT_LEVELS at other levels,
    those of ON_BASELINE at --cpu=baseline."""
    corpus_on_system = Suite('corpus/system', lambda b: corpus(b, '--unwinder=system'), ONCE, 60,
                             what='C and C++ programs that throw, on the system\'s unwinder')
    return suites + [suite.on_system() for suite in suites if suite.name in ON_SYSTEM] + [corpus_on_system] + [
        suite.at_level(level) for suite in suites if suite.name in AT_LEVELS for level in LEVELS] + [
        on_baseline(suite) for suite in suites if suite.name in ON_BASELINE]


def unit_suites(builds):
    """One row per unit_* program that tests/CMakeLists.txt makes: known by its sources, so that a missing one shows."""
    rooms = sorted({re.match(r'([a-z0-9]+)_', os.path.basename(f))[1]
                    for f in glob.glob(os.path.join(ROOT, 'tests/unit/*_test.cpp'))})
    return [Suite(f'unit_{room}', (lambda r: lambda b: [program(b, f'tests/unit_{r}')])(room),
                  builds + ('tsan',) * (room in THREADED), 2) for room in rooms]


# ---------------------------------------------------------------- running

def environment(build):
    env = dict(os.environ)
    # The engine owns SIGSEGV (guard pages, stack overflow) and its code runs on frames ASan has not laid out.
    env.setdefault('ASAN_OPTIONS', 'handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:allow_user_segv_handler=1:'
                   'use_sigaltstack=0:detect_stack_use_after_return=0:allocator_may_return_null=1:abort_on_error=0')
    env.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1:halt_on_error=1')
    env.setdefault('LSAN_OPTIONS', 'print_suppressions=0')
    env.setdefault('TSAN_OPTIONS', 'halt_on_error=1:handle_segv=0:handle_sigill=0:handle_sigfpe=0:handle_sigbus=0')
    env['TRAPEZE_TEST_DATA'] = DATA
    env['TRAPEZE_CACHE'] = 'off'  # what is tested is compiled; the suite `cache` has one of its own
    env['TRAPEZE_BUILD'] = build
    return env


OWN = re.compile(r'(\d+) passed, (\d+) failed(?:, (\d+) skipped)?')
DOCTEST = re.compile(r'\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped')


def closing_line(output):
    """(passed, failed, skipped) of the last line that reports them, or None."""
    for line in reversed(output.split('\n')):
        found = DOCTEST.search(line) or OWN.search(line)
        if found:
            return tuple(int(group or 0) for group in found.groups())
    return None


class Outcome:
    def __init__(self, suite, build):
        self.suite, self.build = suite, build
        self.passed = self.failed = self.skipped = 0
        self.reason, self.avoidable, self.output, self.seconds = None, False, '', 0.0

    def line(self):
        title = f'{self.build:8}{self.suite.name:18}'
        if self.reason:
            return f'{title}skipped: {self.reason}'
        return f'{title}{self.passed} passed, {self.failed} failed, {self.skipped} skipped  ({self.seconds:.1f} s)'


def run_suite(suite, build, bless):
    outcome = Outcome(suite, build)
    try:
        command = suite.command(build)
    except Missing as missing:
        outcome.reason, outcome.avoidable, outcome.skipped = str(missing), missing.avoidable, 1
        return outcome
    start = time.time()
    env = environment(build)
    env['TRAPEZE_TEST_UNWINDER'] = suite.unwinder
    env['TRAPEZE_TEST_OPT_LEVEL'] = suite.level
    env['TRAPEZE_TEST_CPU'] = suite.cpu
    if bless:
        env['TRAPEZE_BLESS'] = '1'
    try:
        run = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=TIMEOUT)
        status, output = run.returncode, run.stdout.decode(errors='replace')
    except subprocess.TimeoutExpired as late:
        status, output = None, (late.stdout or b'').decode(errors='replace') + f'\ntimed out after {TIMEOUT} s'
    outcome.seconds, outcome.output = time.time() - start, output
    counts = closing_line(output)
    if counts:
        outcome.passed, outcome.failed, outcome.skipped = counts
    if status != 0 and not outcome.failed:
        outcome.failed = 1
        outcome.output += f'\nexit status {status} without a reported failure'
    elif not counts or sum(counts) == 0:
        outcome.failed = 1
        outcome.output += '\nno closing line that counts anything'
    return outcome


def excerpt(output, lines=40):
    """The failures of a suite's output, else its end."""
    rows = output.rstrip('\n').split('\n')
    shown = [row for row in rows if re.search(r'FAIL|ERROR|rror:|Sanitizer|timed out', row)]
    left = len(shown) - lines
    shown = shown[:lines] + ([f'… and {left} more'] if left > 0 else [])
    if len(shown) < lines:
        shown += ['…'] * bool(shown) + [row for row in rows[-8 if shown else -lines:] if row not in shown]
    return '\n'.join('    ' + row[:300] for row in shown)


def configure_and_build(build, jobs, targets=()):
    """True if the build is up to date; else says why it is not."""
    launcher = shutil.which('ccache')
    flags = [f'-DCMAKE_{language}_COMPILER_LAUNCHER={launcher}' for language in ('C', 'CXX') if launcher]
    os.makedirs(os.path.join(ROOT, 'build'), exist_ok=True)
    for step, command in (('configure', ['cmake', '--preset', build, *flags]),
                          ('build', ['cmake', '--build', '--preset', build, '--parallel', str(jobs), '--', '-k', '0'])):
        if step == 'build' and targets:
            command[command.index('--'):command.index('--')] = ['--target', *targets]
        start = time.time()
        log = os.path.join(ROOT, 'build', f'{step}-{build}.log')
        with open(log, 'wb') as out:
            code = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT).returncode
        if code:
            print(open(log, errors='replace').read()[-8000:])
            print(f'{build}: {step} failed ({log})')
            return False
        print(f'{build}: {step} ({time.time() - start:.0f} s)', flush=True)
    return True


def fuzz(seconds, jobs):
    """libFuzzer where clang is there, else the driver of tests/fuzz; both end with 'fuzz: N inputs, M crashes'."""
    clang = newest_clang()
    if clang:
        libfuzzer(clang, seconds, jobs)
    if not configure_and_build('dev', jobs, ['fuzz']):
        sys.exit(1)
    path = os.path.join(ROOT, 'build/dev/tests/fuzz/fuzz')
    os.execve(path, [path, f'--seconds={seconds}', f'--data={DATA}', '--keep=' + os.path.join(ROOT, 'build/fuzz-crashes')],
              environment('dev'))


def newest_clang():
    """Path of the newest clang++ >= 19 that links libFuzzer; None: there is none."""
    names = [f'clang++-{version}' for version in range(40, 18, -1)]
    for path in filter(None, map(shutil.which, names)):
        probe = subprocess.run([path, '-x', 'c++', '-', '-fsanitize=fuzzer,address', '-o', os.devnull], stderr=subprocess.DEVNULL,
                               input=b'extern "C" int LLVMFuzzerTestOneInput(const char *, unsigned long) { return 0; }')
        if probe.returncode == 0:
            return path
    return None


def libfuzzer(clang, seconds, jobs):
    build = os.path.join(ROOT, 'build/fuzz')
    seeds, found, crashes = (os.path.join(build, name) for name in ('seeds', 'found', 'crashes'))
    steps = [['cmake', '-S', ROOT, '-B', build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1',
              f'-DCMAKE_CXX_COMPILER={clang}', f'-DCMAKE_C_COMPILER={clang.replace("clang++", "clang")}',
              '-DTRAPEZE_SANITIZE=address,undefined,fuzzer-no-link'],
             ['cmake', '--build', build, '--parallel', str(jobs), '--target', 'fuzz', 'fuzz_libfuzzer'],
             [os.path.join(build, 'tests/fuzz/fuzz'), f'--write-seeds={seeds}', f'--data={DATA}']]
    os.makedirs(build, exist_ok=True)
    for step in steps:
        with open(os.path.join(build, 'build.log'), 'ab') as log:
            if subprocess.run(step, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=environment('dev')).returncode:
                sys.exit(f'fuzz: {step[0]} failed, see {log.name}')
    for folder in (found, crashes):
        os.makedirs(folder, exist_ok=True)
    before = len(os.listdir(crashes))
    run = subprocess.Popen([os.path.join(build, 'tests/fuzz/fuzz_libfuzzer'), f'-max_total_time={seconds}', f'-fork={jobs}',
                            '-ignore_crashes=1', '-ignore_timeouts=0', '-timeout=10', '-max_len=200000', '-rss_limit_mb=4096',
                            f'-artifact_prefix={crashes}/', found, seeds], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env=environment('dev'))
    inputs = 0
    for line in run.stdout:
        print(line.decode(errors='replace'), end='', flush=True)
        if count := re.match(rb'#(\d+): cov:', line):
            inputs = int(count[1])
    run.wait()
    crashed = len(os.listdir(crashes)) - before
    print(f'fuzz: {inputs} inputs, {crashed} crashes')
    sys.exit(1 if crashed or run.returncode else 0)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('--only', default='', help='suite names or patterns, comma-separated')
    arguments.add_argument('--builds', default=','.join(BUILDS))
    arguments.add_argument('--jobs', type=int, default=os.cpu_count())
    arguments.add_argument('--build-first', action='store_true')
    arguments.add_argument('--strict', action='store_true')
    arguments.add_argument('--bless', action='store_true')
    arguments.add_argument('--list', action='store_true')
    arguments.add_argument('--fuzz', type=int, metavar='SECONDS')
    options = arguments.parse_args()
    if options.fuzz:
        fuzz(options.fuzz, options.jobs)

    builds = [build for build in options.builds.split(',') if build]
    suites = with_variants(SUITES[:2] + unit_suites(BUILDS) + SUITES[2:])
    if not glob.glob(os.path.join(ROOT, 'tests/wast/*.wast')):
        suites = [suite for suite in suites if suite.name != 'wast']
    if options.list:
        for suite in suites:
            print(f'{suite.name:14}{"+".join(suite.builds):14}{suite.what}')
        return
    patterns = [pattern for pattern in options.only.split(',') if pattern]
    if patterns:
        for pattern in patterns:
            if not any(fnmatch.fnmatch(suite.name, pattern) for suite in suites):
                sys.exit(f'no suite is called {pattern}; there are: {" ".join(suite.name for suite in suites)}')
        suites = [suite for suite in suites if any(fnmatch.fnmatch(suite.name, pattern) for pattern in patterns)]
    work = [(suite, build) for suite in suites for build in suite.builds if build in builds]
    if not work:
        sys.exit('nothing to run: these suites do not run in these builds')

    build_failures = 0
    if options.build_first:
        threaded = [f'unit_{room}' for room in THREADED]
        build_failures = sum(not configure_and_build(build, options.jobs, threaded if build == 'tsan' else ())
                             for build in builds if any(build == b for _, b in work))

    lock = threading.Lock()
    outcomes = []

    def one(item):
        outcome = run_suite(*item, options.bless)
        with lock:
            outcomes.append(outcome)
            print(outcome.line(), flush=True)
            if outcome.failed:
                print(excerpt(outcome.output), flush=True)

    # Longest first, the sanitized build of a suite before the fast one: no long suite is left alone at the end.
    work.sort(key=lambda item: -item[0].weight * (4 if item[1] == 'dev' else 1))
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        list(pool.map(one, work))

    print()
    faults = build_failures
    for outcome in sorted((o for o in outcomes if o.reason), key=lambda o: (o.suite.name, o.build)):
        print(f'skipped: {outcome.suite.name} ({outcome.build}): {outcome.reason}')
        if options.strict and outcome.avoidable:
            faults += 1
            print(f'  a fault: nothing outside this tree is missing for {outcome.suite.name}')
    failures = sorted(f'{o.suite.name} ({o.build})' for o in outcomes if o.failed)
    if failures:
        print('failed: ' + ', '.join(failures))
    failed = sum(o.failed for o in outcomes) + faults
    print(f'{sum(o.passed for o in outcomes)} passed, {failed} failed, {sum(o.skipped for o in outcomes)} skipped')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
