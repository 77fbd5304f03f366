//! What is known of the providers that many people have a login at.

use std::str::FromStr;

/// A provider by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    Google,
    GitHub,
    Kakao,
    Naver,
    Apple,
    Microsoft,
}

/// What is known of one.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// In English and in Korean.
    pub(super) label: (&'static str, &'static str),
    pub(super) issuer: Option<&'static str>,
    /// Hosts of its endpoints beside the issuer's.
    pub(super) hosts: &'static [&'static str],
    pub(super) scopes: &'static [&'static str],
}

/// The addresses of one without discovery.
pub(super) struct Addresses {
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) user: &'static str,
    pub(super) emails: Option<&'static str>,
}

impl FromStr for Preset {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "google" => Self::Google,
            "github" => Self::GitHub,
            "kakao" => Self::Kakao,
            "naver" => Self::Naver,
            "apple" => Self::Apple,
            "microsoft" => Self::Microsoft,
            _ => return Err(()),
        })
    }
}

impl Preset {
    pub(super) const fn known(self) -> Known {
        match self {
            Self::Google => Known {
                label: ("Google", "Google"),
                issuer: Some("https://accounts.google.com"),
                hosts: &[
                    "oauth2.googleapis.com",
                    "www.googleapis.com",
                    "openidconnect.googleapis.com",
                ],
                scopes: &["openid", "email", "profile"],
            },
            Self::GitHub => Known {
                label: ("GitHub", "GitHub"),
                issuer: None,
                hosts: &[],
                scopes: &["read:user", "user:email"],
            },
            Self::Kakao => Known {
                label: ("Kakao", "카카오"),
                issuer: Some("https://kauth.kakao.com"),
                hosts: &["kapi.kakao.com"],
                scopes: &["openid", "account_email", "profile_nickname"],
            },
            // What it tells is chosen in its console; it knows no scopes.
            Self::Naver => {
                Known { label: ("Naver", "네이버"), issuer: None, hosts: &[], scopes: &[] }
            }
            Self::Apple => Known {
                label: ("Apple", "Apple"),
                issuer: Some("https://appleid.apple.com"),
                hosts: &["account.apple.com"],
                scopes: &["openid", "email"],
            },
            Self::Microsoft => Known {
                label: ("Microsoft", "Microsoft"),
                issuer: Some("https://login.microsoftonline.com/common/v2.0"),
                hosts: &["graph.microsoft.com"],
                scopes: &["openid", "email", "profile"],
            },
        }
    }

    pub(super) const fn endpoints(self) -> Option<Addresses> {
        match self {
            Self::GitHub => Some(Addresses {
                authorize: "https://github.com/login/oauth/authorize",
                token: "https://github.com/login/oauth/access_token",
                user: "https://api.github.com/user",
                emails: Some("https://api.github.com/user/emails"),
            }),
            Self::Naver => Some(Addresses {
                authorize: "https://nid.naver.com/oauth2.0/authorize",
                token: "https://nid.naver.com/oauth2.0/token",
                user: "https://openapi.naver.com/v1/nid/me",
                emails: None,
            }),
            Self::Google | Self::Kakao | Self::Apple | Self::Microsoft => None,
        }
    }
}
