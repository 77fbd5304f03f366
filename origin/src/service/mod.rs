//! The flows. They know ports and decisions; no HTTP, no SQL, no Redis, no JSON.

mod admin;
mod compaction;
mod credentials;
mod edge;
mod epochs;
mod fault;
mod heads;
mod issue;
mod key_watch;
mod login;
mod password;
mod profile;
mod register;
mod revocation;
mod roles;
mod rotation;
mod social;
mod tail;

pub(crate) use admin::{Admin, AdminError, Authority};
pub(crate) use compaction::{Compactor, Step};
pub(crate) use credentials::{AccessError, Credentials, SignedIn};
pub(crate) use edge::{Edge, EdgeTrust, digest};
pub(crate) use epochs::Epochs;
pub(crate) use fault::Fault;
pub(crate) use heads::{Heads, SignedHead};
pub(crate) use issue::{Issued, Issuer, Lasting, Means, SignIn};
pub(crate) use key_watch::KeyWatch;
pub(crate) use login::{Login, LoginError};
pub(crate) use password::WeakPassword;
pub(crate) use profile::Profiles;
pub(crate) use register::{Register, RegisterError, Registration};
pub(crate) use revocation::Revocation;
pub(crate) use roles::check_roles;
pub(crate) use rotation::{RefreshError, Rotator};
pub(crate) use social::{Attempt, Named, Purpose, Returned, Social, SocialError};
