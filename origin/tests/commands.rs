//! The commands, run as an operator runs them.

use std::io::{Read as _, Write as _};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The binary in a folder of its own, with nothing of this process's environment.
fn origin(folder: &TempDir, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_origin"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the binary was built with this test")
}

/// A folder that an origin can serve from.
fn served() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for this test");
    let output = origin(&folder, &["migrate"], &[]);
    let said = text(&[output.stdout, output.stderr].concat());
    assert!(said.contains("keys and databases are made, in /"), "{said}");
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("origin writes UTF-8")
}

#[test]
fn ops_07_a_wrong_configuration_stops_each_command_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wrong.toml"), "[tokens]\naccess_ttl = '2h'\n").unwrap();
    for (arguments, variables, expected) in [
        (&["serve"][..], ("PORTCULLIS__TOKENS__ISSUER", ""), "tokens.issuer is empty"),
        (&["serve"], ("PORTCULLIS__TOKEN__ISSUER", "x"), "PORTCULLIS__TOKEN__…: unknown key token"),
        (&["serve"], ("PORTCULLIS__REDIS__URL", "http://u:hunter2@h"), "redis.url"),
        (&["keys"], ("PORTCULLIS__TOKENS__AUDIENCE", " "), "tokens.audience is empty"),
        (&["migrate", "--config", "none.toml"], ("A", "b"), "none.toml: there is no such file"),
        (
            &["serve", "--config", "wrong.toml"],
            ("A", "b"),
            "wrong.toml: tokens.access_ttl is \"2h\"",
        ),
        (&["serve"], ("RUST_LOG", "a=b=c"), "RUST_LOG"),
    ] {
        let output = origin(&folder, arguments, &[variables]);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}: {said}");
        assert!(said.starts_with("origin: ") && said.lines().count() == 1, "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_key_for_assertions_is_made_and_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let made = || {
        let output = origin(&folder, &["keys", "assertion"], &[]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let (one, another) = (made(), made());
    assert_ne!(one, another);
    let (secret, public) = one.trim_end().split_once('\n').unwrap();
    let (private, its_public) =
        secret.strip_prefix("ASSERTION_KEY=").and_then(|key| key.split_once('.')).unwrap();
    assert_eq!((private.len(), its_public.len()), (43, 43), "the seed and the key, in base64url");
    assert_eq!(public.strip_prefix("ASSERTION_PUBLIC_KEY="), Some(its_public));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_command_in_a_folder_that_nobody_serves_from_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ada = "ada@example.com";
    for arguments in [
        &["keys"][..],
        &["keys", "anchor"],
        &["keys", "show", "x"],
        &["keys", "rotate", "--now"],
        &["keys", "revoke", "x"],
        &["revoke", "--everyone"],
        &["user", "list"],
        &["user", "create", "--email", ada, "--password-stdin"],
        &["user", "roles", ada, "admin"],
        &["user", "disable", ada],
    ] {
        let output = origin(&folder, arguments, &[]);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.lines().count() == 1, "{arguments:?}: {said}");
        let file = folder.path().join(".portcullis/keys/anchor.jwk");
        for words in [&*file.display().to_string(), "--config FILE", "`origin serve`"] {
            assert!(said.contains(words), "{arguments:?}: {said}");
        }
        let made: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(made.is_empty(), "{arguments:?} made {made:?}");
    }
    // Before the first start edges can be given their key all the same.
    let anchor = |arguments: &[&str]| text(&origin(&folder, arguments, &[]).stdout);
    let made = anchor(&["keys", "anchor", "--make"]);
    assert_eq!(made.trim_end().len(), 43, "{made}");
    assert_eq!(anchor(&["keys", "anchor"]), made);
}

#[test]
fn a_command_that_is_not_told_of_the_origins_stores_says_which_setting_is_missing() {
    let folder = served();
    let state = folder.path().join(".portcullis");
    for (file, key) in [("accounts.db", "database.url"), ("sessions.db", "redis.url")] {
        std::fs::remove_file(state.join(file)).unwrap();
        for arguments in [&["user", "list"][..], &["revoke", "--everyone"]] {
            let output = origin(&folder, arguments, &[]);
            let said = text(&output.stderr);
            assert!(
                !output.status.success() && said.contains(file) && said.contains(key),
                "{said}"
            );
            assert!(!state.join(file).exists(), "{arguments:?}");
        }
    }
    let elsewhere = format!("sqlite:{}/other.db", folder.path().display());
    let output = origin(&served(), &["user", "list"], &[("PORTCULLIS__DATABASE__URL", &elsewhere)]);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("other.db"), "{said}");
}

