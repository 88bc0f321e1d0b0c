"""One engine for bench/run, as bench/node.mjs: reads lines 'NAME MODULE' and 'round NAME', answers with one line of JSON."""
import json, sys, time

import wasmtime

config = wasmtime.Config()
config.wasm_exceptions = True
engine = wasmtime.Engine(config)
benches = {}


def cpu(call):
    start = time.thread_time_ns()
    call()
    return time.thread_time_ns() - start


def load(name, path):
    store = wasmtime.Store(engine)
    function = wasmtime.Instance(store, wasmtime.Module.from_file(engine, path), []).exports(store)['run']
    run = lambda n: function(store, n)
    results = [run(n) for n in (0, 1, 1000, 5003)]
    n = 100
    while cpu(lambda: run(n)) < 1.5e8:
        n *= 2
    benches[name] = run, n
    return {'results': results}


def measure(name):
    run, n = benches[name]
    return {'ns': cpu(lambda: run(n)) / n}


for line in sys.stdin:
    first, second = line.split()
    try:
        answer = measure(second) if first == 'round' else load(first, second)
    except Exception as fault:
        answer = {'error': str(fault).split('\n')[0]}
    print(json.dumps(answer), flush=True)
