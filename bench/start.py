"""A process of bench/run's table of start-up: the module of the last argument, `_start`, the end."""
import sys

import wasmtime

store = wasmtime.Store()
wasmtime.Instance(store, wasmtime.Module.from_file(store.engine, sys.argv[-1]), []).exports(store)['_start'](store)
