//! The page of the demo app that shows the letters which the origin wrote into a folder: in
//! development there is no mailbox to look into.

use std::{fmt::Write as _, path::Path};

use axum::response::{Html, IntoResponse};

/// Letters that are shown, the latest first.
const SHOWN: usize = 50;

const HEAD: &str = include_str!("letters.html");

pub(super) async fn page(folder: impl AsRef<Path> + Send + 'static) -> impl IntoResponse {
    let mut page = HEAD.to_owned();
    let letters = tokio::task::spawn_blocking(move || read(folder.as_ref()));
    let letters = letters.await.unwrap_or_default();
    if letters.is_empty() {
        page += "<p>None yet. Create an account, or ask for a new password.</p>\n";
    }
    for letter in letters {
        page += "<pre>";
        for word in letter.split_inclusive(char::is_whitespace) {
            let (bare, behind) = word.split_at(word.trim_end().len());
            if bare.starts_with("http://") || bare.starts_with("https://") {
                let bare = escaped(bare);
                // Writing to a text does not fail.
                let _ = write!(page, "<a href=\"{bare}\">{bare}</a>");
            } else {
                page += &escaped(bare);
            }
            page += behind;
        }
        page += "</pre>\n";
    }
    Html(page + "</main>\n</html>\n")
}

/// The latest letters; none where there is no folder.
fn read(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    // Their names sort by time.
    files.sort();
    files.iter().rev().take(SHOWN).filter_map(|file| std::fs::read_to_string(file).ok()).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
