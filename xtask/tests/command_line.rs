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
        (&["dev", "--var", "APP_ULR=http://localhost:3000"], "did you mean APP_URL?"),
        (&["dev", "--var", "app_url=http://localhost:3000"], "did you mean APP_URL?"),
        (&["dev", "--var", "NONSENSE=1"], "It reads ISSUER, AUDIENCE"),
        (&["dev", "--var", "APP_URL"], "expected KEY=VALUE"),
    ] {
        let (done, said) = xtask(arguments)?;
        assert!(!done && said.contains(meant), "{arguments:?}: {said}");
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
