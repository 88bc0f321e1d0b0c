// Wasmer beside Trapeze: one engine of bench/run's tables of throws, or with `program` one process of those of compile time.
mod clock;
mod program;
mod throws;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("program") => program::measure(&arguments[1..]),
        _ => throws::serve(),
    }
}
