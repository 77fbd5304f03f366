//! What is seen at the operator's port of the parts that keep account of themselves.

use std::sync::Arc;

use super::stores::SessionStore;
use crate::crypto::Hashers;
use crate::kv::Standing;
use crate::metrics::{Counted, Metrics, MetricsError, float};
use crate::port::Signer;
use crate::service::{Epochs, Outbox};
use crate::store::audit::SqlAudit;

/// The store of sessions, its calls counted.
pub(super) fn sessions(store: SessionStore, metrics: &Arc<Metrics>) -> SessionStore {
    SessionStore {
        sessions: Counted::new(store.sessions, metrics),
        log: Counted::new(store.log, metrics),
        segments: Counted::new(store.segments, metrics),
        leases: Counted::new(store.leases, metrics),
        tries: Counted::new(store.tries, metrics),
    }
}

/// Password hashing, by `threads` at once.
pub(super) fn hashing(
    metrics: &Metrics,
    hashers: &Hashers,
    threads: usize,
) -> Result<(), MetricsError> {
    let load = hashers.load();
    let most = float(u64::try_from(threads).unwrap_or(u64::MAX));
    metrics.gauge(
        "portcullis_password_hashes_max",
        "Passwords that are hashed at once at most.",
        move || most,
    )?;
    let busy = load.clone();
    metrics.gauge(
        "portcullis_password_hashes_busy",
        "Passwords that are hashed now.",
        move || float(busy.busy()),
    )?;
    let waiting = load.clone();
    metrics.gauge(
        "portcullis_password_hashes_waiting",
        "Passwords that wait to be hashed.",
        move || float(waiting.waiting()),
    )?;
    metrics.counter(
        "portcullis_password_hashes_shed_total",
        "Passwords that were not looked at because too many were: 503 to their owners.",
        move || load.shed(),
    )
}

/// The audit log's queue.
pub(super) fn audit(metrics: &Metrics, audit: &SqlAudit) -> Result<(), MetricsError> {
    let waiting = audit.clone();
    metrics.gauge(
        "portcullis_audit_events_waiting",
        "Audit events that wait to be kept, of 4096 at most.",
        move || size(waiting.waiting()),
    )?;
    let lost = audit.clone();
    metrics.counter(
        "portcullis_audit_events_lost_total",
        "Audit events that were not kept and never will be.",
        move || lost.lost(),
    )
}

/// The queue of letters.
pub(super) fn letters(metrics: &Metrics, outbox: &Outbox) -> Result<(), MetricsError> {
    let outbox = outbox.clone();
    metrics.gauge(
        "portcullis_letters_waiting",
        "Letters that wait to be written, of 1024 at most.",
        move || size(outbox.waiting()),
    )
}

/// Whether tokens can be signed, and what edges are told.
pub(super) fn heads(
    metrics: &Metrics,
    signer: &Arc<dyn Signer>,
    epochs: &Arc<Epochs>,
) -> Result<(), MetricsError> {
    let signer = signer.clone();
    metrics.gauge(
        "portcullis_signing_ready",
        "1 while the signing keys can be read; 0: nobody signs in or refreshes.",
        move || flag(signer.ready().is_ok()),
    )?;
    let epochs = epochs.clone();
    metrics.gauge(
        "portcullis_epoch",
        "The latest change of what is revoked that this origin knows of.",
        move || float(epochs.latest().get()),
    )
}

/// The publisher, where there is a mailbox.
pub(super) fn publisher(metrics: &Metrics, standing: &Arc<Standing>) -> Result<(), MetricsError> {
    let leads = standing.clone();
    metrics.gauge(
        "portcullis_publisher_leads",
        "1 on the replica that holds the lease and publishes.",
        move || flag(leads.leads()),
    )?;
    let epoch = standing.clone();
    metrics.gauge(
        "portcullis_publisher_epoch",
        "The epoch of the last head that this replica left in KV; 0 for none.",
        move || float(epoch.epoch().get()),
    )?;
    let silent = standing.clone();
    metrics.gauge(
        "portcullis_publisher_last_success_seconds",
        "Seconds since this replica last left a head in KV; since its start, if it never did.",
        move || silent.silent_for().as_secs_f64(),
    )?;
    let standing = standing.clone();
    metrics.counter(
        "portcullis_publisher_failures_total",
        "Heads that could not be left in KV.",
        move || standing.failures(),
    )
}

fn size(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
