//! The story in the README, typed as written, gives the printed results.

use std::process::Stdio;

use e2e::{Outcome, World};
use tokio::process::Command;

const README: &str = include_str!("../../README.md");
/// Parts the output of one command from the next; nothing that is printed holds it.
const MARK: char = '\u{1e}';

pub(crate) async fn tell(world: &mut World) -> Outcome {
    let steps = steps(README);
    assert!(steps.len() > 8, "the README has lost its story: {} commands", steps.len());
    let mut script = String::new();
    for step in &steps {
        script += step.command;
        script += &format!("\nprintf '{MARK}'\n");
    }
    let edge = format!("localhost:{}", world.stack.ports().edge);
    let folder = tempfile::tempdir()?;
    let output = Command::new("bash")
        .arg("-c")
        .arg(script.replace("localhost:8787", &edge))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .await?;
    let said = String::from_utf8(output.stdout)?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    let answers: Vec<&str> = said.split_terminator(MARK).collect();
    assert_eq!(answers.len(), steps.len(), "bash stopped early: {complaint}");
    for (step, answer) in steps.iter().zip(answers) {
        let (printed, got) = (masked(&step.printed), masked(answer));
        assert_eq!(got, printed, "after `{}`: {complaint}", step.command);
    }
    Ok(())
}

struct Step<'r> {
    command: &'r str,
    printed: String,
}

/// The commands of the README's console blocks, each with what it is said to print.
fn steps(readme: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            steps.push(Step { command, printed: String::new() });
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            step.printed += line;
            step.printed.push('\n');
        }
    }
    steps
}

/// What differs from run to run, made the same: ids, times, and white space at the ends of lines.
fn masked(text: &str) -> String {
    let mut words = String::new();
    for line in text.trim_end().lines() {
        let mut word = String::new();
        for c in line.trim_end().chars().chain([' ']) {
            if c.is_ascii_hexdigit() || c == '-' {
                word.push(c);
                continue;
            }
            words += if is_uuid(&word) {
                "UUID"
            } else if is_time(&word) {
                "TIME"
            } else {
                &word
            };
            words.push(c);
            word.clear();
        }
        words.push('\n');
    }
    words
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

fn is_time(word: &str) -> bool {
    word.len() == 10 && word.bytes().all(|b| b.is_ascii_digit())
}
