#!/usr/bin/env python3
"""The cache of `trapeze run`, and what long compilations show:  cache.py [--kills N] ENGINE PROGRAMS

  keys      a second run finds what the first has compiled; other settings, other entries; text and --no-cache leave none
  damage    an entry with a flipped byte, cut short or empty: the run is right, and the entry whole again
  full      a disk without room, a folder that cannot be made: one warning, the run is right
  kills     two processes compile the same module at once, one is killed at a random moment, N times (default 60): every
            run is right, and what the cache then has is whole
  progress  functions done on a terminal, nothing elsewhere; ^C leaves no file of `compile -o`

The last line is 'N passed, N failed'.
"""
import pty, random, re, resource, signal, sys, tempfile, time
from common import *

ADD = ('(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)\n'
       + '\n'.join(f'(func (param i32) (result i32) local.get 0 i32.const {i} i32.mul)' for i in range(300)) + ')')


class Scene:
    """A module, a cache of its own, and runs of the one with the other."""

    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.cache = os.path.join(folder, 'cache')
        self.module = os.path.join(folder, 'add.wasm')
        text = os.path.join(folder, 'add.wat')
        open(text, 'w').write(ADD)
        self.text = text
        made = run([engine, 'print', '--binary', text], env=self.env())
        open(self.module, 'wb').write(made.out)

    def env(self, **more):
        return {'TRAPEZE_CACHE': self.cache, **more}

    def add(self, *options, module=None, **more):
        return run([self.engine, 'run', *options, '--invoke', 'add', module or self.module, '40', '2'], env=self.env(**more))

    def entries(self):
        found = os.listdir(self.cache) if os.path.isdir(self.cache) else []
        return sorted(os.path.join(self.cache, name) for name in found)

    def command(self, *words):
        return run([self.engine, 'cache', *words], env=self.env())


def wrong(ran, warned=False):
    if ran.crash() or ran.status != 0 or ran.out != b'42\n':
        return ran.crash() or f'exit status {ran.status}, printed {ran.out!r}, {last(ran.err)}'
    if ran.err.count(b'warning: ') != warned or (not warned and ran.err):
        return f'standard error: {last(ran.err)!r}'
    return None


def keys(scene):
    fault = wrong(scene.add())
    yield 'first run', fault
    first = scene.entries()
    yield 'one entry', None if len(first) == 1 else f'{first}'
    os.utime(first[0], (0, 0))
    before = os.stat(first[0])
    yield 'second run', wrong(scene.add())
    after = os.stat(first[0])
    yield 'it was found, and is used now', None if after.st_ino == before.st_ino and after.st_mtime > 1e9 else f'{before} {after}'
    yield 'other settings', wrong(scene.add('--opt-level=0')) or wrong(scene.add('--cpu=baseline'))
    yield 'other entries', None if len(scene.entries()) >= 2 and first[0] in scene.entries() else f'{scene.entries()}'
    listed, path = scene.command('list'), scene.command('path')
    yield 'list', None if f'{len(scene.entries())} modules'.encode() in listed.out else f'{listed.out!r}'
    yield 'path', None if path.out.decode().strip() == scene.cache else f'{path.out!r}'
    yield 'clean', None if scene.command('clean').status == 0 and not scene.entries() else f'{scene.entries()}'
    yield '--no-cache', wrong(scene.add('--no-cache')) or (f'{scene.entries()}' if scene.entries() else None)
    yield 'text', wrong(scene.add(module=scene.text)) or (f'{scene.entries()}' if scene.entries() else None)
    yield 'off', wrong(scene.add(TRAPEZE_CACHE='off'))


def damage(scene):
    scene.add()
    [entry] = scene.entries()
    whole = open(entry, 'rb').read()
    for name, bytes_ in [('a flipped byte', whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1:]),
                         ('cut short', whole[:-5000]), ('empty', b''), ('something else', b'\0asm\1\0\0\0')]:
        open(entry, 'wb').write(bytes_)
        fault = wrong(scene.add())
        yield name, fault or (None if open(entry, 'rb').read() == whole else 'the entry is not whole again')


def full(scene):
    scene.command('clean')

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run([scene.engine, 'run', '--invoke', 'add', scene.module, '40', '2'], capture_output=True,
                          env=dict(os.environ, **scene.env()), preexec_fn=no_room)
    yield 'no room', wrong(Ran(done.returncode, done.stdout, done.stderr), warned=True)
    yield 'nothing left behind', None if not scene.entries() else f'{scene.entries()}'
    yield 'no folder', wrong(scene.add(TRAPEZE_CACHE=scene.module), warned=True)


def kills(scene, count):
    scene.command('clean')
    random.seed(1)
    command = [scene.engine, 'run', '--invoke', 'add', scene.module, '40', '2']
    longest = 0.01
    for i in range(count):
        for entry in scene.entries():
            os.unlink(entry)
        env = dict(os.environ, **scene.env())
        begin = time.monotonic()
        victim = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        other = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        time.sleep(random.random() * longest)
        victim.kill()
        victim.wait()
        out, err = other.communicate()
        longest = max(longest, 0.8 * longest + 0.2 * (time.monotonic() - begin))
        fault = wrong(Ran(other.returncode, out, err)) or wrong(scene.add())
        if fault:
            yield f'kill {i}', fault
            return
    yield f'{count} kills', None
    yield 'leftovers go', None if scene.command('clean').status == 0 and not scene.entries() else f'{scene.entries()}'


def progress(scene, large):
    command = [scene.engine, 'run', '--verify', '--threads=1', '--invoke', 'no such function', large]
    master, slave = pty.openpty()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave, env=dict(os.environ, **scene.env()))
    os.close(slave)
    shown = b''
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:  # the other side is closed
        pass
    child.wait()
    os.close(master)
    yield 'on a terminal', None if re.search(rb'\d+ of \d+ functions, \d+ a second, [0-9.]+ s left', shown) else f'{shown[-300:]!r}'
    yield 'elsewhere nothing', None if b'functions' not in run(command, env=scene.env()).err else 'shown on a pipe'
    target = os.path.join(scene.folder, 'out')
    os.mkdir(target)
    for pause in (0.05, 0.2, 0.6):
        child = subprocess.Popen([scene.engine, 'compile', '--verify', '--threads=1', large, '-o', os.path.join(target, 'a.tpz')],
                                 stderr=subprocess.DEVNULL)
        time.sleep(pause)
        child.send_signal(signal.SIGINT)
        child.wait()
        if child.returncode == 0:  # it was done already: the file is whole
            os.unlink(os.path.join(target, 'a.tpz'))
    yield '^C leaves no file', None if not os.listdir(target) else f'{os.listdir(target)}'


def main():
    arguments, count = sys.argv[1:], 60
    if arguments[:1] == ['--kills']:
        count, arguments = int(arguments[1]), arguments[2:]
    engine, programs = arguments
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(engine, folder)
        for part in (keys(scene), damage(scene), full(scene), kills(scene, count),
                     progress(scene, os.path.join(programs, 'sqlite3/sqlite3.wasm'))):
            for name, fault in part:
                tally.check(name, fault)
    tally.close()


main()
