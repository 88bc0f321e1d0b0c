// A process of bench/run's table of start-up: the module of the last argument, `_start`, the end.
import fs from 'node:fs';
import process from 'node:process';
new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(process.argv.at(-1)))).exports._start();
