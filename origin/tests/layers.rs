//! The one direction of dependencies: services know ports, and nothing of who stands behind them
//! or before them.

use std::fs;
use std::path::Path;

#[test]
fn services_name_neither_adapters_nor_http() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service");
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for foreign in [
            "crate::http",
            "crate::store",
            "crate::kv",
            "crate::crypto",
            "crate::metrics",
            "axum",
            "redis",
            "sqlx",
            "reqwest",
            "prometheus",
        ] {
            let named = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let named: Vec<&str> = named.filter(|line| line.contains(foreign)).collect();
            assert!(named.is_empty(), "{}: {named:?}", path.display());
        }
        read += 1;
    }
    assert!(read > 5, "the services are somewhere else");
}
