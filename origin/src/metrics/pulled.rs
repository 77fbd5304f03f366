//! A counter that somebody else keeps, read when it is asked for.

use std::collections::HashMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Metric, MetricFamily, MetricType};

use super::MetricsError;

/// What reads it.
type Read = dyn Fn() -> u64 + Send + Sync;

/// A counter that is read, as the library has a gauge.
#[derive(Clone)]
pub(super) struct PulledCounter {
    desc: Desc,
    read: Arc<Read>,
}

impl PulledCounter {
    pub(super) fn new(
        name: &str,
        help: &str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<Self, MetricsError> {
        let desc = Desc::new(name.into(), help.into(), Vec::new(), HashMap::new())?;
        Ok(Self { desc, read: Arc::new(read) })
    }
}

impl Collector for PulledCounter {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut counter = Counter::default();
        counter.set_value(super::float((self.read)()));
        let mut metric = Metric::default();
        metric.set_counter(counter);
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(MetricType::COUNTER);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
