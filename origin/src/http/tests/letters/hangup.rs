//! Clients that hang up before they are answered, on a real socket.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::*;
use crate::http::{Doors, serve};

/// How many passwords are looked at before the one that is chosen.
const BEFORE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_set_whatever_becomes_of_the_connection_and_of_the_process() {
    let post = Post::start(&[("PORTCULLIS__PASSWORDS__MAX_CONCURRENT", "1")]).await;
    let origin = &post.origin;
    let signed_in = origin.sign_in("a@b.co").await;
    post.forgot("a@b.co").await.expect_status(202);
    post.quiet().await;
    let letters = post.letters();
    let reset = letters.iter().find(|letter| letter.contains("/auth/reset?token=")).unwrap();
    let (_, token) = reset.split_once("?token=").unwrap();
    let token = token.split_whitespace().next().unwrap();

    let settings = ["LISTEN", "OPERATOR_LISTEN"]
        .map(|key| (format!("PORTCULLIS__SERVER__{key}"), String::from("127.0.0.1:0")));
    let Doors { public: door, .. } =
        Doors::open(&Config::load(None, settings).unwrap().server).await.unwrap();
    let (address, (stop, stopped)) = (door.address, watch::channel(false));
    let serving = tokio::spawn(serve(door, origin.router.clone(), stopped));

    let wrong = json!({ "email": "a@b.co", "password": "a wrong password" }).to_string();
    let tried: Vec<_> = (0..BEFORE)
        .map(|_| {
            origin.router.clone().oneshot(super::super::post("/auth/login", wrong.clone(), &[]))
        })
        .map(tokio::spawn)
        .collect();
    let work = &origin.services.work;
    let busy = async |count| {
        while work.under_way() < count {
            tokio::task::yield_now().await;
        }
    };
    busy(BEFORE).await;
    let body = json!({ "token": token, "password": OTHER }).to_string();
    let request = format!(
        "POST /auth/password/reset HTTP/1.1\r\nhost: origin.test\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut line = TcpStream::connect(address).await.unwrap();
    line.write_all(request.as_bytes()).await.unwrap();
    busy(BEFORE + 1).await;
    drop(line);
    stop.send_replace(true);
    serving.await.unwrap();
    work.done().await;

    for login in tried {
        assert_eq!(login.await.unwrap().unwrap().status(), 401);
    }
    post.login(OTHER).await.expect_status(200);
    post.login(PASSWORD).await.expect(401, "credentials_invalid");
    let me = origin.get("/auth/me", &[("authorization", &signed_in.bearer())]).await;
    me.expect(401, "token_revoked");
}
