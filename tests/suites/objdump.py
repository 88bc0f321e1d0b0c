#!/usr/bin/env python3
"""`trapeze objdump -d` over compiled C and C++ programs:  objdump.py ENGINE DATA

Every instruction must decode from our own table; and where LLVM's disassembler is installed, it must read the same
bytes as the same instructions (the first MOST of a module, spread over all its functions).
"""
import glob, os, re, shutil, subprocess, sys, tempfile
from common import *

MOST = 5000
ROW = re.compile(r'^ +([0-9a-f]+)  ([0-9a-f]+) +(\S.*?)(?:  +; .*)?$')


def llvm_tool(name):
    """The newest llvm-<name>, or None."""
    for candidate in [f'llvm-{name}-{version}' for version in range(40, 13, -1)] + [f'llvm-{name}']:
        if shutil.which(candidate):
            return candidate
    return None


OBJDUMP, OBJCOPY = llvm_tool('objdump'), llvm_tool('objcopy')


def listing(text):
    """{offset: (bytes, instruction)} of a listing."""
    rows = {}
    for line in text.split('\n'):
        if found := ROW.match(line):
            rows[int(found[1], 16)] = (bytes.fromhex(found[2]), found[3])
    return rows


def sample(rows):
    """Whole stretches of the listing: at most MOST instructions."""
    offsets = sorted(rows)
    if len(offsets) <= MOST:
        return offsets
    stretch, count = 500, MOST // 500
    step = (len(offsets) - stretch) // (count - 1)
    return [offset for part in range(count) for offset in offsets[part * step:part * step + stretch]]


def plain(text):
    """One spelling for what the two disassemblers say in different words."""
    text = re.sub(r'\s*(#|<).*$', '', text.replace('\t', ' ').strip())
    text = re.sub(r'\s+', ' ', text)
    mask = (1 << 64) - 1 if text.startswith('movabs') else (1 << 32) - 1  # LLVM's immediates have no sign where ours have
    text = re.sub(r'(?<![\w.])-?(0x[0-9a-f]+|\d+)(?!\w)', lambda number: str(int(number[0], 0) & mask), text)
    return text


def by_llvm(rows, offsets, folder):
    """{offset: instruction}: each instruction alone would lose speed, so all stand in one file, in order."""
    raw, elf, at, code = os.path.join(folder, 'raw'), os.path.join(folder, 'elf'), {}, bytearray()
    for offset in offsets:
        at[len(code)] = offset
        code += rows[offset][0]
    with open(raw, 'wb') as file:
        file.write(code)
    subprocess.run([OBJCOPY, '-I', 'binary', '-O', 'elf64-x86-64', '--rename-section=.data=.text,code', raw, elf], check=True)
    out = subprocess.run([OBJDUMP, '-d', '-M', 'intel', '--no-show-raw-insn', elf], capture_output=True, check=True).stdout.decode()
    read = {}
    for line in out.split('\n'):
        if (found := re.match(r'^ *([0-9a-f]+):\s+(\S.*)$', line)) and int(found[1], 16) in at:
            read[at[int(found[1], 16)]] = (found[2], int(found[1], 16))
    return read


def same(ours, theirs, offset, place):
    if re.match(r'(call|jmp|j[a-z]+) 0x', ours):  # targets: ours in the image, theirs in the file
        ours_at = int(ours.split('0x')[1].split()[0], 16) - offset
        theirs_at = int(theirs.split('0x')[1].split()[0], 16) - place if '0x' in theirs else None
        if theirs_at is not None and (theirs_at - ours_at) % (1 << 64) == 0:
            return ours.split()[0] == theirs.split()[0]
        return False
    return plain(ours) == plain(theirs)


UNSUPPORTED = 'the code generator does not do it yet'


def check(engine, path):
    ran = run([engine, 'objdump', '-d', path])
    if ran.status != 0 and b'not supported by the code generator yet' in ran.err:
        return UNSUPPORTED, 0, 0
    if ran.status != 0:
        return ran.crash() or f'status {ran.status}: {last(ran.err)}', 0, 0
    text = ran.out.decode()
    rows = listing(text)
    bad = [f'+{offset:#x} {rows[offset][0].hex()}' for offset in rows if rows[offset][1].startswith('.byte')]
    if bad:
        return f'{len(bad)} undecoded bytes: {bad[:3]}', len(rows), 0
    declared = int(re.match(r'(\d+) functions', text)[1])
    if text.count('\nfunc[') != declared:
        return f'{text.count(chr(10) + "func[")} of {declared} functions listed', len(rows), 0
    if not OBJDUMP or not OBJCOPY:
        return None, len(rows), 0
    offsets = sample(rows)
    with tempfile.TemporaryDirectory() as folder:
        read = by_llvm(rows, offsets, folder)
    for offset in offsets:
        if offset not in read:
            return f'+{offset:#x} {rows[offset]}: LLVM sees no instruction there', len(rows), 0
        if not same(rows[offset][1], read[offset][0], offset, read[offset][1]):
            return f'+{offset:#x} {rows[offset][0].hex()}: ours `{rows[offset][1]}`, LLVM `{read[offset][0]}`', len(rows), 0
    return None, len(rows), len(offsets)


def main():
    engine, data = os.path.abspath(sys.argv[1]), sys.argv[2]
    paths = modules(os.path.join(data, 'corpus')) + modules(os.path.join(data, 'bench'))
    if DEV:
        paths = paths[::8]
    if limit := os.environ.get('TRAPEZE_OBJDUMP_LIMIT'):
        paths = paths[:int(limit)]
    tally, total, compared = Tally(), 0, 0
    for path, (fault, instructions, agreed) in zip(paths, in_parallel(lambda p: check(engine, p), paths)):
        if fault is UNSUPPORTED:
            print(f'SKIP {os.path.relpath(path, data)}: {fault}')
            tally.skipped += 1
            continue
        tally.check(os.path.relpath(path, data), fault)
        total, compared = total + instructions, compared + agreed
    tally.check('instructions', None if total > 100 * len(paths) else f'only {total} instructions in {len(paths)} modules')
    if not OBJDUMP or not OBJCOPY:
        tally.skipped += 1
        print('skipped: comparison with LLVM: llvm-objdump or llvm-objcopy is not installed')
    print(f'{total} instructions decoded, {compared} compared with {OBJDUMP}')
    tally.close()


main()
