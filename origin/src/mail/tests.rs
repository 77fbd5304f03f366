use std::os::unix::fs::PermissionsExt as _;

use common::Secret;

use super::*;
use crate::config::{Encryption, Smtp};
use crate::port::{Letter, MailFault, Mailer as _};

fn letter(to: &str) -> Letter {
    let text = Secret::new(String::from("열어 주세요: https://a.example/auth/verify?token=x\n"));
    Letter { to: String::from(to), subject: "이메일 주소", text }
}

#[tokio::test]
async fn a_letter_is_a_whole_file_that_nobody_else_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters");
    let mailer = Folder::open(path.clone(), "Us <us@a.example>".parse().unwrap()).unwrap();
    for to in ["a@b.co", "c@b.co"] {
        mailer.send(&letter(to)).await.unwrap();
    }
    let mut files: Vec<_> =
        std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2);
    for (file, to) in files.iter().zip(["a@b.co", "c@b.co"]) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(&format!("To: {to}\n")) && text.contains("token=x"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_later_and_an_odd_address_never() {
    let server = Smtp {
        host: String::from("127.0.0.1"),
        port: 1,
        encryption: Encryption::StartTls,
        credentials: None,
    };
    let mailer = SmtpMailer::new(&server, "us@a.example".parse().unwrap()).unwrap();
    let away = mailer.send(&letter("a@b.co")).await.unwrap_err();
    assert!(matches!(away, MailFault::Later(_)), "{away:?}");
    let odd = mailer.send(&letter("a@b.co\r\nbcc: c@b.co")).await.unwrap_err();
    assert!(matches!(odd, MailFault::Refused(_)), "{odd:?}");
    for fault in [away, odd] {
        let told = format!("{fault} {fault:?}");
        assert!(!told.contains("b.co") && !told.contains("token"), "{told}");
    }
}
