//! Counting what nobody but a service sees, for whoever watches over the origin.

/// Counts. Never waits, and nothing comes of it.
pub(crate) trait Tally: Send + Sync {
    /// Something was tried too often for the limit of this name.
    fn limited(&self, limit: &'static str);
}
