//! The issuer.
fn main() {}
