//! What is typed wrongly is told at once, before anything is set up or built.

use std::{
    error::Error,
    path::Path,
    process::{Command, Output},
};

use xtask::stack::{Claim, Options, Ports};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// `cargo xtask` with no program within reach: whatever would build fails.
fn xtask(arguments: &[&str]) -> Outcome<(bool, String)> {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).env_clear().output()?;
    Ok((status.success(), String::from_utf8([stdout, stderr].concat())?))
}

fn dev(state: &Path, more: &[&str]) -> Outcome<String> {
    let state = state.to_str().ok_or("a path that is text")?;
    let ports = ["--edge-port=0", "--origin-port=0", "--app-port=0", "--operator-port=0"];
    let (done, said) = xtask(&[&["dev", "--state", state], &ports[..], more].concat())?;
    assert!(!done, "{said}");
    Ok(said)
}

#[test]
fn a_mistyped_word_is_told_with_the_one_that_was_meant() -> Outcome {
    for (arguments, meant) in [
        (&["tset"][..], "'test'"),
        (&["dev", "--egde-port", "0"], "'--edge-port'"),
        (&["dev", "--var", "APP_ULR=http://localhost:3000"], "did you mean APP_URL? It reads "),
        (&["dev", "--var", "app_url=http://localhost:3000"], "did you mean APP_URL?"),
        (&["dev", "--var", "NONSENSE=1"], "no NONSENSE. It reads ISSUER, AUDIENCE"),
        (&["dev", "--var", "APP_URL"], "expected KEY=VALUE"),
    ] {
        let (done, said) = xtask(arguments)?;
        assert!(!done && said.contains(meant), "{arguments:?}: {said}");
    }
    Ok(())
}

/// 1 would say that the request is refused, or a case not as expected.
#[test]
fn a_question_that_was_never_asked_has_no_answer() -> Outcome {
    for task in [&["explain", "https://app.example/"][..], &["test-policy"]] {
        let Output { status, stderr, .. } =
            Command::new(env!("CARGO_BIN_EXE_xtask")).args(task).env_clear().output()?;
        assert_eq!(status.code(), Some(2), "{task:?}: {}", String::from_utf8(stderr)?);
    }
    Ok(())
}

#[test]
fn a_second_stack_in_a_folder_is_told_of_the_first_before_anything_is_built() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut options = Options::new(folder.path().join("state"));
    options.ports = Ports::free();
    let claim = Claim::take(&options)?;
    let said = dev(&options.state, &[])?;
    assert!(said.contains(&format!("process {}, ", std::process::id())), "{said}");
    drop(claim);
    // Then it is only the compiler that is missing.
    let said = dev(&options.state, &[])?;
    assert!(said.contains("cc was not found"), "{said}");
    Ok(())
}

/// `dev` with the edge on a port that is free, and what was said instead of starting.
fn dev_at(edge: u16, more: &[&str]) -> Outcome<String> {
    let folder = tempfile::tempdir()?;
    let (state, edge) = (folder.path().to_str().ok_or("a path that is text")?, edge.to_string());
    let ports = ["--origin-port=0", "--operator-port=0", "--edge-port", &edge];
    let (done, said) = xtask(&[&["dev", "--state", state], &ports[..], more].concat())?;
    assert!(!done, "{said}");
    Ok(said)
}

fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[test]
fn a_port_given_twice_is_no_other_programs() -> Outcome {
    let port = free_port()?;
    let said = dev_at(port, &["--app-port", &port.to_string()])?;
    let words = format!("port {port} is given to two parts, the edge and the app: choose another");
    assert!(said.contains(&words), "{said}");
    Ok(())
}

#[test]
fn what_the_edge_could_not_work_by_is_told_before_anything_is_built() -> Outcome {
    let port = free_port()?;
    let gate = format!("http://localhost:{port}");
    for (var, words) in [
        (
            r#"POLICY={"rules":[{"path":"/stock/*","requires":{"role":"staff"}}]}"#.to_owned(),
            "--var: POLICY: rules[0].requires: unknown member; did you mean `require`?".to_owned(),
        ),
        (format!("APP_URL={gate}"), format!("--var: APP_URL: {gate} is the gate itself")),
        (
            "STALE_SECONDS=15m".to_owned(),
            "--var: STALE_SECONDS: expected whole seconds from 1 to 86400, like 90, found \"15m\""
                .to_owned(),
        ),
    ] {
        let said = dev_at(port, &["--app-port=0", "--var", &var])?;
        assert!(said.contains(&words), "{said}");
    }
    Ok(())
}

#[test]
fn a_taken_port_is_told_before_anything_is_built() -> Outcome {
    let folder = tempfile::tempdir()?;
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let port = taken.local_addr()?.port();
    let state = folder.path().to_str().ok_or("a path that is text")?;
    let (done, said) = xtask(&["dev", "--state", state, "--edge-port", &port.to_string()])?;
    assert!(!done && said.contains(&format!("port {port}, for the edge, is taken")), "{said}");
    Ok(())
}
