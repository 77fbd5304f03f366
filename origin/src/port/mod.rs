//! What the services need from outside: one small trait each. Adapters live in `store`, `oauth`,
//! `kv` and `crypto`; `app` alone knows which one is behind a port.

mod accounts;
mod announced;
mod audit;
mod block_log;
mod clock;
mod fault;
mod identities;
mod lease;
mod mailbox;
mod mailer;
mod passwords;
mod proofs;
mod provider;
mod random;
mod segments;
mod sessions;
mod signer;
mod tries;

pub(crate) use accounts::{Account, AccountError, Accounts, Email, InvalidEmail, NewAccount};
pub(crate) use announced::{Announced, REMEMBERED};
pub(crate) use audit::{
    Actor, Audit, AuditTrail, Detail, Event, Events, Kind, Recorded, Wanted, Whence,
};
pub(crate) use block_log::{BlockLog, LogPage};
pub(crate) use clock::Clock;
pub(crate) use fault::StoreFault;
pub(crate) use identities::{Identities, Identity, Linking, Unlinking};
pub(crate) use lease::{Fence, Leases};
pub(crate) use mailbox::{Mailbox, MailboxFault};
pub(crate) use mailer::{Letter, MailFault, Mailer};
pub(crate) use passwords::{Fit, PasswordFault, Passwords};
pub(crate) use proofs::{NewProof, Proof, Proofs, Purpose};
pub(crate) use provider::{Brought, Proven, Provider, ProviderFault, RECENT, Stranger, Ties};
pub(crate) use random::Random;
pub(crate) use segments::{Content, Segments};
pub(crate) use sessions::{
    ACCESS_APART, AllEnded, Begun, Device, Ended, NewSession, RevokeReason, Rotate, Rotation,
    RotationRules, Session, Sessions, Whose,
};
pub(crate) use signer::{CLOCK_SKEW, KeysRevision, Signer, SigningFault, TOKEN_DEAD_AFTER};
pub(crate) use tries::{Counter, Leave, Patience, Proving, Rate, Tries};
