//! A session as its client knows it: what was acknowledged to it, through whatever went down.

use reqwest::Method;
use serde_json::json;

use crate::{Answer, Client, Outcome, secrets};

/// What a client did to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It presented its refresh token.
    Refresh,
    /// It signed out.
    Logout,
}

/// What came of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It was acknowledged.
    Done,
    /// There was no answer, or one that says to come again.
    ComeAgain,
    /// The session is over, although its client did not end it.
    LockedOut,
}

/// A session and its client's knowledge of it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The name of the session.
    pub sid: String,
    /// The latest access token.
    pub access: String,
    /// The latest refresh token.
    pub refresh: String,
    /// Whether its end was acknowledged.
    pub ended: bool,
    /// Successors that differed for one refresh token.
    pub double_successors: usize,
    /// The refresh token before the latest.
    pub presented: Option<String>,
}

impl Session {
    /// The session that a sign-in began.
    ///
    /// # Errors
    /// When the answer has no tokens.
    pub fn begun(signed_in: &Answer) -> Outcome<Self> {
        Ok(Self {
            sid: signed_in.text("session_id").ok_or("no session in the answer")?,
            access: signed_in.access()?,
            refresh: signed_in.refresh()?,
            ended: false,
            double_successors: 0,
            presented: None,
        })
    }

    /// Does this once, by this client; `label` goes along in a header, for a proxy to know it by.
    ///
    /// # Errors
    /// When the answer is of another kind altogether.
    pub async fn attempt(&mut self, deed: Deed, client: &Client, label: &str) -> Outcome<Course> {
        let request = match deed {
            Deed::Refresh => {
                secrets::used(&self.refresh);
                let body = json!({"refresh_token": self.refresh});
                client.request(Method::POST, "/auth/refresh").json(&body)
            }
            Deed::Logout => client.request(Method::POST, "/auth/logout").bearer_auth(&self.access),
        };
        let Ok(answer) = client.send(request.header("x-story", label)).await else {
            return Ok(Course::ComeAgain);
        };
        match (deed, answer.status) {
            (Deed::Refresh, 200) => {
                self.presented = Some(std::mem::replace(&mut self.refresh, answer.refresh()?));
                self.access = answer.access()?;
                Ok(Course::Done)
            }
            (Deed::Logout, 204) => {
                self.ended = true;
                Ok(Course::Done)
            }
            (_, 500..) => Ok(Course::ComeAgain),
            (Deed::Refresh, 401) => Ok(Course::LockedOut),
            (_, status) => Err(format!("{deed:?} was answered {status}: {}", answer.body).into()),
        }
    }

    /// Presents the token before the present one again, as a client does that lost a response: it
    /// must get what it has got.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ask_again(&mut self, client: &Client) -> Outcome {
        if let Some(presented) = &self.presented {
            let again = client.refresh(presented).await?.expect(200)?.refresh()?;
            self.double_successors += usize::from(again != self.refresh);
        }
        Ok(())
    }

    /// Whether the origin takes the refresh token no more, because the session was ended.
    ///
    /// # Errors
    /// When there is no answer, or one that says neither.
    pub async fn is_over_at(&self, origin: &Client) -> Outcome<bool> {
        let body = json!({"refresh_token": self.refresh});
        let refresh = origin.request(Method::POST, "/auth/refresh").json(&body);
        let answer = origin.patient().send(refresh).await?;
        match (answer.status, answer.code().as_str()) {
            (200, _) => Ok(false),
            (401, "refresh_revoked") => Ok(true),
            _ => Err(format!("a refresh was answered {}: {}", answer.status, answer.body).into()),
        }
    }
}
