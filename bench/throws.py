"""Throws: nanoseconds an iteration of $TRAPEZE_TEST_DATA/bench/eh in every engine, native C++ and the floor; instructions by
callgrind; and how the cost of a throw scales (scaling.py)."""
import os, statistics, subprocess

import scaling
from engines import Floor, Missing, all_engines, assembled, manifest
from tables import ratio, table

NAMES = ['throw_1', 'throw_10', 'throw_100', 'rethrow_10']
# What a difference of two benchmarks may be, in nanoseconds, and what it says.
DIFFERENCES = [('throw_local', 'br_local', 2, 'a throw to the own function, over the same loop with a branch'),
               ('nothrow_small', 'nothrow_small_plain', 0.5, 'a try that never catches in a small function, over the same without')]
PAIRS = [name for pair in DIFFERENCES for name in pair[:2]]


def prepared(makers, names):
    """[(engine, its benchmarks)], and what was left out."""
    engines, absent = [], []
    for make in makers:
        try:
            engine = make()
        except (Missing, OSError, subprocess.CalledProcessError) as fault:
            absent.append(str(fault))
            continue
        runs = []
        for name in names:
            try:
                if engine.prepare(name):
                    runs.append(name)
            except Missing as fault:
                absent.append(str(fault))
        if runs:
            engines.append((engine, runs))
    return engines, absent


def measure(engines, names, rounds):
    times = {}
    for i in range(rounds):
        for name in names:
            for engine, runs in engines:
                if name in runs and i % engine.every == 0:
                    times.setdefault((engine.title, name), []).append(engine.round(name))
    return times


def cell(title, values, floor):
    if values is None:
        return '–'
    text = f'{min(values):.1f} ({statistics.median(values):.1f})'
    return text if not floor or title == Floor.title else text + f', {ratio(values, floor):.1f}×'


def rows(titles, names, text_of):
    """With many benchmarks they stand in the rows."""
    return table(names, titles, text_of) if len(names) <= 6 else table(titles, names, lambda name, title: text_of(title, name))


def differences(titles, times, counts):
    """Of each pair, by what the least times differ, and the instructions."""
    def cell(line, title):
        (more, less, _, _), (a, b) = line, (times.get((title, name)) for name in line[:2])
        if not a or not b:
            return '–'
        counted = counts.get((title, more)), counts.get((title, less))
        instructions = f'; {counted[0] - counted[1]:+.1f} instructions' if all(counted) else ''
        return f'{min(a) - min(b):+.2f}{instructions}'
    measured = [title for title in titles if any((title, name) in times for name in PAIRS)]
    wanted = [f'{line[0]} − {line[1]} (≤ {line[2]} ns)' for line in DIFFERENCES]
    return ['', 'Nanoseconds that two loops differ by, of their minima: ' + '; '.join(f'{line[0]}: {line[3]}' for line in DIFFERENCES) + '.', '',
            *table(wanted, measured, lambda title, column: cell(DIFFERENCES[wanted.index(column)], title))]


def report(engines, names, rounds, times, counts):
    titles, all_names = [engine.title for engine, _ in engines], names
    names = [name for name in names if name not in PAIRS or len(names) > 8] or names
    every = {engine.title: engine.every for engine, _ in engines}
    floor = lambda title, name: times.get((Floor.title, name), [])[::every[title]]
    lines = ['## Throws', '', 'Nanoseconds of CPU time per iteration of the modules of the shared `bench/eh`, minimum (median) of',
             f'{rounds} interleaved rounds; ratio to the floor taken within each round, its median. The floor is `bench/floor`: the',
             'same throw by hand, with both look-ups.', '']
    lines += rows(titles, names, lambda title, name: cell(title, times.get((title, name)), floor(title, name)))
    counted = [title for title in titles if any(counts.get((title, name)) for name in names)]
    if counted:
        lines += ['', 'Instructions per iteration (callgrind, what regressions are judged by):', '']
        lines += rows(counted, names, lambda title, name: f'{counts[title, name]:.0f}' if counts.get((title, name)) else '–')
    if any(name in PAIRS for name in all_names):
        lines += differences(titles, times, counts)
    return lines


def section(options):
    names = [name for name in options.names if name in manifest()] or (list(manifest()) if options.all else NAMES + PAIRS)
    assembled(options.engine)
    makers = all_engines(options.engine, options.install)
    engines, absent = prepared(makers[:3] if options.only_trapeze else makers, names)
    times = measure(engines, names, options.rounds)
    counts = {(engine.title, name): engine.instructions(name) for engine, runs in engines for name in runs}
    processes, more = scaling.measure(os.path.join(os.path.dirname(options.engine), 'bench', 'scale'), options.rounds)
    lines = report(engines, names, options.rounds, times, counts) + ['', *scaling.table(processes)]
    data = [{'engine': title, 'benchmark': name, 'ns': values, 'instructions': counts.get((title, name))}
            for (title, name), values in times.items()]
    return lines, data, absent + more
