use std::io::Write as _;

use super::*;

fn from(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let variables =
        variables.iter().map(|(name, value)| (String::from(*name), String::from(*value)));
    Config::load(Some(empty.path()), variables)
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Config::load(Some(file.path()), [])
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let config = from(&[("HOME", "/root"), ("PORTCULLIS_LOG", "x")]).unwrap();
    assert_eq!(config.tokens.issuer, "http://localhost:8787");
    assert_eq!(config.tokens.access_ttl.as_secs(), 600);
    assert_eq!(config.sessions.grace.window.as_secs(), 30);
    assert_eq!(config.server.listen.port(), 8788);
    assert!(config.kv.is_none() && config.redis.is_none() && config.edge_secret.is_none());
}

#[test]
fn what_the_documentation_deploys_is_a_configuration() {
    let page = include_str!("../../../docs/deploy.md");
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let secrets = [
        ("PORTCULLIS__EDGE__SECRET", "0123456789abcdef0123456789abcdef"),
        ("PORTCULLIS__KV__TOKEN", "token"),
    ];
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(example.as_bytes()).unwrap();
    let secrets = secrets.map(|(name, value)| (String::from(name), String::from(value)));
    let config = Config::load(Some(file.path()), secrets).unwrap();
    assert!(config.kv.is_some() && config.mail.is_some(), "{example}");
}

#[test]
fn a_variable_outweighs_the_file_and_keeps_its_text() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[tokens]\naccess_ttl = 60\naudience = 'file'\n[edge]\nsecret = 'x'\n")
        .unwrap();
    let digits = "01234567890123456789";
    let variables = [
        ("PORTCULLIS__TOKENS__AUDIENCE", "variable"),
        ("PORTCULLIS__EDGE__SECRET", digits),
        ("PORTCULLIS__SESSIONS__GRACE", "5"),
        ("PORTCULLIS__SESSIONS__LATE_RETRY", "1h 30m"),
    ];
    let variables = variables.map(|(name, value)| (String::from(name), String::from(value)));
    let config = Config::load(Some(file.path()), variables).unwrap();
    assert_eq!(config.tokens.audience, "variable");
    assert_eq!(config.tokens.access_ttl.as_secs(), 60);
    assert_eq!(config.edge_secret.unwrap().expose(), digits);
    assert_eq!(config.sessions.grace.window.as_secs(), 5);
    assert_eq!(config.sessions.grace.late_retry.as_secs(), 5400);
}

