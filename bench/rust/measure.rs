// What bench/run's processes of Rust engines measure, as bench/program.cpp and bench/artifact.cpp:
//   program --compile-only [--once] MODULE REPORT
//   artifact save MODULE FILE REPORT
//   artifact load FILE REPORT
use crate::clock::{nanoseconds, MONOTONIC, PROCESS};

const ENOUGH: f64 = 6e7;
const REPETITIONS: usize = 20;

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn timed<T>(step: impl FnOnce() -> T) -> (T, f64) {
    let start = nanoseconds(PROCESS);
    let result = step();
    (result, nanoseconds(PROCESS) - start)
}

/// `compile` returns what it has made, so that its end is not measured.
pub fn program<M>(arguments: &[String], compile: impl Fn(&[u8]) -> M) {
    let (flags, files) = arguments.split_at(arguments.len() - 2);
    let bytes = std::fs::read(&files[0]).unwrap();
    let mut most = if flags.iter().any(|flag| flag == "--once") { 1 } else { 50 };
    let (mut count, mut cpu, mut wall) = (0, 0.0, 0.0);
    for _ in 0..2 {
        (count, cpu, wall) = (0, 0.0, 0.0);
        let start = nanoseconds(MONOTONIC);
        while count < most && nanoseconds(MONOTONIC) - start < ENOUGH {
            let wall_before = nanoseconds(MONOTONIC);
            let (module, time) = timed(|| compile(&bytes));
            cpu += time;
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

/// `load` reads what `save` has written.
pub fn artifact<M>(arguments: &[String], compile: impl Fn(&[u8]) -> M, save: impl Fn(&M, &str), load: impl Fn(&str) -> M) {
    let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (report, path) = match texts[..] {
        ["save", input, file, path] => {
            let bytes = std::fs::read(input).unwrap();
            let (module, compile) = timed(|| compile(&bytes));
            let (_, save) = timed(|| save(&module, file));
            (format!("{{\"compile\": {compile}, \"save\": {save}}}\n"), path)
        }
        ["load", file, path] => {
            let (_, first) = timed(|| load(file));
            let least = (0..REPETITIONS).map(|_| timed(|| load(file)).1).fold(first, f64::min);
            (format!("{{\"first\": {first}, \"load\": {least}}}\n"), path)
        }
        _ => panic!("artifact save MODULE FILE REPORT | load FILE REPORT"),
    };
    std::fs::write(path, report).unwrap();
}