#[test]
fn keys_are_listed_and_shown_without_their_private_halves() {
    let folder = served();
    let anchor = text(&origin(&folder, &["keys", "anchor"], &[]).stdout);
    assert_eq!(anchor.trim_end().len(), 43, "{anchor:?}");
    let list = text(&origin(&folder, &["keys"], &[]).stdout);
    assert_eq!(list.lines().count(), 2, "{list}");
    for (line, purpose) in list.lines().zip(["access tokens, signing", "heads (the anchor)"]) {
        assert!(line.ends_with(purpose), "{line}");
        let kid = line.split_whitespace().next().unwrap();
        let shown = text(&origin(&folder, &["keys", "show", kid], &[]).stdout);
        let jwk: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(jwk["kid"], kid);
        assert!(jwk.get("d").is_none());
        assert_eq!(jwk["x"] == anchor.trim_end(), purpose.contains("anchor"));
    }
    let unknown = origin(&folder, &["keys", "show", "x"], &[]);
    assert!(!unknown.status.success());
    assert!(text(&unknown.stderr).contains("no key of this kid"));
}

#[test]
fn keys_are_rotated_and_revoked_in_words() {
    let folder = served();
    let said = |arguments: &[&str]| {
        let output = origin(&folder, arguments, &[]);
        (output.status.success(), text(&[output.stdout, output.stderr].concat()))
    };
    let kid = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let list = said(&["keys"]).1;
    let (first, anchor) = (kid(&list), kid(list.lines().last().unwrap()));

    let (done, words) = said(&["keys", "rotate"]);
    assert!(
        done && words.contains(" signs from 20") && words.contains("within seconds"),
        "{words}"
    );
    let second = kid(&words);
    let (done, words) = said(&["keys", "rotate"]);
    assert!(!done && words.contains("announced already") && words.contains("--now"), "{words}");
    let (done, words) = said(&["keys", "rotate", "--now"]);
    assert!(done && kid(&words) == second, "{words}");
    let (done, words) = said(&["keys", "revoke", &first]);
    assert!(done && words.contains("the next key signs from now on"), "{words}");
    let (done, words) = said(&["keys", "revoke", &first]);
    assert!(done && words.contains("was revoked before"), "{words}");
    let list = said(&["keys"]).1;
    let states: Vec<_> = list.lines().collect();
    assert_eq!(states.len(), 3, "{list}");
    assert!(states[0].starts_with(&first) && states[0].contains("revoked: "), "{list}");
    assert!(states[1].starts_with(&second) && states[1].ends_with(", signing"), "{list}");

    for (kid, expected) in [
        ("x", "no signing key of this kid"),
        ("anchor", "the anchor cannot be revoked from here"),
        (&*anchor, "the anchor cannot be revoked from here"),
        ("refresh", "everybody would have to sign in anew"),
    ] {
        let (done, words) = said(&["keys", "revoke", kid]);
        assert!(!done && words.contains(expected) && words.lines().count() == 1, "{words}");
    }
    // Nothing of all this shows what is private (KEY-07).
    let file = std::fs::read_to_string(folder.path().join(".portcullis/keys/signing.json"));
    let file: serde_json::Value = serde_json::from_str(&file.unwrap()).unwrap();
    let shown = format!("{list}{}", said(&["keys", "show", &second]).1);
    for key in file["keys"].as_array().unwrap() {
        assert!(!shown.contains(key["jwk"]["d"].as_str().unwrap()));
    }
}