#[test]
fn ops_07_a_value_out_of_bounds_stops_the_start_and_names_key_and_place() {
    for (name, value, key) in [
        ("PORTCULLIS__TOKENS__ISSUER", "", "tokens.issuer is empty"),
        ("PORTCULLIS__TOKENS__ISSUER", "https://a.example/", "tokens.issuer is"),
        ("PORTCULLIS__TOKENS__ISSUER", "https://A.example", "tokens.issuer is"),
        ("PORTCULLIS__TOKENS__ISSUER", "https://a.example?x", "tokens.issuer is"),
        ("PORTCULLIS__TOKENS__ISSUER", "https://a.example#x", "tokens.issuer is"),
        ("PORTCULLIS__TOKENS__ISSUER", "ftp://a.example", "tokens.issuer is"),
        ("PORTCULLIS__TOKENS__ISSUER", "a.example", "tokens.issuer is"),
        ("PORTCULLIS__TOKENS__AUDIENCE", "", "tokens.audience is empty"),
        ("PORTCULLIS__TOKENS__AUDIENCE", " ", "tokens.audience is empty"),
        ("PORTCULLIS__TOKENS__CLIENT_ID", "a b", "tokens.client_id is"),
        ("PORTCULLIS__TOKENS__ACCESS_TTL", "59", "tokens.access_ttl is \"59\""),
        ("PORTCULLIS__TOKENS__ACCESS_TTL", "3601", "tokens.access_ttl is"),
        ("PORTCULLIS__TOKENS__ACCESS_TTL", "90500ms", "tokens.access_ttl is"),
        ("PORTCULLIS__TOKENS__ACCESS_TTL", "-5", "tokens.access_ttl is"),
        ("PORTCULLIS__TOKENS__ACCESS_TTL", "soon", "tokens.access_ttl is"),
        ("PORTCULLIS__SESSIONS__GRACE", "301", "sessions.grace is"),
        ("PORTCULLIS__SESSIONS__MOST", "0", "sessions.most is \"0\""),
        ("PORTCULLIS__SESSIONS__MOST", "10001", "sessions.most is"),
        ("PORTCULLIS__SESSIONS__POLICY", "two", "sessions.policy is"),
        ("PORTCULLIS__SESSIONS__IDLE", "91d", "sessions.idle is"),
        ("PORTCULLIS__SERVER__LISTEN", "8788", "server.listen is \"8788\""),
        ("PORTCULLIS__PASSWORDS__MAX_CONCURRENT", "0", "passwords.max_concurrent is \"0\""),
        ("PORTCULLIS__STATE__DIR", "", "state.dir is empty"),
        ("PORTCULLIS__KV__TOKEN", "", "kv.token is empty"),
        ("PORTCULLIS__KV__API", "http://a", "kv.token is missing"),
    ] {
        let message = from(&[(name, value)]).unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
        assert!(message.contains("; expected "), "{message}");
        if !message.contains("missing") {
            assert!(message.starts_with(&format!("variable {name}: ")), "{message}");
        }
    }
}

#[test]
fn a_policy_of_one_session_outweighs_how_many_there_may_be() {
    let one = ("PORTCULLIS__SESSIONS__POLICY", "one");
    let seven = ("PORTCULLIS__SESSIONS__MOST", "7");
    for (settings, most) in [(&[][..], 100), (&[seven], 7), (&[one], 1), (&[one, seven], 1)] {
        assert_eq!(from(settings).unwrap().sessions.most, most, "{settings:?}");
    }
}

#[test]
fn redis_is_there_by_its_url_alone_and_says_how_safe_it_is_to_be() {
    let url = ("PORTCULLIS__REDIS__URL", "redis://127.0.0.1");
    let redis = from(&[url]).unwrap().redis.unwrap();
    assert_eq!((redis.wait_replicas, redis.require_aof), (0, true));
    let set =
        [("PORTCULLIS__REDIS__WAIT_REPLICAS", "5"), ("PORTCULLIS__REDIS__REQUIRE_AOF", "false")];
    let redis = from(&[url, set[0], set[1]]).unwrap().redis.unwrap();
    assert_eq!((redis.wait_replicas, redis.require_aof), (5, false));
    let text = "[redis]\nurl = 'redis://127.0.0.1'\nwait_replicas = 1\nrequire_aof = false\n";
    let redis = from_file(text).unwrap().redis.unwrap();
    assert_eq!((redis.wait_replicas, redis.require_aof), (1, false));
    for variable in set {
        let message = from(&[variable]).unwrap_err().to_string();
        assert!(message.contains("redis.url is missing"), "{message}");
    }
    for (name, value) in [
        ("PORTCULLIS__REDIS__WAIT_REPLICAS", "6"),
        ("PORTCULLIS__REDIS__WAIT_REPLICAS", "-1"),
        ("PORTCULLIS__REDIS__WAIT_REPLICAS", "all"),
        ("PORTCULLIS__REDIS__REQUIRE_AOF", "no"),
    ] {
        let message = from(&[url, (name, value)]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("variable {name}: redis.")), "{message}");
        assert!(message.contains("; expected "), "{message}");
    }
}

