// One engine for bench/run, as bench/node.mjs: reads lines 'NAME MODULE' and 'round NAME', answers with one line of JSON.
use std::collections::HashMap;
use std::io::{BufRead, Write};
use wasmer::{imports, Instance, Module, Store, TypedFunction};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}
extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

fn cpu_nanoseconds() -> f64 {
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(3 /* CLOCK_THREAD_CPUTIME_ID */, &mut now) };
    now.seconds as f64 * 1e9 + now.nanoseconds as f64
}

fn main() {
    let mut store = Store::default();
    let mut benches: HashMap<String, (TypedFunction<i32, i32>, i32)> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (first, second) = line.split_once(' ').unwrap();
        if first == "round" {
            let (run, n) = &benches[second];
            let start = cpu_nanoseconds();
            run.call(&mut store, *n).unwrap();
            println!("{{\"ns\": {}}}", (cpu_nanoseconds() - start) / *n as f64);
        } else {
            let module = Module::from_file(&store, second).unwrap();
            let instance = Instance::new(&mut store, &module, &imports! {}).unwrap();
            let run: TypedFunction<i32, i32> = instance.exports.get_typed_function(&store, "run").unwrap();
            let results: Vec<String> =
                [0, 1, 1000, 5003].iter().map(|&n| run.call(&mut store, n).unwrap().to_string()).collect();
            let mut n = 100;
            loop {
                let start = cpu_nanoseconds();
                run.call(&mut store, n).unwrap();
                if cpu_nanoseconds() - start > 1.5e8 {
                    break;
                }
                n *= 2;
            }
            benches.insert(first.to_string(), (run, n));
            println!("{{\"results\": [{}]}}", results.join(", "));
        }
        std::io::stdout().flush().unwrap();
    }
}
