//! What is peculiar to the providers that are known by name.

use super::*;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

/// An origin that knows the provider by `idp` as one of these.
async fn origin_as(preset: &str, upstream: &Upstream, more: &[(&str, &str)]) -> Origin {
    origin_with(upstream, &[&[("PORTCULLIS__OAUTH__IDP__PRESET", preset)], more].concat()).await
}

fn claims(changes: Value) -> Manner {
    Manner { claims: changes, ..Manner::default() }
}

async fn verified(origin: &Origin) -> Option<bool> {
    accounts(origin).await.first().map(|account| account.email_verified)
}

#[tokio::test]
async fn oid_15_16_google_lets_in_the_domain_that_its_token_names() {
    let upstream = Upstream::start().await;
    let domain = ("PORTCULLIS__OAUTH__IDP__ALLOW_DOMAINS", "Example.com");
    let origin = origin_as("google", &upstream, &[domain]).await;
    let departed = depart(&origin, "/auth/oauth/idp").await;
    assert_eq!(departed.asked["hd"], "example.com");
    for hd in
        [json!(null), json!("evil.example"), json!("example.com.evil"), json!(["example.com"])]
    {
        upstream.set(claims(json!({"hd": hd})));
        let answer = go(&origin, &upstream).await;
        is_refused(&origin, &answer, 403, "This account may not sign in here.").await;
    }
    let bare = upstream.url.trim_start_matches("http://").to_owned();
    for iss in [upstream.url.clone(), bare] {
        upstream.set(claims(json!({"hd": "example.com", "iss": iss})));
        assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
    }
    assert_eq!(accounts(&origin).await.len(), 1, "both names are one issuer");
    upstream.set(claims(json!({"hd": "example.com", "iss": format!("{}.evil", upstream.url)})));
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 502);
}

#[tokio::test]
async fn elsewhere_a_domain_is_that_of_a_proven_address() {
    let upstream = Upstream::start().await;
    let domain = ("PORTCULLIS__OAUTH__IDP__ALLOW_DOMAINS", "example.com, example.org");
    let origin = origin_with(&upstream, &[domain]).await;
    for changes in [
        json!({"email": "ada@evil.example"}),
        json!({"email": "ada@sub.example.com"}),
        json!({"email_verified": false}),
        json!({"email": null, "hd": "example.com"}),
    ] {
        upstream.set(claims(changes));
        let answer = go(&origin, &upstream).await;
        is_refused(&origin, &answer, 403, "This account may not sign in here.").await;
    }
    upstream.set(claims(json!({"email": "ada@example.org"})));
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
}

#[tokio::test]
async fn oid_21_apple_posts_a_form_knows_us_by_a_key_and_writes_true_as_a_text() {
    let upstream = Upstream::start().await;
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let body = STANDARD.encode(pair.to_pkcs8v1().unwrap());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let issuer = upstream.issuer();
    let settings = [
        ("PORTCULLIS__OAUTH__IDP__PRESET", "apple"),
        ("PORTCULLIS__OAUTH__IDP__ISSUER", issuer.as_str()),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", CLIENT),
        ("PORTCULLIS__OAUTH__IDP__TEAM_ID", "TEAM123456"),
        ("PORTCULLIS__OAUTH__IDP__KEY_ID", "KEY1234567"),
        ("PORTCULLIS__OAUTH__IDP__PRIVATE_KEY", &pem),
    ];
    let origin = Origin::with(&settings).await;
    let departed = depart(&origin, "/auth/oauth/idp").await;
    assert_eq!(departed.asked["response_mode"], "form_post");
    let metadata = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
    for (said, expected) in [(json!("true"), true), (json!(true), true), (json!("false"), false)] {
        let origin = Origin::with(&settings).await;
        upstream
            .set(Manner { metadata: metadata.clone(), ..claims(json!({"email_verified": said})) });
        assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
        assert_eq!(verified(&origin).await, Some(expected), "{said}");
    }
    let secret = upstream.field("client_secret").unwrap();
    let key = jsonwebtoken::DecodingKey::from_ec_der(pair.public_key().as_ref());
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_audience(&["https://appleid.apple.com"]);
    rules.set_issuer(&["TEAM123456"]);
    let token = jsonwebtoken::decode::<Value>(&secret, &key, &rules).unwrap();
    assert_eq!(token.header.kid.as_deref(), Some("KEY1234567"));
    assert_eq!(token.claims["sub"], CLIENT);
}

#[tokio::test]
async fn oid_11_microsoft_s_word_for_an_address_is_one_claim_alone() {
    const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let upstream = Upstream::at("/common/v2.0").await;
    let of = |tenant: &str| format!("{}/{tenant}/v2.0", upstream.url);
    let metadata = json!({"issuer": of("{tenantid}")});
    for (more, expected) in [
        (json!({"email_verified": true}), false),
        (json!({"email_verified": true, "xms_edov": false}), false),
        (json!({"xms_edov": "0"}), false),
        (json!({"xms_edov": true}), true),
        (json!({"xms_edov": 1}), true),
        (json!({"xms_edov": "1"}), true),
    ] {
        let origin = origin_as("microsoft", &upstream, &[]).await;
        let mut claims = json!({"iss": of(TENANT), "tid": TENANT});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        upstream.set(Manner { metadata: metadata.clone(), claims, ..Manner::default() });
        assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
        assert_eq!(verified(&origin).await, Some(expected), "{more}");
    }
    let origin = origin_as("microsoft", &upstream, &[]).await;
    for claims in [
        json!({"iss": of(TENANT), "tid": "00000000-6c67-4c5b-b112-36a304b66dad"}),
        json!({"iss": of(TENANT)}),
        json!({"iss": of("{tenantid}"), "tid": "{tenantid}"}),
        json!({"iss": upstream.issuer(), "tid": "common"}),
    ] {
        upstream.set(Manner { metadata: metadata.clone(), claims, ..Manner::default() });
        is_refused(&origin, &go(&origin, &upstream).await, 502, "did not answer as it should")
            .await;
    }
}

