//! Runs the targets: here, and held against the same code as Wasm.

#[cfg(not(target_arch = "wasm32"))]
#[path = "../run.rs"]
mod run;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
