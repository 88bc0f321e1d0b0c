// One engine for bench/run, Node or Bun: reads lines 'NAME MODULE' and 'round NAME' on standard input, answers each with
// one line of JSON.
//   NAME MODULE    loads the module, warms it up: {results: run(0), run(1), run(1000), run(5003)}
//   round NAME     {ns: CPU time per iteration of one round}
import fs from 'node:fs';
import readline from 'node:readline';

// The main thread's time on a CPU: compilers and collectors in other threads do not count.
const cpu = () => {
  try {
    return +fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, 'utf8').split(' ')[0];
  } catch {
    const usage = process.cpuUsage();
    return (usage.user + usage.system) * 1e3;
  }
};
const benches = {};

function load(name, path) {
  const run = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(path))).exports.run;
  const results = [0, 1, 1000, 5003].map(run);
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
  return {results};
}

function round(name) {
  const {run, n} = benches[name];
  const before = cpu();
  run(n);
  return {ns: (cpu() - before) / n};
}

for await (const line of readline.createInterface({input: process.stdin})) {
  const [first, second] = line.split(' ');
  let answer;
  try {
    answer = first === 'round' ? round(second) : load(first, second);
  } catch (fault) {
    answer = {error: String(fault)};
  }
  console.log(JSON.stringify(answer));
}