#[tokio::test]
async fn kakao_says_in_its_userinfo_whether_an_address_is_proven() {
    let upstream = Upstream::start().await;
    for (said, expected) in [(json!(true), true), (json!(false), false), (json!("true"), false)] {
        let origin = origin_as("kakao", &upstream, &[]).await;
        let departed = depart(&origin, "/auth/oauth/idp").await;
        assert_eq!(departed.asked["scope"], "openid account_email profile_nickname");
        upstream.set(Manner {
            claims: json!({"email_verified": null, "nickname": "에이다", "name": null}),
            userinfo: json!({"email": "ada@example.com", "email_verified": said}),
            ..Manner::default()
        });
        assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
        assert_eq!(verified(&origin).await, Some(expected));
    }
}

/// Of a provider without discovery.
fn endpoints(upstream: &Upstream) -> [(String, String); 4] {
    [("AUTHORIZE", "authorize"), ("TOKEN", "token"), ("USER", "userinfo"), ("EMAILS", "emails")]
        .map(|(key, path)| {
            let name = format!("PORTCULLIS__OAUTH__IDP__ENDPOINTS__{key}");
            (name, format!("{}/{path}", upstream.url))
        })
}

async fn plain(preset: &str, upstream: &Upstream, known: usize) -> Origin {
    let endpoints = endpoints(upstream);
    let own = [
        ("PORTCULLIS__OAUTH__IDP__PRESET", preset),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_ID", CLIENT),
        ("PORTCULLIS__OAUTH__IDP__CLIENT_SECRET", SECRET),
    ];
    let more = endpoints.iter().take(known).map(|(name, value)| (name.as_str(), value.as_str()));
    Origin::with(&own.into_iter().chain(more).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn github_vouches_for_the_main_address_once_it_is_proven() {
    let upstream = Upstream::start().await;
    let address = |email: &str, primary: bool, verified: Value| json!({"email": email, "primary": primary, "verified": verified, "visibility": null});
    let origin = plain("github", &upstream, 4).await;
    for (user, emails, status) in [
        (json!({"id": 7, "email": "x@y.zz"}), json!([]), 403),
        (json!({"id": 7}), json!([address("a@b.co", true, json!(false))]), 403),
        (json!({"id": 7}), json!([address("a@b.co", true, json!("true"))]), 403),
        (json!({"id": 7}), json!([address("a@b.co", false, json!(true))]), 403),
        (json!({"id": "7"}), json!([address("a@b.co", true, json!(true))]), 502),
        (json!({"login": "ada"}), json!([address("a@b.co", true, json!(true))]), 502),
    ] {
        let mut userinfo = user.clone();
        userinfo["emails"] = emails;
        upstream.set(Manner { userinfo, ..Manner::default() });
        let words = if status == 403 { "shared no e-mail address" } else { "did not answer" };
        is_refused(&origin, &go(&origin, &upstream).await, status, words).await;
    }
    let emails =
        json!([address("b@b.co", false, json!(true)), address("a@b.co", true, json!(true))]);
    let userinfo = json!({"id": 7, "login": "ada", "name": "Ada", "emails": emails});
    upstream.set(Manner { userinfo, ..Manner::default() });
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
    let [account] = &accounts(&origin).await[..] else { panic!("one account") };
    assert_eq!((&*account.email, account.email_verified), ("a@b.co", true));
    assert_eq!(upstream.field("client_secret").as_deref(), Some(SECRET));
    // Its errors come with 200.
    let error = json!({"error": "bad_verification_code", "error_description": "…"});
    upstream.set(Manner { answer: error, ..Manner::default() });
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 400);
}

#[tokio::test]
async fn naver_vouches_for_no_address() {
    let upstream = Upstream::start().await;
    let origin = plain("naver", &upstream, 3).await;
    for userinfo in [
        json!({"resultcode": "024", "message": "Authentication failed"}),
        json!({"resultcode": "024", "response": {"id": "x", "email": "a@b.co"}}),
        json!({"resultcode": "00", "response": {"email": "a@b.co"}}),
    ] {
        upstream.set(Manner { userinfo, ..Manner::default() });
        is_refused(&origin, &go(&origin, &upstream).await, 502, "did not answer").await;
    }
    let user = json!({"id": "x", "email": "a@b.co", "name": "에이다"});
    let userinfo = json!({"resultcode": "00", "message": "success", "response": user});
    upstream.set(Manner { userinfo, ..Manner::default() });
    assert_eq!(go(&origin, &upstream).await.status.as_u16(), 303);
    assert_eq!(verified(&origin).await, Some(false));
    assert_eq!(upstream.field("state").unwrap().len(), 43);
}
