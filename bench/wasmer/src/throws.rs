// One engine for bench/run, as bench/node.mjs: reads lines 'NAME MODULE' and 'round NAME', answers with one line of JSON.
use crate::clock::{nanoseconds, THREAD};
use std::collections::HashMap;
use std::io::{BufRead, Write};
use wasmer::{imports, Instance, Module, Store, TypedFunction};

pub fn serve() {
    let mut store = Store::default();
    let mut benches: HashMap<String, (TypedFunction<i32, i32>, i32)> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (first, second) = line.split_once(' ').unwrap();
        if first == "round" {
            let (run, n) = &benches[second];
            let start = nanoseconds(THREAD);
            run.call(&mut store, *n).unwrap();
            println!("{{\"ns\": {}}}", (nanoseconds(THREAD) - start) / *n as f64);
        } else {
            let module = Module::from_file(&store, second).unwrap();
            let instance = Instance::new(&mut store, &module, &imports! {}).unwrap();
            let run: TypedFunction<i32, i32> = instance.exports.get_typed_function(&store, "run").unwrap();
            let results: Vec<String> =
                [0, 1, 1000, 5003].iter().map(|&n| run.call(&mut store, n).unwrap().to_string()).collect();
            let mut n = 100;
            loop {
                let start = nanoseconds(THREAD);
                run.call(&mut store, n).unwrap();
                if nanoseconds(THREAD) - start > 1.5e8 {
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
