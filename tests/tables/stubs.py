"""The call frame information of the assembly stubs at every instruction, as they stand in the linked engine.

readelf says what `.eh_frame` claims, objdump what the instructions are; a walk over them follows the stack pointer, rbp
and where each callee-saved register lies. The 128 bytes below rsp count as intact, as the System V ABI promises. From
where a stub has loaded the frame it lands in up to its jump, its own frame is gone: these are counted apart.
"""
import glob, os, re, subprocess

KEPT = ('rbx', 'rbp', 'r12', 'r13', 'r14', 'r15')
RED_ZONE = 128


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def names(sources):
    """Functions that the sources define, as a pattern: by hand and by macro."""
    found = set(re.findall(r'^\s*FUNCTION\s+(trapeze_\w+)\s*$', ''.join(open(path).read() for path in sources), re.M))
    return '|'.join(sorted(found)) + r'|trapeze_stub_\w+'


def functions(engine, pattern):
    rows = re.findall(r': ([0-9a-f]+)\s+(\d+) FUNC\s+\w+\s+\w+\s+\d+ (' + pattern + r')\s*$', output('readelf', '-sW', engine), re.M)
    return {name: (int(at, 16), int(at, 16) + int(size)) for at, size, name in rows}


def tables(engine, wanted):
    """{function: [(pc, {column: rule})]} from readelf's interpretation."""
    found, columns, name = {}, [], None
    starts = {begin: function for function, (begin, _) in wanted.items()}
    for line in output('readelf', '-wF', engine).split('\n'):
        if ' FDE ' in line or ' CIE ' in line:
            at = re.search(r'pc=([0-9a-f]+)\.\.', line)
            name = starts.get(int(at[1], 16)) if at else None
            if name:
                found[name] = []
        elif name and line.startswith('   LOC'):
            columns = line.split()[1:]
        elif name and re.match(r'[0-9a-f]{16} ', line):
            words = line.split()
            found[name].append((int(words[0], 16), dict(zip(columns, words[1:]))))
    return found


def instructions(engine, begin, end):
    text = output('objdump', '-d', '--no-show-raw-insn', f'--start-address={begin:#x}', f'--stop-address={end:#x}', engine)
    return [(int(at, 16), body.split('#')[0].strip()) for at, body in re.findall(r'^ *([0-9a-f]+):\t(.*)$', text, re.M)]


class State:
    """Offsets count from the CFA; None: not known (rsp), the caller's (rbp)."""

    def __init__(self, has_frame):
        self.rsp, self.rbp, self.lost = (None, -16, False) if has_frame else (-8, None, False)
        self.saved = {'rbp': -16} if has_frame else {}
        self.held = set(KEPT) - ({'rbp'} if has_frame else set())

    def copy(self):
        other = State(False)
        other.rsp, other.rbp, other.lost = self.rsp, self.rbp, self.lost
        other.saved, other.held = dict(self.saved), set(self.held)
        return other

    def wrong(self, row):
        """What the row says wrongly, or None."""
        cfa = re.fullmatch(r'(rsp|rbp)\+(\d+)', row['CFA'])
        if not cfa:
            return f'CFA {row["CFA"]}'
        base = self.rsp if cfa[1] == 'rsp' else self.rbp
        if base is None or base + int(cfa[2]) != 0:
            return f'CFA {row["CFA"]}, but {cfa[1]} is {base}'
        if row.get('ra') != 'c-8':
            return 'return address ' + row.get('ra', '')
        for reg in KEPT:
            rule = row.get(reg, 'u')
            if rule in ('u', 's'):
                if reg not in self.held:
                    return f'{reg} has changed'
            elif not (rule.startswith('c-') and self.saved.get(reg) == int(rule[1:]) and
                      (self.rsp is None or int(rule[1:]) >= self.rsp - RED_ZONE)):
                return f'{reg} {rule}, saved at {self.saved.get(reg)}'
        return None


