//! The letter to whoever's sign-in was in two hands.

use super::*;

const SUBJECT: &str = "Subject: A session was ended for safety / 보안을 위해";

/// Has a session of somebody ended by a refresh token that comes again.
async fn reused(post: &Post, password: &str) {
    let first = post.login(password).await.member("refresh_token");
    let next = async |token: &str| {
        let headers = [
            ("x-portcullis-edge", EDGE_SECRET),
            ("x-portcullis-client-ip", "192.0.2.7"),
            ("x-portcullis-place", "Seoul,%20KR"),
            ("user-agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36"),
        ];
        post.origin.post("/auth/refresh", json!({ "refresh_token": token }), &headers).await
    };
    let second = next(&first).await.member("refresh_token");
    next(&second).await.expect_status(200);
    next(&first).await.expect(401, "refresh_reused");
}

fn alarms(letters: &[String]) -> Vec<&String> {
    letters.iter().filter(|letter| letter.contains(SUBJECT)).collect()
}

/// All letters, once there are so many of these.
async fn told(post: &Post, count: usize) -> Vec<String> {
    let since = Instant::now();
    loop {
        let letters = post.letters();
        if alarms(&letters).len() >= count {
            return letters;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "{letters:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn rtr_18_the_owner_is_told_of_a_reuse_once_an_hour() {
    let post = Post::strict().await;
    reused(&post, PASSWORD).await;
    let letters = told(&post, 1).await;
    let [letter] = alarms(&letters)[..] else { panic!("{letters:?}") };
    for words in [
        "To: a@b.co\n",
        "Who came: Chrome, Windows (Seoul, KR)",
        "접속한 기기: Chrome, Windows (Seoul, KR)",
        " UTC somebody came to localhost:8787",
        "http://localhost:8787/auth/account",
        "http://localhost:8787/auth/forgot",
    ] {
        assert!(letter.contains(words), "{words} is not in {letter}");
    }
    assert!(!letter.contains("eyJ"), "{letter}");
    reused(&post, PASSWORD).await;
    assert!(alarms(&post.quiet().await).is_empty(), "it was told");
    let earlier = "UPDATE proof SET made_at = made_at - 3600 WHERE purpose = 'alarm'";
    post.origin.sql("accounts.db", earlier).await;
    reused(&post, PASSWORD).await;
    told(&post, 2).await;
}

#[tokio::test]
async fn rtr_18_nobody_is_told_at_an_address_that_they_did_not_prove() {
    let post = Post::start(&[]).await;
    post.register("a@b.co", PASSWORD).await;
    reused(&post, PASSWORD).await;
    assert!(alarms(&post.quiet().await).is_empty());
}
