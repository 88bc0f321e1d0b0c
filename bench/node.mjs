// One engine for bench/run: reads a line 'NAME MODULE' or 'round NAME' on standard input, answers with one line of JSON.
//   NAME MODULE    loads the module, checks run(n) against the sum 0 + … + n-1, warms it up
//   round NAME     nanoseconds of CPU time per iteration of one round
import fs from 'node:fs';
import readline from 'node:readline';

const cpu = () => {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) * 1e3;
};
const sum = n => {
  let total = 0;
  for (let i = 0; i < n; ++i) total = (total + i) | 0;
  return total;
};
const benches = {};

function load(name, path) {
  const run = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(path))).exports.run;
  for (const n of [0, 1, 1000, 5003])
    if (run(n) !== sum(n)) throw new Error(`${name}: run(${n}) is ${run(n)}`);
  let n = 200;
  const start = performance.now();
  let last;
  do {
    const before = performance.now();
    run(n);
    last = performance.now() - before;
    if (last < 5) n *= 2;
  } while (performance.now() - start < 800);
  benches[name] = {run, n: Math.max(100, Math.round(n * 150 / Math.max(last, 0.01)))};
  return {loaded: name};
}

function round(name) {
  const {run, n} = benches[name];
  const before = cpu();
  run(n);
  return {ns: (cpu() - before) / n};
}

for await (const line of readline.createInterface({input: process.stdin})) {
  const [first, second] = line.split(' ');
  console.log(JSON.stringify(first === 'round' ? round(second) : load(first, second)));
}
