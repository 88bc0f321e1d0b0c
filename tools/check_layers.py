#!/usr/bin/env python3
"""Fails on an include or a link edge that the house does not have.

The house is the table 'Rooms' of docs/architecture.md: a row `src/<folder>/` | what it includes. Checked:
  - each quoted include of src/<folder>/ names its own folder or one of its row (base stands in every row);
  - <trapeze/…> is included only by api, wasi, native, cli, examples and tests; cli sees of src/ only what CLI_SEES names;
  - include/trapeze/ includes nothing of src/;
  - cmake/rooms.cmake links each room with exactly its row, and builds base … compile without C++ exceptions;
  - every folder of src/ stands in the table, and every file is reached by a path, never by "../".
The last line is 'N passed, N failed', counted in files and rows.
"""
import os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WITH_EXCEPTIONS = {'os', 'cache', 'link', 'unwind', 'runtime', 'api', 'api/script', 'api/source', 'wasi', 'native', 'cli',
                   'cli/run_only', 'cli/native'}
PUBLIC_USERS = WITH_EXCEPTIONS - {'os', 'cache', 'link', 'unwind', 'runtime'}
BEHIND_PUBLIC = {'wasi': {'api'}, 'native': {'api', 'wasi'}}  # what implements the public headers they include
CLI_SEES = ('cache/cache', 'api/source/inspect', 'api/script/wast', 'api/artifact', 'api/cpp_exception')


def table():
    """folder -> set of folders it may include, from the architecture page."""
    rows = {}
    for line in open(os.path.join(ROOT, 'docs/architecture.md')):
        found = re.match(r'\| `src/([a-z0-9/]+)/` \| ([^|]*) \|', line)
        if found:
            rows[found[1]] = {word.strip('`') for word in found[2].split() if word not in ('–', '-')}
    return rows


def room_of(path, rooms):
    """Longest folder of the table that holds the path (relative to src/)."""
    candidates = [room for room in rooms if path.startswith(room + '/')]
    return max(candidates, key=len) if candidates else None


def sources(folder):
    for base, _, names in os.walk(os.path.join(ROOT, folder)):
        for name in sorted(names):
            if name.endswith(('.hh', '.h', '.cpp', '.def', '.S', '.c')):
                yield os.path.relpath(os.path.join(base, name), ROOT)


def includes(path):
    for number, line in enumerate(open(os.path.join(ROOT, path), errors='replace'), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1], found[2]


def check_source(path, rows):
    inside = path[len('src/'):]
    room = room_of(inside, rows)
    if not room:
        return [f'{path}: its folder has no row in docs/architecture.md']
    faults = []
    for number, quote, name in includes(path):
        if name.startswith('trapeze/') or name in ('wasm.h', 'wasm.hh'):
            if room not in PUBLIC_USERS:
                faults.append(f'{path}:{number}: {room} must not include the public API ({name})')
            continue
        if quote == '<':
            continue
        if name.startswith('.') or '/' not in name:
            faults.append(f'{path}:{number}: include "{name}" by its path from src/')
            continue
        target = room_of(name, rows)
        if room.startswith('cli') and target in rows[room] and target.startswith('api'):
            if not name.startswith(CLI_SEES):
                faults.append(f'{path}:{number}: cli sees of api only {", ".join(CLI_SEES)} ({name})')
        elif not target:
            faults.append(f'{path}:{number}: "{name}" is in no room')
        elif target != room and target not in rows[room] | {'base'}:
            faults.append(f'{path}:{number}: {room} must not include {target} ({name})')
    return faults


def check_public(path):
    return [f'{path}:{number}: a public header includes "{name}"' for number, quote, name in includes(path)
            if quote == '"' and not name.startswith('trapeze/') and name != 'wasm.h']


def check_build(rows):
    """(rows checked, faults) of cmake/rooms.cmake against the table."""
    text = open(os.path.join(ROOT, 'cmake/rooms.cmake')).read()
    declared = {}
    for found in re.finditer(r'^trapeze_room\(([^)]*)\)', text, re.M):
        words = found[1].split()
        name, folder, uses, mode, quiet = words[0], words[0], set(), None, False
        for word in words[1:]:
            if word in ('FOLDER', 'USES'):
                mode = word
            elif word == 'NO_EXCEPTIONS':
                quiet, mode = True, None
            elif mode == 'FOLDER':
                folder = word
            elif mode == 'USES':
                uses.add(word)
        declared[folder] = (name, uses, quiet)
    by_name = {name: folder for folder, (name, _, _) in declared.items()}
    faults = []
    for folder, (name, uses, quiet) in declared.items():
        if folder not in rows:
            faults.append(f'cmake/rooms.cmake: {folder} has no row in docs/architecture.md')
            continue
        linked = {by_name.get(used, used) for used in uses} - {'base'}
        allowed = BEHIND_PUBLIC.get(folder) or rows[folder] - {'base'}
        if linked != {row for row in allowed if row in declared}:
            faults.append(f'cmake/rooms.cmake: {folder} links {sorted(linked)}, its row says {sorted(allowed)}')
        if quiet == (folder in WITH_EXCEPTIONS):
            faults.append(f'cmake/rooms.cmake: {folder} is built with{"out" if quiet else ""} C++ exceptions')
    return len(declared), faults


def main():
    rows = table()
    if len(rows) < 10:
        sys.exit('docs/architecture.md: the table of rooms was not found')
    faults, checked = [], 0
    for path in sources('src'):
        found = check_source(path, rows)
        checked += not found
        faults += found
    for path in sources('include'):
        found = check_public(path)
        checked += not found
        faults += found
    declared, found = check_build(rows)
    checked += declared - len(found)
    faults += found
    for fault in faults:
        print('FAIL', fault)
    print(f'{checked} passed, {len(faults)} failed')
    sys.exit(bool(faults))


main()
