//! The page of the demo app that shows the letters which the origin wrote into a folder: in
//! development there is no mailbox to look into.

use std::{fmt::Write as _, path::Path};

use axum::response::{Html, IntoResponse};

use super::pages::{self, Language};

/// Letters that are shown, the latest first.
const SHOWN: usize = 50;

pub(super) async fn page(
    folder: impl AsRef<Path> + Send + 'static,
    language: Language,
) -> impl IntoResponse {
    let title = language.choose("Letters that were sent", "보낸 메일");
    let told = language.choose(
        "In development letters are files, and this page shows them, the latest first.",
        "개발 중에는 메일을 파일로 저장합니다. 최근 메일부터 보여 줍니다.",
    );
    let back = language.choose("Back", "돌아가기");
    let mut page = format!("<h1>{title}</h1>\n<p>{told}</p>\n<p><a href=\"/\">{back}</a></p>\n");
    let letters = tokio::task::spawn_blocking(move || read(folder.as_ref()));
    let letters = letters.await.unwrap_or_default();
    if letters.is_empty() {
        page += language.choose(
            "<p class=\"soft\">None yet. Create an account, or ask for a new password.</p>\n",
            "<p class=\"soft\">아직 메일이 없습니다. 계정을 만들거나 새 비밀번호를 요청해 보세요.</p>\n",
        );
    }
    for letter in letters {
        page += "<pre class=\"letter\">";
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
    Html(pages::page(language, title, &page))
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
