//! Signing in by a login at a real provider, through the edge: there and back with cookies and the way
//! back, once only, by new keys, and with clocks that are apart.

use std::time::{Duration, Instant};

use e2e::provider::Provider;
use e2e::{Answer, Client, Fleet, Outcome, Plan};
use reqwest::Method;

const COOKIE: &str = "__Host-at-sign-in";
/// How seldom the origin looks for an unknown key.
const COOL_DOWN: Duration = Duration::from_secs(10);

pub(crate) async fn tell() -> Outcome {
    let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
    let mut provider = Provider::start(folder.path()).await?;
    let settings = [
        ("oauth.idp.issuer", provider.issuer()),
        ("oauth.idp.client_id", "portcullis".into()),
        ("oauth.idp.client_secret", "portcullis has a secret, too".into()),
    ];
    let settings = settings.map(|(key, value)| (key.into(), value)).to_vec();
    let mut fleet = Fleet::start(Plan { locations: 1, settings, ..Plan::default() }).await?;

    // OID-22: all the way, from the page that the edge sends a browser to.
    let mut browser = fleet.edge(0)?;
    let request = browser.request(Method::GET, "/orders?page=2");
    let page = request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
    let sent = browser.send(page).await?.expect(303)?;
    let login = browser.get_plain(sent.header("location")).await?.expect(200)?;
    let way = "/auth/oauth/idp?return_to=%2Forders%3Fpage%3D2";
    assert!(login.body.contains(way), "{}", login.body);
    let (back, answer) = sign_in(&mut browser, &provider, way).await?;
    assert_eq!(answer.header("location"), "/orders?page=2");
    assert_eq!(browser.cookie(COOKIE), None);
    let call = browser.browse(Method::GET, "/orders?page=2", None).await?.expect(200)?;
    assert_eq!(call.seen("x-auth-email-verified"), ["true"]);
    let subject = call.seen("x-auth-subject");

    // Nothing was asked of a browser that the provider knew, for all one can tell; then it is asked.
    let told = link(&browser).await?.expect(403)?;
    assert!(told.body.contains("afresh=true"), "{}", told.body);
    sign_in(&mut browser, &provider, "/auth/oauth/idp?afresh=true").await?;
    link(&browser).await?.expect(200)?;

    // OID-06: what came back is of no more use, here or elsewhere.
    browser.browse(Method::GET, &back, None).await?.expect(400)?;
    fleet.edge(0)?.get_plain(&back).await?.expect(400)?;

    // The app is never shown what ties a sign-in to the browser (CKS-07).
    let mut other = fleet.edge(0)?;
    other.browse(Method::GET, "/auth/oauth/idp", None).await?.expect(303)?;
    assert!(other.cookie(COOKIE).is_some());
    other.keep("theme", "dark");
    let call = other.browse(Method::GET, "/public/x", None).await?.expect(200)?;
    assert_eq!(call.seen("cookie"), ["theme=dark"]);

    // OID-21: a form of the provider's, without cookies of ours, gets through the edge.
    let form = other.request(Method::POST, "/auth/oauth/idp/callback");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let form = form.header("sec-fetch-site", "cross-site").header("origin", "https://idp.example");
    let bounced = other.send(form.body("code=c&state=s&user=u")).await?.expect(303)?;
    assert_eq!(bounced.header("location"), "/auth/oauth/idp/callback?code=c&state=s");

    // OID-22: clocks half a minute apart, and new keys.
    provider.with_clock_ahead(28).await?;
    sign_in(&mut fleet.edge(0)?, &provider, way).await?;
    provider.with_clock_ahead(0).await?;
    provider.rotate().await?;
    tokio::time::sleep(COOL_DOWN).await;
    let mut again = fleet.edge(0)?;
    sign_in(&mut again, &provider, way).await?;
    let call = again.browse(Method::GET, "/orders", None).await?.expect(200)?;
    assert_eq!(call.seen("x-auth-subject"), subject, "the same person");

    without_the_provider(&mut fleet, &mut provider, way).await?;
    fleet.end().await
}

/// OID-10: where the provider is gone there is a page that says so, on the way back and on the way there;
/// and all is well once it is back.
async fn without_the_provider(fleet: &mut Fleet, provider: &mut Provider, way: &str) -> Outcome {
    let mut browser = fleet.edge(0)?;
    let sent = browser.browse(Method::GET, way, None).await?.expect(303)?;
    let back = provider.visit(sent.header("location")).await?;
    provider.kill();
    says_so(browser.browse(Method::GET, &back, None).await?)?;
    for name in ["__Host-at", "__Host-rt", COOKIE] {
        assert_eq!(browser.cookie(name), None);
    }
    // What it said of itself is kept, so browsers are sent there; by an origin that never heard it, none is.
    let there = browser.browse(Method::GET, way, None).await?.expect(303)?;
    assert!(there.header("location").starts_with(&provider.issuer()));
    let origin = &mut fleet.origins[0];
    origin.process.kill();
    origin.process.start()?;
    origin.ready().await?;
    let mut browser = fleet.edge(0)?;
    says_so(browser.browse(Method::GET, way, None).await?)?;
    assert_eq!(browser.cookie(COOKIE), None);

    provider.again().await?;
    let since = Instant::now();
    while browser.browse(Method::GET, way, None).await?.expect_any(&[303, 502])? == 502 {
        assert!(since.elapsed() < COOL_DOWN, "a provider that is back is not asked");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    sign_in(&mut browser, provider, way).await?;
    Ok(())
}

/// A page for people, with the way back to the sign-in.
fn says_so(answer: Answer) -> Outcome {
    let page = answer.expect(502)?;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for words in ["The provider did not answer as it should.", "/auth/login?return_to=%2Forders"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    Ok(())
}

/// Asks for a link, as the button on the account page does.
async fn link(browser: &Client) -> Outcome<Answer> {
    let mut cookies = String::new();
    for name in ["__Host-at", "__Host-rt"] {
        cookies += &format!("{name}={}; ", browser.cookie(name).unwrap_or_default());
    }
    let form = browser.request(Method::POST, "/auth/account/link").header("cookie", cookies);
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let form = form.header("sec-fetch-site", "same-origin").body("provider=idp");
    browser.send(form).await
}

/// All the way there and back; the address of the way back, and the answer that begins the session.
async fn sign_in(
    browser: &mut Client,
    provider: &Provider,
    way: &str,
) -> Outcome<(String, Answer)> {
    let sent = browser.browse(Method::GET, way, None).await?.expect(303)?;
    let back = provider.visit(sent.header("location")).await?;
    // RFC 9207: this provider names itself.
    assert!(back.contains("&iss=http%3A%2F%2F127.0.0.1"), "{back}");
    let answer = browser.browse(Method::GET, &back, None).await?.expect(303)?;
    for name in ["__Host-at", "__Host-rt"] {
        assert!(browser.cookie(name).is_some(), "{name}");
    }
    Ok((back, answer))
}
