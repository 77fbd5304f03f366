//! What is said in two languages has the same commands in both.

use std::{collections::BTreeSet, error::Error, fs, path::Path};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn read(path: &str) -> Outcome<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(file).map_err(|error| format!("{path}: {error}").into())
}

/// The lines in fences, without the comments, which are in the reader's language.
fn fenced(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
            lines.push(line);
        } else if inside {
            lines.push(line.split(" # ").next().unwrap_or_default().trim_end());
        }
    }
    lines
}

/// What else is to be typed: the commands between backticks in the text and its tables.
fn named(text: &str) -> BTreeSet<String> {
    let is_command = |words: &str| {
        [
            "cargo ",
            "npx ",
            "origin ",
            "target/debug/origin ",
            "PORTCULLIS__",
            "docker ",
            "systemd-run ",
        ]
        .iter()
        .any(|program| words.starts_with(program))
    };
    let prose: String = text.split("\n```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2);
    // A command may run over the end of a line.
    spans
        .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|s| is_command(s))
        .collect()
}

#[test]
fn the_same_commands_stand_in_both_languages() -> Outcome {
    for (english, korean) in [
        ("README.md", "README.ko.md"),
        ("docs/deploy.md", "docs/ko/deploy.md"),
        ("docs/operations.md", "docs/ko/operations.md"),
        ("docs/policy.md", "docs/ko/policy.md"),
    ] {
        let (ours, theirs) = (read(english)?, read(korean)?);
        assert_eq!(fenced(&theirs), fenced(&ours), "{korean} (left) against {english}");
        let (ours, theirs) = (named(&ours), named(&theirs));
        assert!(ours.len() > 3, "{english} names {ours:?} alone");
        let missing: Vec<_> = ours.symmetric_difference(&theirs).collect();
        assert!(missing.is_empty(), "in one of {english} and {korean} alone: {missing:?}");
    }
    Ok(())
}
