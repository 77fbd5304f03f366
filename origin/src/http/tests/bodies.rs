//! Hostile and awkward bodies.

use super::*;
use crate::port::Email;

#[tokio::test]
async fn pwd_12_iss_10_a_body_is_one_object_of_known_members_or_nothing() {
    let origin = Origin::start().await;
    let deep = format!(r#"{{"email":{}1{}}}"#, "[".repeat(7_000), "]".repeat(7_000));
    let deep_unknown = format!(r#"{{"x":{}1{}}}"#, "[".repeat(7_000), "]".repeat(7_000));
    for body in [
        "",
        " ",
        "null",
        "1",
        r#""text""#,
        "[]",
        r#"["a@b.co","correct horse battery"]"#,
        r#"[{"email":"a@b.co","password":"correct horse battery"}]"#,
        r#"{"email":"a@b.co"}"#,
        r#"{"password":"correct horse battery"}"#,
        r#"{"email":"a@b.co","password":1}"#,
        r#"{"email":"a@b.co","password":null}"#,
        r#"{"email":"a@b.co","password":["correct horse battery"]}"#,
        r#"{"email":{"a":1},"password":"correct horse battery"}"#,
        r#"{"email":"a@b.co","password":"correct horse battery","is_admin":true}"#,
        r#"{"email":"a@b.co","password":"correct horse battery","roles":["admin"]}"#,
        r#"{"email":"a@b.co","password":"one password","password":"another one"}"#,
        r#"{"email":"a@b.co","password":"one password","pass\u0077ord":"another one"}"#,
        r#"{"email":"a@b.co","password":"correct horse battery"}x"#,
        r#"{"email":"a@b.co","password":"correct horse battery"}{}"#,
        r#"{"email":"a@b.co","password":"correct horse battery",}"#,
        r#"{"email":"a@b.co","password":"\ud800 lone surrogate"}"#,
        "{\"email\":\"a@b.co\",\"password\":\"line\nbreak in it\"}",
        "{'email':'a@b.co','password':'correct horse battery'}",
        &deep,
        &deep_unknown,
    ] {
        for path in ["/auth/register", "/auth/login"] {
            let answer = origin.send(post(path, String::from(body), &[])).await;
            answer.expect(400, "request_invalid");
            assert!(answer.member("detail").contains("`email`"), "{}", answer.text);
        }
    }
    let not_utf8 =
        [&b"{\"email\":\"a@b.co\",\"password\":\"\xff\xfe correct horse\"}"[..]].concat();
    origin.send(post("/auth/login", not_utf8, &[])).await.expect(400, "request_invalid");
    let nobody =
        origin.services.login.accounts.by_email(&Email::parse("a@b.co").unwrap()).await.unwrap();
    assert!(nobody.is_none());
}

#[tokio::test]
async fn pwd_12_cks_04_only_json_is_read() {
    let origin = Origin::start().await;
    let body = json!({ "email": "a@b.co", "password": PASSWORD }).to_string();
    for types in [
        &[][..],
        &["text/plain"],
        &["application/x-www-form-urlencoded", "application/json"],
        &["multipart/form-data; boundary=x"],
        &["text/plain; application/json"],
        &["application/jsonp"],
        &["application/json", "text/plain"],
        &["application/problem+json"],
    ] {
        let headers: Vec<_> = types.iter().map(|value| ("content-type", *value)).collect();
        let request = request("POST", "/auth/register", Body::from(body.clone()), &headers);
        origin.send(request).await.expect(415, "media_type_unsupported");
    }
    let packed = post("/auth/register", body.clone(), &[("content-encoding", "gzip")]);
    origin.send(packed).await.expect(415, "media_type_unsupported");
    let headers = [("content-type", "Application/JSON ; charset=utf-8")];
    let request = request("POST", "/auth/register", Body::from(body), &headers);
    assert_eq!(origin.send(request).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn pwd_02_a_body_above_16_kib_is_refused_and_a_password_above_256_bytes_too() {
    let origin = Origin::start().await;
    for (length, status, code) in [
        (0, 400, "password_too_short"),
        (1, 400, "password_too_short"),
        (7, 400, "password_too_short"),
        (257, 400, "password_too_long"),
        (1024, 400, "password_too_long"),
        (16 * 1024, 413, "body_too_large"),
        (1 << 20, 413, "body_too_large"),
        (8 << 20, 413, "body_too_large"),
    ] {
        let body = json!({ "email": "a@b.co", "password": "x".repeat(length) });
        origin.post("/auth/register", body.clone(), &[]).await.expect(status, code);
        if code != "password_too_short" {
            origin.post("/auth/login", body, &[]).await.expect(status, code);
        }
    }
    let common = json!({ "email": "a@b.co", "password": "password123" });
    origin.post("/auth/register", common, &[]).await.expect(400, "password_common");
}

#[tokio::test]
async fn registering_judges_address_and_name_and_refuses_a_second_account() {
    let origin = Origin::start().await;
    for email in
        ["", "a", "a@", "@b.co", "a@b@c.co", "a b@c.co", "a@b..co", "a@-b.co", "a@b.co\r\nx"]
    {
        let body = json!({ "email": email, "password": PASSWORD });
        origin.post("/auth/register", body, &[]).await.expect(400, "email_invalid");
    }
    for name in ["", " ", "a\nb", "a\0b", &"x".repeat(201)] {
        let body = json!({ "email": "a@b.co", "password": PASSWORD, "name": name });
        origin.post("/auth/register", body, &[]).await.expect(400, "request_invalid");
    }
    let body = json!({ "email": "A@B.co", "password": PASSWORD, "name": "Añ" });
    let answer = origin.post("/auth/register", body, &[]).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let user = &answer.json()["user"];
    assert_eq!((&user["email"], &user["name"]), (&json!("a@b.co"), &json!("Añ")));
    assert_eq!((&user["roles"], &user["email_verified"]), (&json!([]), &json!(false)));
    assert!(!answer.text.contains("argon2"), "{}", answer.text);
    let again = json!({ "email": " a@B.CO ", "password": PASSWORD });
    origin.post("/auth/register", again, &[]).await.expect(409, "email_taken");
}

#[tokio::test]
async fn pwd_01_13_wrong_password_and_unknown_account_are_told_alike() {
    let origin = Origin::start().await;
    origin.sign_in("a@b.co").await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("a@b.co", "a wrong password"),
        ("nobody@b.co", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        ("' OR 1=1 --", "' OR 1=1 --"),
        ("a@b.co\r\nset-cookie: x=y", PASSWORD),
    ] {
        let body = json!({ "email": email, "password": password });
        let answer = origin.post("/auth/login", body, &[]).await;
        answer.expect(401, "credentials_invalid");
        assert!(answer.cookies().is_empty());
        answers.push((answer.text, answer.headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
