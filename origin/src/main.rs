//! The issuer's process; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis_origin::main()
}
