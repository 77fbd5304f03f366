//! WRK-03, WRK-04: what is deployed leaves no way around the gate.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn wrk_04_the_worker_has_no_address_beside_its_routes() -> Outcome {
    let text = fs::read_to_string(project().join("wrangler.toml"))?;
    has_no_other_address("wrangler.toml", &text.parse()?)?;
    // What people deploy, in each language: the second block, behind the origin's.
    for page in ["docs/deploy.md", "docs/ko/deploy.md"] {
        let text = fs::read_to_string(project().join(page))?;
        let block = text.split("```toml\n").nth(2).and_then(|rest| rest.split("```").next());
        let config: Table = block.ok_or("no configuration of the Worker")?.parse()?;
        has_no_other_address(page, &config)?;
        assert!(config.contains_key("routes"), "{page}: routes");
    }
    Ok(())
}

fn has_no_other_address(file: &str, config: &Table) -> Outcome {
    for name in ["workers_dev", "preview_urls"] {
        let said = config.get(name).and_then(Value::as_bool);
        // Not to say it is to have such an address.
        assert_eq!(said, Some(false), "{file}: {name} must be false");
    }
    let environments = config.get("env").and_then(Value::as_table).into_iter().flatten();
    for (name, table) in environments.filter_map(|(name, value)| Some((name, value.as_table()?))) {
        for address in ["workers_dev", "preview_urls"] {
            let said = table.get(address).and_then(Value::as_bool);
            assert_ne!(said, Some(true), "{file}: env.{name}.{address} must be false");
        }
        routes_are_whole(table)?;
    }
    Ok(routes_are_whole(config)?)
}

#[test]
fn wrk_04_a_route_for_a_part_of_a_site_is_found() -> Outcome {
    for good in [
        "",
        "routes = []",
        "route = \"app.example/*\"",
        "route = \"https://app.example/*\"",
        "routes = [\"app.example/*\", \"*.example/*\"]",
        "routes = [{ pattern = \"app.example/*\", zone_name = \"example\" }]",
        "routes = [{ pattern = \"app.example\", custom_domain = true }]",
    ] {
        routes_are_whole(&good.parse()?).map_err(|error| format!("{good}: {error}"))?;
    }
    for bad in [
        "route = \"app.example/api/*\"",
        "route = \"https://app.example/api/*\"",
        "route = \"app.example\"",
        "route = \"app.example/\"",
        "route = \"app.example/x*\"",
        "route = \"app.example*\"",
        "route = \"https://app.example\"",
        "route = 1",
        "routes = \"app.example/api/*\"",
        "routes = [\"app.example/*\", \"app.example/api/*\"]",
        "routes = [{ pattern = \"app.example/api/*\", zone_name = \"example\" }]",
        "routes = [{ pattern = \"app.example\", custom_domain = false }]",
        "routes = [{ zone_name = \"example\" }]",
        "[route]\npattern = \"app.example/api/*\"",
        "[[routes]]\npattern = \"app.example/*\"\n[[routes]]\npattern = \"app.example/api/*\"",
    ] {
        assert!(routes_are_whole(&bad.parse()?).is_err(), "{bad} is let through");
    }
    Ok(())
}

/// A route for a part of a site leaves the rest of it without a gate.
fn routes_are_whole(config: &Table) -> Result<(), String> {
    let many = match config.get("routes") {
        None => &[],
        Some(routes) => routes.as_array().ok_or("routes: expected a list")?.as_slice(),
    };
    for route in many.iter().chain(config.get("route")) {
        let table = route.as_table();
        let is_domain = table.and_then(|table| table.get("custom_domain")?.as_bool());
        let pattern = table.and_then(|table| table.get("pattern")).unwrap_or(route);
        let is_whole = pattern.as_str().is_some_and(|pattern| {
            let rest = pattern.split_once("://").map_or(pattern, |(_, rest)| rest);
            rest.split_once('/').is_some_and(|(_, path)| path == "*")
        });
        if !is_whole && is_domain != Some(true) {
            return Err(format!("{route:?}: expected <host>/*"));
        }
    }
    Ok(())
}

#[test]
fn wrk_04_no_request_passes_when_the_worker_fails() -> Outcome {
    let mut read = 0;
    for folder in ["edge/js", "edge/src"] {
        read += search(&project().join(folder), "passThroughOnException")?;
        search(&project().join(folder), "pass_through_on_exception")?;
    }
    assert!(read > 20, "the Worker's sources are not where they were: {read} files");
    Ok(())
}

#[test]
fn wrk_03_nothing_in_the_worker_may_give_up() -> Outcome {
    let workspace: Table = fs::read_to_string(project().join("Cargo.toml"))?.parse()?;
    let lints = workspace.get("workspace").and_then(|table| table.get("lints")?.get("clippy"));
    for lint in ["unwrap_used", "panic", "indexing_slicing", "todo"] {
        let level = lints.and_then(|lints| lints.get(lint)?.as_str());
        assert_eq!(level, Some("deny"), "Cargo.toml: workspace.lints.clippy.{lint}");
    }
    for member in ["edge", "common"] {
        let manifest: Table =
            fs::read_to_string(project().join(member).join("Cargo.toml"))?.parse()?;
        let held = manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        assert_eq!(held, Some(true), "{member}/Cargo.toml: lints.workspace");
    }
    // Tests may; so these are denied where the sources are.
    for library in ["edge/src/lib.rs", "common/src/lib.rs"] {
        let text = fs::read_to_string(project().join(library))?;
        for lint in ["expect_used", "unimplemented", "unreachable"] {
            assert!(text.contains(&format!("clippy::{lint}")), "{library}: {lint}");
        }
    }
    Ok(())
}

/// Fails where a file holds this text; how many were read.
fn search(folder: &Path, text: &str) -> Outcome<usize> {
    let mut read = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read += search(&path, text)?;
        } else {
            assert!(!fs::read_to_string(&path)?.contains(text), "{}: {text}", path.display());
            read += 1;
        }
    }
    Ok(read)
}