#[test]
fn roles_go_to_accounts_that_exist_and_fit_into_a_token() {
    let folder = served();
    let long = "x".repeat(65);
    for (arguments, expected) in [
        (&["user", "roles", "a@b.co", "admin"][..], "no account with this e-mail address"),
        (&["user", "roles", "nobody", "admin"], "e-mail address like"),
        (&["user", "roles", "a@b.co"], "--none"),
        (&["user", "roles", "a@b.co", "a,b"], "a role is 1 to 64"),
        (&["user", "roles", "a@b.co", &long], "a role is 1 to 64"),
    ] {
        let output = origin(&folder, arguments, &[]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    let list = origin(&folder, &["user", "list"], &[]);
    assert!(list.status.success() && list.stdout.is_empty());
}

#[test]
fn accounts_are_made_and_their_passwords_are_no_arguments() {
    let folder = served();
    let create = |arguments: &[&str], password: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_origin"))
            .args(["user", "create"])
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not read.
        child.stdin.take().unwrap().write_all(password.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), text(&[output.stdout, output.stderr].concat()))
    };
    let password = "correct horse battery\n";
    let named = ["--email", "Ada@example.com", "--role", "admin", "--role", "editor"];
    let (done, words) = create(&named, password);
    assert!(!done && words.contains("--password-stdin"), "{words}");
    let all = [&named[..], &["--password-stdin"]].concat();
    let (done, words) = create(&all, "short\n");
    assert!(!done && words.contains("8 characters"), "{words}");
    let (done, words) = create(&all, password);
    assert!(done && words.starts_with("ada@example.com  "), "{words}");
    let (done, words) = create(&all, password);
    assert!(!done && words.contains("exists"), "{words}");
    let list = text(&origin(&folder, &["user", "list"], &[]).stdout);
    assert!(list.trim_end().ends_with("[admin,editor]"), "{list}");

    for (command, expected) in [
        (&["disable"][..], "is disabled"),
        (&["enable"], "may sign in again"),
        (&["logout"], "all sessions of ada@example.com are ended"),
        (&["roles", "--none"], "roles of ada@example.com: none (its sessions are ended)"),
    ] {
        let arguments = [&["user"], command, &["ada@example.com"]].concat();
        let output = origin(&folder, &arguments, &[]);
        let said = text(&[output.stdout, output.stderr].concat());
        assert!(output.status.success() && said.contains(expected), "{said}");
        let arguments = [&["user"], command, &["bob@example.com"]].concat();
        let output = origin(&folder, &arguments, &[]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains("no account with this"), "{command:?}");
    }
}

/// Waits until the terminal of this process's child shows nothing of what is typed: a prompt comes a moment
/// before that.
fn wait_for_silence(process: u32) {
    let children = format!("/proc/{process}/task/{process}/children");
    let children = std::fs::read_to_string(children).expect("a child of ours");
    let terminal = format!("/proc/{}/fd/0", children.trim());
    let is_silent = || {
        let modes = Command::new("stty").args(["-a", "-F", &terminal]).output().expect("stty");
        text(&modes.stdout).split_whitespace().any(|mode| mode == "-echo")
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_silent() {
        assert!(Instant::now() < deadline, "the terminal still shows what is typed");
        sleep(Duration::from_millis(10));
    }
}

/// Somebody at a terminal: waits for each prompt, types, and sees what is shown.
fn at_a_terminal(folder: &TempDir, command: &str, typed: &[(&str, &str)]) -> (bool, String) {
    let line = format!("{} {command}", env!("CARGO_BIN_EXE_origin"));
    let mut child = Command::new("script")
        .args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script is installed (`sudo apt-get install bsdutils`)");
    let mut keyboard = child.stdin.take().expect("piped");
    let mut screen = child.stdout.take().expect("piped");
    let mut shown = Vec::new();
    for (prompt, answer) in typed {
        let mut byte = [0];
        while !text(&shown).ends_with(prompt) {
            assert_eq!(screen.read(&mut byte).expect("a screen"), 1, "{}", text(&shown));
            shown.extend(byte);
        }
        wait_for_silence(child.id());
        writeln!(keyboard, "{answer}").expect("a keyboard");
    }
    screen.read_to_end(&mut shown).expect("a screen");
    (child.wait().expect("a child of ours").success(), text(&shown))
}

#[test]
fn a_password_is_asked_for_at_a_terminal_twice_and_never_shown() {
    let folder = served();
    let create = "user create --email ada@example.com --role admin";
    let (password, another) = ("correct horse battery", "correct house battery");
    let prompts = ["Password: ", "The same again: "];
    let (done, shown) =
        at_a_terminal(&folder, create, &[(prompts[0], password), (prompts[1], another)]);
    assert!(!done && shown.contains("the two passwords differ"), "{shown}");
    assert!(text(&origin(&folder, &["user", "list"], &[]).stdout).is_empty());
    // What cannot be made is not asked about.
    let (done, shown) = at_a_terminal(&folder, "user create --email nobody", &[]);
    assert!(!done && shown.contains("e-mail address like"), "{shown}");
    let (done, shown) =
        at_a_terminal(&folder, create, &[(prompts[0], password), (prompts[1], password)]);
    assert!(done && shown.contains("ada@example.com  "), "{shown}");
    assert!(!shown.contains("horse") && !shown.contains("battery"), "{shown}");
    let list = text(&origin(&folder, &["user", "list"], &[]).stdout);
    assert!(list.trim_end().ends_with("[admin]"), "{list}");
}
