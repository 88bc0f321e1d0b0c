#!/usr/bin/env python3
"""Formats or checks the C++ sources with clang-format.

    format.py [--write]     check (one FAIL line per file that differs), or rewrite in place

Version 19 is the one the tree is formatted with; a newer one serves where 19 is missing. The last line is
'N passed, N failed', counted in files. Tables (.def) are laid out by hand and left alone.
"""
import concurrent.futures, os, re, shutil, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def clang_format():
    """Path of clang-format 19, else of a newer one, else None."""
    names = ['clang-format-19', 'clang-format'] + [f'clang-format-{n}' for n in range(20, 40)]
    for name in names:
        path = shutil.which(name)
        if path:
            found = re.search(r'version (\d+)', subprocess.run([path, '--version'], capture_output=True, text=True).stdout)
            if found and int(found[1]) >= 19:
                return path
    return None


def sources():
    listed = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.cpp', '*.hh', '*.h', '*.c'],
                            cwd=ROOT, capture_output=True, text=True)
    return sorted(set(name for name in listed.stdout.split('\n')
                      if name and os.path.exists(os.path.join(ROOT, name)) and not name.endswith('/wasm.h')))


def main():
    tool = clang_format()
    if not tool:
        sys.exit('format: clang-format >= 19 is not installed')
    write = '--write' in sys.argv[1:]

    def one(name):
        flags = ['-i'] if write else ['--dry-run', '-Werror']
        return name, subprocess.run([tool, *flags, name], cwd=ROOT, capture_output=True).returncode

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(one, sources()))
    failed = [name for name, code in results if code]
    for name in failed:
        print(f'FAIL {name}: differs from clang-format (make format)')
    print(f'{len(results) - len(failed)} passed, {len(failed)} failed')
    sys.exit(bool(failed) or not results)


if __name__ == '__main__':
    main()