#[test]
fn mail_has_one_way_and_a_sender_and_encryption_unless_told_otherwise() {
    let sender = ("PORTCULLIS__MAIL__FROM", "Us <us@a.example>");
    let mail = |url: &str| {
        let config = from(&[sender, ("PORTCULLIS__MAIL__SMTP", url)])?;
        let Some(Mail { way: Way::Smtp(smtp), .. }) = config.mail else { panic!("{url}") };
        Ok::<_, ConfigError>(smtp)
    };
    for (url, host, port, encryption) in [
        ("smtps://a.example", "a.example", 465, Encryption::Tls),
        ("smtp://a.example", "a.example", 587, Encryption::StartTls),
        ("smtp://a.example:2525/", "a.example", 2525, Encryption::StartTls),
        ("smtp://10.0.0.1?tls=none", "10.0.0.1", 25, Encryption::None),
        ("smtp://u:p@127.0.0.1:1025?tls=none", "127.0.0.1", 1025, Encryption::None),
        ("smtp://u:p@[::1]:1025?tls=none", "::1", 1025, Encryption::None),
    ] {
        let smtp = mail(url).unwrap();
        assert_eq!((&*smtp.host, smtp.port, smtp.encryption), (host, port, encryption), "{url}");
    }
    let (user, password) = mail("smtps://u%40a:p%2F%3A@a.example").unwrap().credentials.unwrap();
    assert_eq!((&*user, &**password.expose()), ("u@a", "p/:"));
    for url in [
        "",
        "a.example",
        "http://a.example",
        "smtp://",
        "smtps://a.example?tls=none",
        "smtp://a.example?tls=opportunistic",
        "smtp://a.example/x",
        "smtp://hunter2@a.example",
        "smtp://u:hunter2@a.example?tls=none",
        "smtp://u:hunter2@localhost.evil.example?tls=none",
    ] {
        let message = mail(url).unwrap_err().to_string();
        assert!(message.contains("mail.smtp is") && !message.contains("hunter2"), "{message}");
    }
    let smtp = ("PORTCULLIS__MAIL__SMTP", "smtps://u:hunter2@a.example");
    for (variables, word) in [
        (vec![smtp], "mail.from is missing"),
        (vec![sender], "mail.smtp is missing"),
        (vec![("PORTCULLIS__MAIL__REQUIRE_VERIFICATION", "true")], "mail.smtp is missing"),
        (vec![sender, smtp, ("PORTCULLIS__MAIL__FOLDER", "x")], "one of mail.smtp and mail.folder"),
        (vec![smtp, ("PORTCULLIS__MAIL__FROM", "nobody")], "mail.from is"),
        (vec![sender, smtp, ("PORTCULLIS__MAIL__REQUIRE_VERIFICATION", "yes")], "mail.require"),
    ] {
        let message = from(&variables).unwrap_err().to_string();
        assert!(message.contains(word) && !message.contains("hunter2"), "{message}");
    }
    assert!(from(&[]).unwrap().mail.is_none());
}

