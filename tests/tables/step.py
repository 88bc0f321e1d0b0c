"""Run by gdb:  single-steps Wasm code and stubs, and compares what gdb makes of our CFI with the truth.

    gdb -batch -x step.py --args ENGINE run --invoke FUNCTION MODULE ARGUMENT…

TRAPEZE_STEP_OBJECT is the module as check_tables --objects writes it, TRAPEZE_STEP_PADS the offsets of its system pads,
TRAPEZE_STEP_COUNT how many instructions.
The truth is a shadow stack: at each call the stack pointer and the callee-saved registers are noted; at every
instruction until that frame is left, the caller that gdb finds through the CFI must have just these. What is neither
Wasm nor stub (the runtime in C++) is run over. Ends with `stepped N instructions (M in Wasm code, K in stubs), …`.
"""
import os, re, struct, subprocess
import gdb

OBJECT = os.environ['TRAPEZE_STEP_OBJECT']
PADS = [int(pad, 16) for pad in os.environ.get('TRAPEZE_STEP_PADS', '').split()]
DEBUG_ADDRESS = 0x10000000  # of check_tables
COUNT = int(os.environ.get('TRAPEZE_STEP_COUNT', '2000'))
KEPT = ('rbx', 'rbp', 'r12', 'r13', 'r14', 'r15')


def number(expression):
    return int(gdb.parse_and_eval(f'(unsigned long long)({expression})')) & ((1 << 64) - 1)


def sections(path):
    text = subprocess.run(['readelf', '-SW', path], capture_output=True, text=True).stdout
    return {name: (int(offset, 16), int(size, 16)) for name, offset, size in
            re.findall(r'\] (\S+)\s+\S+\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)', text)}


def stubs(engine):
    """[(begin, end, name)] of the assembly stubs, as linked."""
    text = subprocess.run(['readelf', '-sW', engine], capture_output=True, text=True).stdout
    names = (r'trapeze_(?:enter|host_call_stub|pending|trap_landing|search|cross_instance_tail|unwind_\w+|stub_\w+|'
             r'leave\w*|abandon\w*|border\w*)')
    rows = re.findall(r': ([0-9a-f]+)\s+(\d+) FUNC\s+\w+\s+\w+\s+\d+ (' + names + r')\s*$', text, re.M)
    return sorted((int(at, 16), int(at, 16) + int(size), name) for at, size, name in rows if int(size))


class Steps:
    def __init__(self):
        self.engine = gdb.objfiles()[0].filename
        self.frames, self.in_wasm, self.in_stubs, self.faults, self.landings = [], 0, 0, [], 0
        self.run_over = self.thrown_to = 0
        self.pcs, self.in_landing = set(), False

    def start(self):
        gdb.execute('break trapeze_enter', to_string=True)
        gdb.execute('run', to_string=True)
        gdb.execute('delete', to_string=True)
        linked = stubs(self.engine)
        entry = next(begin for begin, _, name in linked if name == 'trapeze_enter')
        # The breakpoint is at trapeze_enter's first byte or behind its prologue: the symbol says where it is.
        self.slide = number('&trapeze_enter') - entry
        self.stubs = [(begin + self.slide, end + self.slide, name) for begin, end, name in linked]
        gdb.execute('starti', to_string=True)
        gdb.execute(f'break *{entry + self.slide}', to_string=True)
        gdb.execute('continue', to_string=True)
        gdb.execute('delete', to_string=True)
        self.push()

    def push(self):
        self.frames.append((number('$rsp') + 8, [number('$' + reg) for reg in KEPT]))

    def place(self, pc):
        if self.text and self.text[0] <= pc < self.text[1]:
            return 'wasm'
        return 'stub' if any(begin <= pc < end for begin, end, _ in self.stubs) else None

    def find_code(self, pc):
        """The first pc outside the executable that a stub calls is in Wasm code: find our object there."""
        offset, size = sections(OBJECT)['.text']
        with open(OBJECT, 'rb') as file:
            file.seek(offset)
            code = file.read(size)
        here = bytes(gdb.selected_inferior().read_memory(pc, 16))
        for at in range(0, size, 16):
            if code[at:at + 16] == here and bytes(gdb.selected_inferior().read_memory(pc - at, size)) == code:
                self.text = (pc - at, pc - at + size)
                gdb.execute(f'add-symbol-file {OBJECT[:-2]}.elf -o {pc - at - DEBUG_ADDRESS:#x}', to_string=True)
                return
        raise gdb.GdbError('the code in memory is not that of the object')

    def check(self, pc, where):
        cfa, kept = self.frames[-1]
        caller = gdb.newest_frame().older()
        if caller is None:
            return self.faults.append(f'{pc:#x} ({where}): gdb finds no caller')
        def of(reg):
            return int(caller.read_register(reg)) & ((1 << 64) - 1)
        found = of('rsp')
        if self.in_landing and where == 'stub' and found == cfa:  # the saved registers are that frame's affair
            self.landings += 1
            return
        self.in_landing = False
        if found != cfa:
            # Between loading the frame landed in and the jump there, a stub is in that frame already.
            if where == 'stub' and any(found == frame[0] for frame in self.frames):
                self.landings += 1
                return
            return self.faults.append(f'{pc:#x} ({where}): CFA {found:#x}, in truth {cfa:#x}')
        for reg, value in zip(KEPT, kept):
            if of(reg) != value:
                self.faults.append(f'{pc:#x} ({where}): {reg} {of(reg):#x}, in truth {value:#x}')

    def step(self):
        pc = number('$pc')
        text = gdb.selected_frame().architecture().disassemble(pc)[0]['asm']
        is_call = text.startswith('call')
        gdb.execute('stepi', to_string=True)
        rsp = number('$rsp')
        while self.frames and self.frames[-1][0] <= rsp:
            self.frames.pop()
            self.in_landing |= not text.startswith('ret')
        if is_call:
            self.push()

    def leave_runtime(self):
        """To the return address of what a stub has called, or to the pad where the platform's unwinder lands."""
        back = number('*(unsigned long long *)$rsp')
        for place in [back] + [self.text[0] + pad for pad in PADS if self.text]:
            gdb.execute(f'break *{place:#x}', to_string=True)
        gdb.execute('continue', to_string=True)
        gdb.execute('delete', to_string=True)
        rsp = number('$rsp')
        while self.frames and self.frames[-1][0] <= rsp:
            self.frames.pop()
        self.run_over += 1
        self.thrown_to += number('$pc') != back

    def run(self):
        self.text = None
        self.start()
        while self.frames and self.in_wasm + self.in_stubs < COUNT and len(self.faults) < 10:
            pc = number('$pc')
            where = self.place(pc)
            if where is None and self.text is None and len(self.frames) == 2:
                self.find_code(pc)
                where = 'wasm'
            if where is None:
                self.leave_runtime()
                continue
            self.check(pc, where)
            self.pcs.add(pc)
            if where == 'wasm':
                self.in_wasm += 1
            else:
                self.in_stubs += 1
            self.step()


gdb.execute('set pagination off')
gdb.execute('set confirm off')
gdb.execute('set debuginfod enabled off')
steps = Steps()
steps.run()
for fault in steps.faults:
    print('FAIL', fault)
print(f'stepped {steps.in_wasm + steps.in_stubs} instructions ({steps.in_wasm} in Wasm code, {steps.in_stubs} in stubs, '
      f'{len(steps.pcs)} different), {steps.landings} in a landing, {steps.run_over} calls run over '
      f'({steps.thrown_to} left by the unwinder), '
      f'{len(steps.faults)} faults')
gdb.execute('kill', to_string=True)
