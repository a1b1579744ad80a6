//! The meters of one edge of the graph: who calls whom where. Counting is a
//! few relaxed adds; everything else was done when the edge was made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::names;
use crate::page::{Labels, Page, Seconds};

/// Upper bounds of the duration buckets, in microseconds.
const BOUNDS_US: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// How an exchange ended, as far as counting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A status of 100 to 199, which ends an exchange only as 101.
    Informational,
    /// 200 to 299.
    Success,
    /// 300 to 399.
    Redirection,
    /// 400 to 499.
    ClientError,
    /// 500 to 599.
    ServerError,
    /// No status, or one outside all classes.
    Other,
    /// A TCP stream that was served. Its duration isn't a response time and
    /// isn't counted as one.
    Stream,
}

const CLASSES: [(Outcome, &str); 6] = [
    (Outcome::Informational, "1xx"),
    (Outcome::Success, "2xx"),
    (Outcome::Redirection, "3xx"),
    (Outcome::ClientError, "4xx"),
    (Outcome::ServerError, "5xx"),
    (Outcome::Other, "other"),
];

impl Outcome {
    /// The class of an HTTP status.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }
}

/// The counters of one edge.
#[derive(Debug, Default)]
pub struct Edge {
    informational: AtomicU64,
    success: AtomicU64,
    redirection: AtomicU64,
    client_error: AtomicU64,
    server_error: AtomicU64,
    other: AtomicU64,
    streams_opened: AtomicU64,
    streams_gone: AtomicU64,
    streams_closed: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    durations: Durations,
}

/// Not cumulative; that is made when read.
#[derive(Debug, Default)]
struct Durations {
    buckets: [AtomicU64; BOUNDS_US.len()],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

impl Edge {
    /// Counts an exchange that ended: how, how long it took, bytes from the
    /// caller, bytes to the caller.
    pub fn count(&self, outcome: Outcome, took: Duration, received: u64, sent: u64) {
        self.outcome(outcome).fetch_add(1, Ordering::Relaxed);
        self.received.fetch_add(received, Ordering::Relaxed);
        self.sent.fetch_add(sent, Ordering::Relaxed);
        if outcome != Outcome::Stream {
            self.durations.count(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Counts a TCP stream as open for as long as the value lives.
    #[must_use]
    pub fn open_stream(self: &Arc<Self>) -> OpenStream {
        self.streams_opened.fetch_add(1, Ordering::Relaxed);
        OpenStream(Arc::clone(self))
    }

    const fn outcome(&self, outcome: Outcome) -> &AtomicU64 {
        match outcome {
            Outcome::Informational => &self.informational,
            Outcome::Success => &self.success,
            Outcome::Redirection => &self.redirection,
            Outcome::ClientError => &self.client_error,
            Outcome::ServerError => &self.server_error,
            Outcome::Other => &self.other,
            Outcome::Stream => &self.streams_closed,
        }
    }

    /// Requests by class; classes that never happened are left out.
    pub(crate) fn write_requests(&self, labels: &Labels, page: &mut Page) {
        for (outcome, class) in CLASSES {
            let count = self.outcome(outcome).load(Ordering::Relaxed);
            if count > 0 {
                page.sample((&names::REQUESTS, ""), &labels.clone().and("class", class), count);
            }
        }
    }

    /// The histogram; left out while it is empty.
    pub(crate) fn write_durations(&self, labels: &Labels, page: &mut Page) {
        let Durations { buckets, beyond, sum_us } = &self.durations;
        let buckets = buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        let total = buckets.iter().sum::<u64>() + beyond.load(Ordering::Relaxed);
        if total == 0 {
            return;
        }
        let mut below = 0;
        for (bound, count) in BOUNDS_US.iter().zip(buckets) {
            below += count;
            let labels = labels.clone().and("le", &Seconds(*bound).to_string());
            page.sample((&names::DURATION, "_bucket"), &labels, below);
        }
        let all = labels.clone().and("le", "+Inf");
        page.sample((&names::DURATION, "_bucket"), &all, total);
        let sum = Seconds(sum_us.load(Ordering::Relaxed));
        page.sample((&names::DURATION, "_sum"), labels, sum);
        page.sample((&names::DURATION, "_count"), labels, total);
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn streams_opened(&self) -> u64 {
        self.streams_opened.load(Ordering::Relaxed)
    }

    pub(crate) fn streams_closed(&self) -> u64 {
        self.streams_closed.load(Ordering::Relaxed)
    }

    pub(crate) fn streams_open(&self) -> u64 {
        let gone = self.streams_gone.load(Ordering::Relaxed);
        self.streams_opened().saturating_sub(gone)
    }
}

impl Durations {
    fn count(&self, took_us: u64) {
        let place = BOUNDS_US.partition_point(|bound| *bound < took_us);
        self.buckets.get(place).unwrap_or(&self.beyond).fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
    }
}

/// A TCP stream that is open; dropping it counts it as gone.
#[derive(Debug)]
pub struct OpenStream(Arc<Edge>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.streams_gone.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(edge: &Edge) -> Vec<(String, String)> {
        let mut page = Page::default();
        edge.write_durations(&Labels::default(), &mut page);
        let split = |line: &str| line.rsplit_once(' ').map(|(n, v)| (n.to_owned(), v.to_owned()));
        page.into_text().lines().filter_map(split).collect()
    }

    #[test]
    fn statuses_have_classes() {
        let classes = [101, 204, 301, 404, 503, 0, 99, 600].map(Outcome::of_status);
        use Outcome as O;
        let other = O::Other;
        assert_eq!(
            classes,
            [
                O::Informational,
                O::Success,
                O::Redirection,
                O::ClientError,
                O::ServerError,
                other,
                other,
                other
            ]
        );
    }

    #[test]
    fn durations_are_cumulative_with_inclusive_bounds() {
        let edge = Edge::default();
        for micros in [0, 500, 501, 10_000_000, 10_000_001] {
            edge.count(Outcome::Success, Duration::from_micros(micros), 0, 0);
        }
        let samples = durations(&edge);
        let value = |le: &str| {
            let name = format!("postern_request_duration_seconds_bucket{{le=\"{le}\"}}");
            samples.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
        };
        assert_eq!(value("0.0005"), Some("2"));
        assert_eq!(value("0.001"), Some("3"));
        assert_eq!(value("10"), Some("4"));
        assert_eq!(value("+Inf"), Some("5"));
        assert!(
            samples.contains(&("postern_request_duration_seconds_sum".into(), "20.001002".into()))
        );
        assert!(samples.contains(&("postern_request_duration_seconds_count".into(), "5".into())));
    }

    #[test]
    fn a_stream_is_no_request() {
        let edge = Arc::new(Edge::default());
        let open = edge.open_stream();
        assert_eq!((edge.streams_opened(), edge.streams_open()), (1, 1));
        drop(open);
        edge.count(Outcome::Stream, Duration::from_secs(900), 3, 4);
        assert_eq!((edge.streams_opened(), edge.streams_open(), edge.streams_closed()), (1, 0, 1));
        assert_eq!((edge.received(), edge.sent()), (3, 4));
        assert!(durations(&edge).is_empty());
    }
}
