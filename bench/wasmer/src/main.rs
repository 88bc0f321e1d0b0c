// Wasmer beside Trapeze: one engine of bench/run's tables of throws, or with `program` or `artifact` one process of those of
// compile time or saved modules.
#[path = "../../rust/clock.rs"]
mod clock;
#[path = "../../rust/measure.rs"]
mod measure;
mod throws;

use wasmer::{Module, Store};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let store = Store::default();
    let compile = |bytes: &[u8]| Module::new(&store, bytes).unwrap();
    match arguments.first().map(String::as_str) {
        Some("program") => measure::program(&arguments[1..], compile),
        Some("artifact") => measure::artifact(
            &arguments[1..],
            compile,
            |module, file| module.serialize_to_file(file).unwrap(),
            |file| unsafe { Module::deserialize_from_file(&store, file).unwrap() },
        ),
        _ => throws::serve(),
    }
}
