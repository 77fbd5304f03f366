//! The page of error codes is the catalogue, written out.
#![cfg(not(target_arch = "wasm32"))]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::problem::Code;
use portcullis_common as common;

const HEAD: &str = "# Error codes

Every error is an RFC 9457 document, `application/problem+json`, with a stable `code`. Act on the code; the words
may change. Those with 429 and 503 carry `Retry-After`, in seconds; trying again then is safe.

| code | status | what to do |
|---|---|---|
";

#[test]
fn the_page_of_error_codes_is_the_catalogue() {
    let mut page = String::from(HEAD);
    for code in Code::ALL {
        writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.status(), code.detail()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/errors.md is not the catalogue: run with UPDATE_DOCS=1");
}
