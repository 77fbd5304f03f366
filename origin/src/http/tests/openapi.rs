//! The description and the code, held to each other: whatever any test here is answered has to stand
//! in the document.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::Method;

use super::super::openapi::DOCUMENT;
use super::super::pages::FORM;
use super::*;

static DESCRIBED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&DOCUMENT).unwrap());

/// A call, as far as its answer depends on it.
pub(super) struct Asked {
    method: Method,
    path: String,
    is_form: bool,
}

impl Asked {
    pub(super) fn of(request: &Request<Body>) -> Self {
        let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok());
        let is_form = kind.is_some_and(|kind| kind.starts_with(FORM));
        let path = String::from(request.uri().path());
        Self { method: request.method().clone(), path, is_form }
    }

    fn operation(&self) -> Option<&'static Value> {
        let fits = |(template, _): &(&String, &Value)| {
            let (there, here) = (template.split('/'), self.path.split('/'));
            let same = |(there, here): (&str, &str)| there == here || there.starts_with('{');
            there.clone().count() == here.clone().count() && there.zip(here).all(same)
        };
        let paths = DESCRIBED["paths"].as_object().unwrap();
        // A path without a variable part goes before one with.
        let (_, item) =
            paths.iter().filter(fits).min_by_key(|(template, _)| template.contains('{'))?;
        let operation = &item[self.method.as_str().to_lowercase()];
        let takes_forms = !operation["requestBody"]["content"][FORM].is_null();
        (operation.is_object() && self.is_form <= takes_forms).then_some(operation)
    }

    /// Its status, its type and, of a problem, its code stand in the document; what is not in there is
    /// for pages.
    pub(super) fn expect_as_described(&self, answer: &Answer) {
        let Some(operation) = self.operation() else { return };
        let told =
            format!("{} {} answers {} {}", self.method, self.path, answer.status, answer.text);
        let responses = &operation["responses"];
        let status = answer.status.as_str();
        let class = format!("{}XX", &status[..1]);
        let response = responses.get(status).or(responses.get(class));
        let response = response.unwrap_or_else(|| panic!("{told}: no such status in the document"));
        let kind = answer.header("content-type").split(';').next().unwrap();
        if answer.text.is_empty() {
            return;
        }
        let content = response["content"].get(kind);
        let content = content.unwrap_or_else(|| panic!("{told}: {kind:?} is not in the document"));
        if let Some(codes) = content["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array()
        {
            assert!(codes.contains(&answer.json()["code"]), "{told}: not one of {codes:?}");
        }
    }
}

fn operations() -> impl Iterator<Item = (&'static String, &'static String, &'static Value)> {
    let paths = DESCRIBED["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
    })
}

#[tokio::test]
async fn the_document_is_served_to_everybody_and_has_the_version() {
    let origin = Origin::start().await;
    let answer = origin.get("/auth/openapi.json", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let names: Vec<_> = operations().map(|(_, _, operation)| &operation["operationId"]).collect();
    let distinct: BTreeSet<_> = names.iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
}

#[tokio::test]
async fn each_path_knows_the_methods_that_are_described_and_no_others() {
    let origin = Origin::start().await;
    for (path, item) in DESCRIBED["paths"].as_object().unwrap() {
        let there = path.replace("{provider}", "x").replace(['{', '}'], "");
        let answer = origin.send(request("BREW", &there, Body::empty(), &[])).await;
        answer.expect(405, "method_not_allowed");
        let allowed = answer.header("allow").split(',').map(str::trim).map(str::to_lowercase);
        let allowed: BTreeSet<_> = allowed.filter(|method| method != "head").collect();
        let described: BTreeSet<_> = item.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, described, "{path}");
    }
}

#[test]
fn what_answers_that_a_token_is_missing_says_that_it_wants_one() {
    for (path, method, operation) in operations() {
        let codes = &operation["responses"]["401"]["content"]["application/problem+json"]["schema"];
        let codes = &codes["allOf"][1]["properties"]["code"]["enum"];
        let missing = codes.as_array().is_some_and(|codes| codes.contains(&json!("token_missing")));
        let wanted = json!([{ "bearer": [] }, { "cookie": [] }]);
        assert_eq!(missing, operation["security"] == wanted, "{method} {path}");
    }
}

#[test]
fn docs_api_md_names_every_path() {
    let docs = include_str!("../../../../docs/api.md");
    for (path, ..) in operations() {
        assert!(docs.contains(path.as_str()), "{path} is not in docs/api.md");
    }
}
