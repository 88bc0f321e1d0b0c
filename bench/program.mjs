// V8 and JavaScriptCore in bench/run's tables of programs, as bench/program.cpp:
//   program.mjs [--compile-only] [--once] [--warm] MODULE REPORT [ARG…]          in Node, Bun or Deno
// --warm: for an engine that compiles while a program runs; short programs run 1.5 s before they count.
import fs from 'node:fs';
import process from 'node:process';
import {Exit, wasi} from './wasi.mjs';

const words = process.argv.slice(2), first = words.findIndex(word => !word.startsWith('--'));
const flags = words.slice(0, first), [file, report, ...rest] = words.slice(first);
const once = flags.includes('--once'), ENOUGH = 60, WARM = flags.includes('--warm') ? 1500 : ENOUGH, MOST = WARM;

const process_ns = () => {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) * 1e3;
};
// This thread's: what JavaScriptCore compiles in others while the program runs does not count. V8 has no others here.
async function thread_clock() {
  if (!process.versions.bun) return process_ns;
  const {dlopen, ptr} = await import('bun:ffi');
  const {symbols} = dlopen('libc.so.6', {clock_gettime: {args: ['i32', 'ptr'], returns: 'i32'}});
  const time = Buffer.alloc(16);
  return () => {
    symbols.clock_gettime(3 /* CLOCK_THREAD_CPUTIME_ID */, ptr(time));
    return Number(time.readBigInt64LE(0)) * 1e9 + Number(time.readBigInt64LE(8));
  };
}
const thread_ns = await thread_clock();

class Times {
  clear() {
    this.cpu = this.wall = this.count = 0;
  }
  add(clock, step) {
    const wall = performance.now(), start = clock();
    const result = step();
    this.cpu += clock() - start;
    this.wall += (performance.now() - wall) * 1e6;
    ++this.count;
    return result;
  }
}

/// How often there was a step, over the pass that warms up and the one that counts.
function repeat(times, step) {
  let steps = 0;
  for (let pass = 0, most = once ? 1 : MOST; pass < 2; ++pass) {
    const start = performance.now();
    times.forEach(one => one.clear());
    for (let i = 0; i < most; ++i) {
      step();
      ++steps;
      if (performance.now() - start >= (pass ? ENOUGH : WARM)) break;
    }
    if (times[0].count === 1) break;
    most = times[0].count;
  }
  return steps;
}

const bytes = fs.readFileSync(file);

// Engines keep compiled modules by their bytes; a custom section of its own makes each one new.
let serial = 0;
const fresh = () => Buffer.concat([bytes, Buffer.from([0, 6, 1, 0x78, ...new Uint8Array(new Uint32Array([++serial]).buffer)])]);

const compile = new Times(), instantiate = new Times(), run = new Times();
let module;
repeat([compile], () => {
  const input = fresh();
  module = compile.add(process_ns, () => new WebAssembly.Module(input));
});
const answer = {compile: compile.cpu / compile.count, compile_wall: compile.wall / compile.count};

if (!flags.includes('--compile-only')) {
  const runs = repeat([instantiate, run], () => {
    const {imports, bind} = wasi([file, ...rest]);
    const all = {wasi_snapshot_preview1: imports, bench: {start() {}, end() {}}};
    const instance = instantiate.add(thread_ns, () => new WebAssembly.Instance(module, all));
    bind(instance.exports.memory);
    run.add(thread_ns, () => {
      try {
        instance.exports._start();
      } catch (end) {
        if (!(end instanceof Exit) || end.status !== 0) throw end;
      }
    });
  });
  Object.assign(answer, {instantiate: instantiate.cpu / run.count, run: run.cpu / run.count, runs});
}
answer.memory = fs.readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/)[1] * 1024;
fs.writeFileSync(report, JSON.stringify(answer));