#[test]
fn the_token_of_the_kv_goes_nowhere_in_the_clear() {
    let kv = |api| from(&[("PORTCULLIS__KV__TOKEN", "hunter2"), ("PORTCULLIS__KV__API", api)]);
    for api in ["https://api.example/v4/accounts/x", "http://localhost:8787/x", "http://[::1]:1/"] {
        assert_eq!(kv(api).unwrap().kv.unwrap().api.as_str(), api);
    }
    for api in ["http://api.example/v4", "http://10.0.0.1/", "https://u:p@api.example", "ftp://a"] {
        let message = kv(api).unwrap_err().to_string();
        assert!(message.contains("kv.api is") && message.contains("loopback"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_secret_is_never_repeated() {
    for (name, value) in [
        ("PORTCULLIS__EDGE__SECRET", "hunter2"),
        ("PORTCULLIS__EDGE__SECRET", "hunter2 with spaces in it"),
        ("PORTCULLIS__KV__TOKEN", "hunter2\n"),
    ] {
        let message = from(&[(name, value)]).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
    for text in [
        "[edge]\nsecret = ['hunter2']\n",
        "[edge]\nsecret = hunter2\n",
        "[edge]\nsecret = 'hunter2\n",
        "[edge]\nsecret = 'hunter2' 'hunter2'\n",
        // At the wrong place.
        "redis = 'redis://:hunter2@db'\n",
        "edge = 'hunter2'\n",
        "kv = 'hunter2'\n",
        "[[edge]]\nsecret = 'hunter2'\n",
        "[server.listen]\nsecret = 'hunter2'\n",
    ] {
        let message = from_file(text).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
        assert!(message.contains("/tmp") || message.contains("tmp"), "{message}");
    }
    let message = from_file("edge = 'hunter2'\n").unwrap_err().to_string();
    assert!(
        message.ends_with("edge is a text; expected a section with keys of its own"),
        "{message}"
    );
    let debug = format!("{:?}", from_file("[edge]\nsecret = 'hunter2-hunter2-hunter2'\n").unwrap());
    assert!(!debug.contains("hunter2"), "{debug}");
}

#[test]
fn a_key_that_does_not_exist_is_named_with_those_that_do() {
    for (text, key) in [
        ("[tokens]\nacces_ttl = 60\n", "unknown key tokens.acces_ttl"),
        ("[token]\naccess_ttl = 60\n", "unknown key token"),
        ("issuer = 'x'\n", "unknown key issuer"),
    ] {
        let message = from_file(text).unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
        assert!(message.contains("expected one of "), "{message}");
    }
    for (name, key) in [
        ("PORTCULLIS__TOKENS__ACCES_TTL", "unknown key tokens.acces_ttl"),
        ("PORTCULLIS__ISSUER", "unknown key issuer"),
    ] {
        let message = from(&[(name, "60")]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("variable {name}: ")), "{message}");
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_file_that_is_not_there_or_no_toml_is_named() {
    let missing = Config::load(Some(Path::new("/nowhere/portcullis.toml")), []).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/portcullis.toml"), "{missing}");
    let message = from_file("[tokens\n").unwrap_err().to_string();
    assert!(message.contains("not valid TOML") && message.contains("line 1"), "{message}");
}

#[test]
fn a_provider_is_a_few_lines_and_can_be_set_by_variables() {
    let text = "[oauth.google]\npreset = 'google'\nclient_id = 'x'\nclient_secret = 'hunter2'\n\
                allow_domains = ['Example.com']\n[oauth.work]\nissuer = 'https://id.example/'\n\
                client_id = 'y'\nclient_secret = 'z'\nscopes = 'openid email'\n";
    let config = from_file(text).unwrap();
    let [google, work] = &config.oauth[..] else { panic!("{:?}", config.oauth) };
    assert_eq!((&*google.name, &*google.label.english), ("google", "Google"));
    assert_eq!(google.allow_domains, ["example.com"]);
    assert_eq!((&*work.name, &*work.label.korean), ("work", "work"));
    assert_eq!(work.scopes, ["openid", "email"]);
    assert!(!format!("{config:?}").contains("hunter2"));
    let settings = [
        ("PORTCULLIS__OAUTH__HUB__PRESET", "github"),
        ("PORTCULLIS__OAUTH__HUB__CLIENT_ID", "1"),
        ("PORTCULLIS__OAUTH__HUB__CLIENT_SECRET", "2"),
    ];
    let hub = |own: &[(&str, &str)]| {
        let config = from(&[&settings, own].concat())?;
        let OauthKind::Plain { endpoints, .. } = config.oauth[0].kind.clone() else { panic!() };
        Ok::<_, ConfigError>(endpoints)
    };
    let endpoints = hub(&[]).unwrap();
    assert_eq!(endpoints.token.as_str(), "https://github.com/login/oauth/access_token");
    // One of one's own, as a whole: a line that is missing would send its codes to github.com.
    let own = [
        ("PORTCULLIS__OAUTH__HUB__ENDPOINTS__AUTHORIZE", "https://hub.example/login/authorize"),
        ("PORTCULLIS__OAUTH__HUB__ENDPOINTS__TOKEN", "https://hub.example/login/token"),
        ("PORTCULLIS__OAUTH__HUB__ENDPOINTS__USER", "https://hub.example/api/v3/user"),
        ("PORTCULLIS__OAUTH__HUB__ENDPOINTS__EMAILS", "https://hub.example/api/v3/user/emails"),
    ];
    let endpoints = hub(&own).unwrap();
    assert_eq!(endpoints.user.as_str(), "https://hub.example/api/v3/user");
    for (left_out, (name, _)) in own.iter().enumerate() {
        let mut own = own.to_vec();
        own.remove(left_out);
        let message = hub(&own).unwrap_err().to_string();
        let key = name.rsplit("__").next().unwrap().to_lowercase();
        assert!(message.contains(&format!("oauth.hub.endpoints.{key} is missing")), "{message}");
    }
}

#[test]
fn ops_07_what_is_wrong_with_a_provider_is_named() {
    let client = "client_id = 'x'\nclient_secret = 'hunter2'\n";
    for (text, words) in [
        ("[oauth.x]\n", "oauth.x.issuer is missing"),
        ("[oauth.x]\npreset = 'gogle'\n", "oauth.x.preset is \"gogle\"; expected one of google"),
        ("[oauth.x]\npreset = 'google'\n", "oauth.x.client_id is missing"),
        ("[oauth.x]\npreset = 'google'\nclient_id = 'x'\n", "oauth.x.client_secret is missing"),
        ("[oauth.x]\npreset = 'apple'\nclient_id = 'x'\n", "oauth.x.team_id is missing"),
        ("[oauth.X]\npreset = 'google'\n", "oauth.X is \"X\"; expected a section's name"),
        ("[oauth.'a/b']\npreset = 'google'\n", "expected a section's name"),
        ("[oauth.x]\nissuer = 'http://id.example'\n", "oauth.x.issuer is"),
        ("[oauth.x]\nissuer = 'https://id.example?x'\n", "oauth.x.issuer is"),
        ("[oauth.x]\nissuer = 'https://u:p@id.example'\n", "oauth.x.issuer is"),
        ("[oauth.x]\npreset = 'github'\nissuer = 'https://x.example'\n", "oauth.x.issuer is"),
        (
            "[oauth.x]\npreset = 'github'\n[oauth.x.endpoints]\ntoken = 'http://x.example'\n",
            "oauth.x.endpoints.authorize is missing",
        ),
        (
            "[oauth.x]\npreset = 'naver'\n[oauth.x.endpoints]\nauthorize = 'https://x.example'\n\
             token = 'http://x.example'\nuser = 'https://x.example'\n",
            "oauth.x.endpoints.token is",
        ),
        (
            "[oauth.x]\npreset = 'google'\n[oauth.x.endpoints]\ntoken = 'https://x.example'\n",
            "oauth.x.endpoints is",
        ),
        ("[oauth.x]\npreset = 'google'\nscopes = ['email']\n", "oauth.x.scopes is \"email\""),
        ("[oauth.x]\nscope = 'openid'\n", "unknown key oauth.x.scope"),
        ("[oauth]\npreset = 'google'\n", "oauth.preset is a text"),
    ] {
        let message = from_file(text).unwrap_err().to_string();
        assert!(message.contains(words), "{text}: {message}");
    }
    let key = "preset = 'apple'\nclient_id = 'x'\nteam_id = 't'\nkey_id = 'k'\n";
    for text in [
        format!("[oauth.x]\n{key}private_key = 'hunter2'\n"),
        format!(
            "[oauth.x]\n{key}private_key = '''\n-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n'''\n"
        ),
        format!("[oauth.X]\npreset = 'google'\n{client}"),
        format!("[oauth.x]\n{client}client_secret = 'hunter2'\n"),
    ] {
        let message = from_file(&text).unwrap_err().to_string();
        assert!(!message.contains("hunter2") && !message.contains("aHVudGVyMg"), "{message}");
    }
}
