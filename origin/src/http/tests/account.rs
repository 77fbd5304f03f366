//! The account page, as a browser without scripts uses it.

use super::pages::{FORM, OWN, is_page, send};
use super::*;

const CHROME: (&str, &str) = (
    "user-agent",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/131.0.0.0 Safari/537.36",
);
const PAGE_LOAD: [(&str, &str); 3] =
    [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// A browser's cookies after a sign-in by the form.
async fn browser(origin: &Origin, from: &[(&str, &str)]) -> [String; 2] {
    let body = serde_urlencoded::to_string([("email", "a@b.co"), ("password", PASSWORD)]).unwrap();
    let headers = [&[FORM, OWN], from].concat();
    cookies(&origin.send(request("POST", "/auth/login", body.into(), &headers)).await)
}

fn cookies(answer: &Answer) -> [String; 2] {
    ["__Host-at", "__Host-rt"].map(|name| format!("{name}={}", answer.cookie(name)))
}

fn sid_in(page: &str) -> &str {
    let rest = page.split_once(r#"name="sid" value=""#).unwrap().1;
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_end_it_there() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let edge = [("x-portcullis-edge", EDGE_SECRET), ("x-portcullis-client-ip", "192.0.2.7")];
    let placed = [CHROME, edge[0], edge[1], ("x-portcullis-place", "S%C3%A3o%20Paulo%2C%20BR")];
    let here = browser(&origin, &placed).await.join("; ");
    let forger = [("user-agent", "curl/8"), ("x-portcullis-place", "Atlantis")];
    let there = browser(&origin, &forger).await;

    let page = origin.get("/auth/account", &[("cookie", &here)]).await;
    is_page(&page, 200);
    for part in ["Chrome on macOS", "São Paulo, BR", "This device", ">curl<", "a@b.co"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("Atlantis"), "only an edge is believed");
    let list = origin.get("/auth/sessions", &[("cookie", &here)]).await.json();
    let first = &list["sessions"].as_array().unwrap()[1];
    assert_eq!((&first["device"], &first["current"]), (&json!("Chrome on macOS"), &json!(true)));
    assert_eq!(first["place"], "São Paulo, BR");

    let cookie = [("cookie", &*here), FORM, OWN];
    let ending =
        |path: &str, body: String| origin.send(request("POST", path, body.into(), &cookie));
    let sid = sid_in(&page.text);
    let answer = ending("/auth/account/sessions/end", format!("sid={sid}")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/auth/account"));
    let gone = origin.get("/auth/me", &[("cookie", &there[0])]).await;
    gone.expect(401, "token_revoked");

    let other = browser(&origin, &forger).await;
    let answer = ending("/auth/account/sessions/end-others", String::new()).await;
    assert_eq!(answer.status.as_u16(), 303);
    origin.get("/auth/me", &[("cookie", &other[0])]).await.expect(401, "token_revoked");
    assert_eq!(origin.get("/auth/me", &[("cookie", &here)]).await.status, 200);
    let page = origin.get("/auth/account", &[("cookie", &here)]).await;
    assert!(!page.text.contains("end-others"), "there are none: {}", page.text);
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_and_back() {
    let origin = Origin::start().await;
    let answer = origin.get("/auth/account?x=1", &PAGE_LOAD).await;
    let there = "/auth/login?return_to=%2Fauth%2Faccount%3Fx%3D1";
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, there));
    let answer = send(&origin, "/auth/account/sessions/end-others", &[]).await;
    let there = "/auth/login?return_to=%2Fauth%2Faccount";
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, there));
}

#[tokio::test]
async fn a_page_whose_access_cookie_ran_out_is_refreshed_for_and_shown() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let [access, refresh] = browser(&origin, &[CHROME]).await;
    // Not for what another site has loaded, say into a picture.
    let foreign = [("cookie", &*refresh), ("sec-fetch-site", "cross-site")];
    assert_eq!(origin.get("/auth/account", &foreign).await.status.as_u16(), 303);
    let headers = [&[("cookie", &*refresh)], &PAGE_LOAD[..]].concat();
    let shown = origin.get("/auth/account", &headers).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let renewed = cookies(&shown);
    assert_ne!(renewed[1], refresh);
    assert_eq!(origin.get("/auth/me", &[("cookie", &renewed[0])]).await.status, 200);

    // The same for a form: it is done, and the way back brings the cookies.
    let headers = [("cookie", &*renewed[1]), FORM, OWN];
    let path = "/auth/account/sessions/end-others";
    let answer = origin.send(request("POST", path, Body::empty(), &headers)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/auth/account"));
    let last = cookies(&answer);
    let foreign = [("cookie", &*last[1]), FORM, ("sec-fetch-site", "same-site")];
    origin.send(request("POST", path, Body::empty(), &foreign)).await.expect(403, "cross_site");

    let headers = [("cookie", &*access), OWN];
    origin.send(request("POST", "/auth/logout", Body::empty(), &headers)).await;
    let last = last.join("; ");
    let over = [&[("cookie", &*last)], &PAGE_LOAD[..]].concat();
    let answer = origin.get("/auth/account", &over).await;
    assert_eq!(answer.status.as_u16(), 303);
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn what_a_device_calls_itself_stays_text() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let hostile = [("user-agent", "\"><script>alert(1)</script>")];
    let cookie = browser(&origin, &hostile).await.join("; ");
    let page = origin.get("/auth/account", &[("cookie", &cookie), ("accept-language", "ko")]).await;
    is_page(&page, 200);
    assert!(page.text.contains("알 수 없는 기기") && page.text.contains("&quot;&gt;&lt;script"));
}
