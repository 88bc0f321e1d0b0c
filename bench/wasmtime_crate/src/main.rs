// Wasmtime as a crate, for what its Python wheel lacks: one process of bench/run's tables of compile time (`program`, by Winch)
// or of saved modules (`artifact`, by Cranelift).
#[path = "../../rust/clock.rs"]
mod clock;
#[path = "../../rust/measure.rs"]
mod measure;

use wasmtime::{Config, Engine, Module, Strategy};

fn engine(strategy: Strategy) -> Engine {
    let mut config = Config::new();
    config.strategy(strategy);
    Engine::new(&config).unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments[0].as_str() {
        "program" => {
            let engine = engine(Strategy::Winch);
            measure::program(&arguments[1..], |bytes| Module::from_binary(&engine, bytes).unwrap());
        }
        "artifact" => {
            let engine = engine(Strategy::Cranelift);
            measure::artifact(
                &arguments[1..],
                |bytes| Module::from_binary(&engine, bytes).unwrap(),
                |module, file| std::fs::write(file, module.serialize().unwrap()).unwrap(),
                |file| unsafe { Module::deserialize_file(&engine, file).unwrap() },
            );
        }
        other => panic!("no such task: {other}"),
    }
}
