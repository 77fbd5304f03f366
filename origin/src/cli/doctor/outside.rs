//! Who is spoken to outside: KV, the mail server, providers, an edge.

use common::revocation::MAX_HEAD;
use reqwest::Url;

use super::super::probe;
use super::finding::{Finding, in_time};
use super::heads::Judge;
use crate::app::look;
use crate::config::{Kv, Mail, OauthProvider, Way};
use crate::port::MailboxFault;
use crate::telemetry::chain;

/// The head in KV.
pub(super) async fn mailbox(kv: &Kv, judge: Option<&Judge<'_>>) -> Finding {
    let what = "kv";
    let looking = async {
        let mailbox = look::mailbox(kv).map_err(|error| Finding::wrong(what, chain(&*error)))?;
        let found = mailbox.get(look::HEAD).await.map_err(|fault| {
            let told = match fault {
                MailboxFault::Busy => String::from("it asks for a pause; ask again"),
                MailboxFault::Refused(why) | MailboxFault::Failed(why) => {
                    format!("it cannot be read: {why}; see kv.api, kv.namespace and kv.token")
                }
            };
            Finding::wrong(what, told)
        })?;
        let Some(head) = found else {
            let told = "there is no head in it yet: an origin that serves leaves one within seconds. If one \
                        does, see kv.namespace";
            return Err(Finding::wrong(what, told));
        };
        Ok(match judge {
            Some(judge) => judge.head(what, &head).await,
            None => {
                Finding::doubtful(what, "a head is there; it cannot be judged without the keys")
            }
        })
    };
    in_time(what, looking).await.unwrap_or_else(|finding| finding)
}

/// The mail server, where there is one.
pub(super) async fn mail(mail: &Mail) -> Option<Finding> {
    let Way::Smtp(server) = &mail.way else { return None };
    let what = "mail.smtp";
    let looking = async {
        look::mail(mail).await.map_err(|fault| {
            Finding::wrong(
                what,
                format!("{}:{}: {fault}; see host, port and password", server.host, server.port),
            )
        })?;
        Ok(Finding::good(
            what,
            format!("{}:{} lets us in; no letter was sent", server.host, server.port),
        ))
    };
    Some(in_time(what, looking).await.unwrap_or_else(|finding| finding))
}

/// A provider.
pub(super) async fn provider(provider: OauthProvider) -> Finding {
    let what = format!("oauth.{}", provider.name);
    let looking = async {
        look::provider(&provider).await.map_err(|fault| {
            Finding::wrong(
                &*what,
                format!(
                    "{}; see its `issuer`, and that it can be reached from here",
                    chain(&fault)
                ),
            )
        })?;
        Ok(if provider.is_discovered() {
            Finding::good(
                &*what,
                "its discovery document and its keys are there, and it is the issuer asked for",
            )
        } else {
            Finding::good(&*what, "it publishes nothing about itself: not asked")
        })
    };
    in_time(&what, looking).await.unwrap_or_else(|finding| finding)
}

/// The edge in front of `url`, and the origin behind it.
pub(super) async fn edge(url: &Url, judge: Option<&Judge<'_>>) -> Vec<Finding> {
    let what = "edge";
    let client = match probe::client() {
        Ok(client) => client,
        Err(error) => return vec![Finding::wrong(what, chain(&error))],
    };
    let asking = async {
        let (epoch, age) = probe::ask(&client, url).await.map_err(|why| {
            Finding::wrong(what, format!("{why}; see that it can be reached from here"))
        })?;
        Ok(match judge {
            Some(judge) => judge.age(what, epoch, age).await,
            None => Finding::good(what, format!("it is at epoch {epoch}, its head {age} s old")),
        })
    };
    let passing = async {
        let what = "edge to origin";
        let path = "/.well-known/portcullis/head";
        let there = url.join(path).map_err(|error| Finding::wrong(what, error.to_string()))?;
        let wrong = |why: String| {
            let todo = "see that ORIGIN_URL leads to this origin, and that the route covers the whole site";
            Finding::wrong(what, format!("{path}: {why}; {todo}"))
        };
        let answer = client.get(there).send().await;
        let answer =
            answer.map_err(|error| wrong(format!("no answer: {}", chain(&error.without_url()))))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(wrong(format!("answered {status}")));
        }
        if answer.content_length().is_some_and(|length| length > MAX_HEAD as u64) {
            return Err(wrong(String::from("what is there is no head")));
        }
        let body = answer.bytes().await.map_err(|error| wrong(chain(&error.without_url())))?;
        Ok(match judge {
            Some(judge) => judge.head(what, &body).await,
            None => {
                Finding::doubtful(what, "it answers; its head cannot be judged without the keys")
            }
        })
    };
    let (asked, passed) = tokio::join!(in_time(what, asking), in_time("edge to origin", passing));
    [asked, passed].map(|outcome| outcome.unwrap_or_else(|finding| finding)).into()
}