def step(state, text, begin, end):
    """(targets inside the function, goes on, fault) after the instruction; changes the state."""
    op, _, operands = text.partition(' ')
    operands = operands.strip()
    destination = operands.rsplit(',', 1)[-1].lstrip('%') if '%' in operands.rsplit(',', 1)[-1] else ''
    source = operands.rsplit(',', 1)[0]
    if op == 'push':
        state.rsp = state.rsp - 8 if state.rsp is not None else None
        reg = operands.lstrip('%')
        if reg in state.held and reg not in state.saved:
            state.saved[reg] = state.rsp
        return [], True, None
    if op == 'pop' and destination in KEPT:
        if state.saved.get(destination) != state.rsp:
            return [], True, f'pops {destination} from elsewhere'
        state.held.add(destination)
        if destination == 'rbp':
            state.rbp = None
        state.rsp += 8
        return [], True, None
    if op == 'leave':
        state.rsp, state.rbp = state.rbp + 8, None
        state.held.add('rbp')
        return [], True, None
    if op in ('ret', 'retq', 'repz'):
        whole = state.rsp == -8 and state.held == set(KEPT)
        return [], False, None if whole else 'returns without the frame torn down'
    if op.startswith('j'):
        if operands.startswith('*'):
            return [], False, None
        target = int(operands.split()[0], 16)
        inside = begin < target < end
        if not inside and state.rbp != -16 and not (state.rsp == -8 and state.rbp is None):
            return [], op != 'jmp', 'leaves with an unexpected frame'
        return [target] if inside else [], op != 'jmp', None
    if op == 'ud2':
        return [], False, None
    if destination == 'rsp':
        number = re.fullmatch(r'\$(-?0x[0-9a-f]+|-?\d+)', source)
        if op == 'sub' and number and state.rsp is not None:
            state.rsp -= int(number[1], 0)
        elif op == 'add' and number and state.rsp is not None:
            state.rsp += int(number[1], 0)
        elif state.rsp is not None or op in ('lea', 'mov'):
            state.rsp, state.lost = None, state.lost or op not in ('and', 'sub')
        return [], True, None
    if destination == 'rbp':
        if source == '%rsp' and op == 'mov':
            state.rbp = state.rsp
            state.held.discard('rbp')
        else:
            state.lost = True
        return [], True, None
    if destination in KEPT and not op.startswith(('cmp', 'test')):
        load = re.fullmatch(r'(-0x[0-9a-f]+)\(%rbp\)', source)
        if op == 'mov' and load and state.rbp is not None and state.saved.get(destination) == state.rbp + int(load[1], 16):
            state.held.add(destination)
        else:
            state.held.discard(destination)
            if destination not in state.saved and not state.lost:
                return [], True, f'{destination} is lost'
    return [], True, None


def check_function(engine, name, begin, end, rows):
    """(pcs walked, pcs in a landing, fault)"""
    body = 'rbp+16' == rows[0][1]['CFA']
    states, walked, landing, frame = {begin: State(body)}, 0, 0, None
    for at, text in instructions(engine, begin, end):
        if text.startswith(('int3', 'nop', 'xchg')) and at not in states:
            continue
        if at not in states:  # jumped to from elsewhere: in this stub's whole frame, or in that of any stub
            states[at] = frame.copy() if frame else State(True)
            states[at].rsp = None
        state = states[at].copy()
        if state.rbp == -16 and (frame is None or len(state.saved) > len(frame.saved)):
            frame = state.copy()
            frame.held -= set(frame.saved)
        row = [columns for pc, columns in rows if pc <= at][-1]
        if state.lost:
            landing += 1
        else:
            walked += 1
            if fault := state.wrong(row):
                return walked, landing, f'{name} +{at - begin:#x} `{text}`: {fault}'
        targets, goes_on, fault = step(state, text, begin, end)
        if name == 'trapeze_cross_instance_tail' and fault == 'r13 is lost':
            fault = state.held.add('r13')  # the caller is the stub's own frame, which reloads r13: what it held is dead
        if fault:
            return walked, landing, f'{name} +{at - begin:#x} `{text}`: {fault}'
        following = next_pc.get(at)
        for target in targets + ([following] if goes_on and following else []):
            states.setdefault(target, state.copy())
    return walked, landing, None


next_pc = {}


def check(engine, sources):
    """([(name, fault or None)], pcs walked, pcs in landings)"""
    wanted = functions(engine, names(sources))
    rows, results, walked, landings = tables(engine, wanted), [], 0, 0
    for name, (begin, end) in sorted(wanted.items()):
        offsets = [at for at, _ in instructions(engine, begin, end)]
        next_pc.update(zip(offsets, offsets[1:]))
        if name not in rows:
            results.append((name, 'no FDE'))
            continue
        here, landing, fault = check_function(engine, name, begin, end, rows[name])
        results.append((name, fault))
        walked, landings = walked + here, landings + landing
    return results, walked, landings


def returns(program, sources):
    """Return addresses in the stubs as they are linked in the program, as distances from trapeze_enter."""
    wanted = functions(program, names(sources))
    places = []
    for begin, end in wanted.values():
        rows = instructions(program, begin, end)
        places += [after for (_, text), (after, _) in zip(rows, rows[1:]) if text.startswith('call')]
    return sorted(place - wanted['trapeze_enter'][0] for place in places)


if __name__ == '__main__':
    import sys
    results, walked, landings = check(sys.argv[1], sys.argv[2:])
    for name, fault in results:
        if fault:
            print('FAIL', name, fault)
    print(f'{len(results)} stubs, {walked} pcs walked, {landings} in landings')
