//! Requests by route, method and status class, and how long they took.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::iter;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use common::problem::Code;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

use super::{MetricsError, registered};

/// Where the durations of requests are parted, in seconds.
const BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What a status may begin with.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// More than there are routes, each with its methods. What finds no place is counted as one.
const PLACES: usize = 256;

/// What no route was found for, as the log calls it.
const NONE: &str = "(none)";

/// The counters of all requests.
pub(crate) struct Requests {
    counts: IntCounterVec,
    durations: HistogramVec,
    /// Those of a route are made at its first request. Found by looking from the place that the route's digest names
    /// to the next that is empty or its own.
    places: Box<[OnceLock<Route>]>,
    others: Route,
    problems: Vec<IntCounter>,
}

/// The counters of one route and method.
struct Route {
    template: Box<str>,
    method: &'static str,
    by_class: [IntCounter; CLASSES.len()],
    duration: Histogram,
}

impl Requests {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let counts = Opts::new(
            "portcullis_http_requests_total",
            "Requests on the public port, by route, method and the class of the status.",
        );
        let counts = IntCounterVec::new(counts, &["route", "method", "status"])?;
        let durations = HistogramOpts::new(
            "portcullis_http_request_duration_seconds",
            "How long requests on the public port took.",
        )
        .buckets(BUCKETS.to_vec());
        let durations = HistogramVec::new(durations, &["route", "method"])?;
        let problems = Opts::new(
            "portcullis_http_problems_total",
            "Answers that were a refusal or a fault, by the code that clients are told.",
        );
        let problems = registered(registry, IntCounterVec::new(problems, &["code"])?)?;
        let counts = registered(registry, counts)?;
        let durations = registered(registry, durations)?;
        let others = Route::new(&counts, &durations, NONE, "other");
        Ok(Self {
            places: iter::repeat_with(OnceLock::new).take(PLACES).collect(),
            others,
            problems: Code::ALL
                .iter()
                .map(|code| problems.with_label_values(&[code.as_str()]))
                .collect(),
            counts,
            durations,
        })
    }

    /// Counts an answer. `template` is the route as the router knows it.
    pub(crate) fn answered(
        &self,
        template: Option<&str>,
        method: &Method,
        status: StatusCode,
        code: Option<Code>,
        took: Duration,
    ) {
        // A method that a route does not have makes no series of it.
        let known = template.filter(|_| status != StatusCode::METHOD_NOT_ALLOWED);
        let route = self.route(known.unwrap_or(NONE), word(method));
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = route.by_class.get(class) {
            counter.inc();
        }
        route.duration.observe(took.as_secs_f64());
        // The catalogue is in the order of the codes.
        if let Some(problem) = code.and_then(|code| self.problems.get(code as usize)) {
            problem.inc();
        }
    }

    fn route(&self, template: &str, method: &'static str) -> &Route {
        let mut hasher = DefaultHasher::new();
        (template, method).hash(&mut hasher);
        let start = usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default();
        let places = self.places.iter().cycle().skip(start).take(PLACES);
        let mut routes = places.map(|place| {
            place.get_or_init(|| Route::new(&self.counts, &self.durations, template, method))
        });
        routes
            .find(|route| route.method == method && *route.template == *template)
            .unwrap_or(&self.others)
    }
}

impl Route {
    fn new(
        counts: &IntCounterVec,
        durations: &HistogramVec,
        template: &str,
        method: &'static str,
    ) -> Self {
        Self {
            template: template.into(),
            method,
            by_class: CLASSES.map(|class| counts.with_label_values(&[template, method, class])),
            duration: durations.with_label_values(&[template, method]),
        }
    }
}

/// The method; a client can make up others.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted_each_as_itself() {
        for (place, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, place, "{code:?}");
        }
    }

    #[test]
    fn more_routes_than_there_are_places_are_counted_as_one() {
        let requests = Requests::new(&Registry::new()).unwrap();
        let took = Duration::from_millis(3);
        for n in 0..PLACES + 20 {
            let route = format!("/{n}");
            requests.answered(Some(&route), &Method::GET, StatusCode::OK, None, took);
            requests.answered(Some(&route), &Method::GET, StatusCode::OK, None, took);
        }
        assert_eq!(requests.others.by_class[1].get(), 40);
        let first = requests.route("/0", "GET");
        assert_eq!((first.by_class[1].get(), first.duration.get_sample_count()), (2, 2));
    }

    #[test]
    fn what_a_client_makes_up_makes_no_series() {
        let requests = Requests::new(&Registry::new()).unwrap();
        let odd = Method::from_bytes(b"MADE-UP").unwrap();
        requests.answered(None, &odd, StatusCode::NOT_FOUND, None, Duration::ZERO);
        let refused = StatusCode::METHOD_NOT_ALLOWED;
        requests.answered(Some("/auth/me"), &odd, refused, None, Duration::ZERO);
        assert_eq!(requests.route(NONE, "other").by_class[3].get(), 2);
        let taken = requests.places.iter().filter(|place| place.get().is_some()).count();
        assert_eq!(taken, 1);
    }
}
