"""What the suite scripts share: running the engine, counting, the closing line tests/run.py reads."""
import concurrent.futures, os, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.environ.get('TRAPEZE_TEST_DATA') or os.path.join(ROOT, '..', 'shared')
DEV = os.environ.get('TRAPEZE_BUILD') == 'dev'
BLESS = os.environ.get('TRAPEZE_BLESS') == '1'
JOBS = int(os.environ.get('TRAPEZE_SUITE_JOBS', '2'))


class Tally:
    """Counts checks, prints a line per failure, closes with 'N passed, M failed[, K skipped]'."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, fault):
        """`fault`: what is wrong, or None."""
        if fault:
            self.failed += 1
            print(f'FAIL {name}: {fault}', flush=True)
        else:
            self.passed += 1

    def close(self):
        skipped = f', {self.skipped} skipped' if self.skipped else ''
        print(f'{self.passed} passed, {self.failed} failed{skipped}')
        sys.exit(bool(self.failed) or not self.passed)


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def crash(self):
        """A signal, a sanitizer's report, an assertion, a time-out: the engine's own fault; else None."""
        if self.status is None:
            return 'timed out'
        if self.status < 0:
            return f'killed by signal {-self.status}: {last(self.err)}'
        for mark in (b'Sanitizer', b'runtime error:', b'ASSERT', b'assertion'):
            if mark in self.err:
                at = self.err.index(mark)
                return self.err[max(0, at - 120):at + 200].decode(errors='replace').replace('\n', ' | ')
        return None


def last(text, length=200):
    return text[-length:].decode(errors='replace').strip().replace('\n', ' | ')


UNWINDER = os.environ.get('TRAPEZE_TEST_UNWINDER', 'fast')
OPT_LEVEL = os.environ.get('TRAPEZE_TEST_OPT_LEVEL', '2')
CPU = os.environ.get('TRAPEZE_TEST_CPU', 'native')
RUNS_WASM = ('run', 'wast')


def run(command, cwd=None, stdin=b'', timeout=600, env=None):
    if UNWINDER != 'fast' and len(command) > 1 and command[1] in RUNS_WASM:
        command = [*command[:2], f'--unwinder={UNWINDER}', *command[2:]]
    if OPT_LEVEL != '2' and len(command) > 1 and command[1] in RUNS_WASM:
        command = [*command[:2], f'--opt-level={OPT_LEVEL}', *command[2:]]
    if CPU != 'native' and len(command) > 1 and command[1] in RUNS_WASM:
        command = [*command[:2], f'--cpu={CPU}', *command[2:]]
    environment = dict(os.environ, **(env or {}))
    try:
        done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, timeout=timeout, env=environment)
    except subprocess.TimeoutExpired as late:
        return Ran(None, late.stdout or b'', late.stderr or b'')
    return Ran(done.returncode, done.stdout, done.stderr)


def in_parallel(function, items, jobs=JOBS):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(function, items)


def modules(folder, suffix='.wasm', largest=None):
    """Paths of modules below a folder, sorted; `largest`: skip files of more bytes."""
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if name.endswith(suffix) and (largest is None or os.path.getsize(path) <= largest):
                found.append(path)
    return sorted(found)


def first_difference(expected, actual):
    """One line that says where two texts part."""
    if expected == actual:
        return None
    wanted, got = expected.split(b'\n'), actual.split(b'\n')
    for number, (a, b) in enumerate(zip(wanted, got), 1):
        if a != b:
            return f'line {number}: expected {a[:120]!r}, found {b[:120]!r}'
    return f'expected {len(wanted)} lines, found {len(got)}'
