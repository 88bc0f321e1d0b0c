// Wasmer in bench/run's tables of compile time, as bench/program.cpp:  wasmer_peer program --compile-only [--once] MODULE REPORT
use crate::clock::{nanoseconds, MONOTONIC, PROCESS};
use wasmer::{Module, Store};

const ENOUGH: f64 = 6e7;

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

pub fn measure(arguments: &[String]) {
    let (flags, files) = arguments.split_at(arguments.len() - 2);
    let store = Store::default();
    let bytes = std::fs::read(&files[0]).unwrap();
    let (mut most, mut count, mut cpu, mut wall) = (if flags.iter().any(|flag| flag == "--once") { 1 } else { 50 }, 0, 0.0, 0.0);
    for _ in 0..2 {
        (count, cpu, wall) = (0, 0.0, 0.0);
        let start = nanoseconds(MONOTONIC);
        while count < most && nanoseconds(MONOTONIC) - start < ENOUGH {
            let (before, wall_before) = (nanoseconds(PROCESS), nanoseconds(MONOTONIC));
            let module = Module::new(&store, &bytes).unwrap();
            cpu += nanoseconds(PROCESS) - before;
            wall += nanoseconds(MONOTONIC) - wall_before;
            drop(module);
            count += 1;
        }
        if count == 1 {
            break;
        }
        most = count;
    }
    let report = format!(
        "{{\"compile\": {}, \"compile_wall\": {}, \"memory\": {}}}\n",
        cpu / count as f64,
        wall / count as f64,
        peak_memory()
    );
    std::fs::write(&files[1], report).unwrap();
}
