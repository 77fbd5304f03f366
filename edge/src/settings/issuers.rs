//! `ISSUERS`: the other issuers whose tokens this edge accepts.

use common::issuers::Issuers;
use common::json::{Json, Object};
use common::variable::{self, Variable};

use super::{Misconfigured, json};

const NAME: Variable = variable::ISSUERS;

/// None when nothing is set.
pub(super) fn read(variables: &Object, own: &str) -> Result<Issuers, Misconfigured> {
    match json(variables, NAME)? {
        None | Some(Json::Null) => Ok(Issuers::default()),
        Some(entries) => {
            Issuers::read(entries, own).map_err(|error| Misconfigured::new(NAME, error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(variables: &Value) -> Result<Issuers, Misconfigured> {
        match Json::from(variables.clone()) {
            Json::Object(variables) => super::read(&variables, "https://app.example"),
            other => panic!("{other:?}"),
        }
    }

    fn entry() -> Value {
        json!({"issuer": "https://a.example/", "audience": "api", "algorithms": ["RS256"],
            "jwks_url": "https://a.example/jwks"})
    }

    #[test]
    fn a_table_or_its_text_is_read() {
        assert!(read(&json!({})).unwrap().is_empty());
        let table = json!({"ISSUERS": [entry()]});
        let text = json!({"ISSUERS": json!([entry()]).to_string()});
        for variables in [table, text] {
            assert_eq!(read(&variables).unwrap().iter().count(), 1);
        }
    }

    #[test]
    fn ops_07_what_is_wrong_is_named_with_what_was_expected() {
        let changed = |name: &str, value: Value| {
            let mut entry = entry();
            entry[name] = value;
            entry
        };
        for (value, words) in [
            (json!("["), "ISSUERS: is no JSON"),
            (json!({"issuer": "x"}), "ISSUERS: expected a list"),
            (json!([changed("audience", json!(7))]), "ISSUERS: [0]: audience: expected"),
            (json!([changed("algorithm", json!(7))]), "ISSUERS: [0]: algorithm: unknown member"),
            (json!([changed("algorithms", json!(["HS256"]))]), "ISSUERS: [0]: algorithms"),
            (json!([entry(), entry()]), "ISSUERS: [0] and [1] are for the same issuer"),
            (
                json!([changed("issuer", json!("https://app.example"))]),
                "ISSUERS: [0] is for ISSUER, our own",
            ),
        ] {
            let variables = json!({ "ISSUERS": value });
            let error = read(&variables).unwrap_err().to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
