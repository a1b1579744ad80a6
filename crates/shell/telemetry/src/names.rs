//! Every metric there is, with its kind and what it says. Dashboards, alert
//! rules and the reference page are made from these names and no others.

/// The `Content-Type` of [`crate::Registry::render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What Prometheus has to know of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with its unit.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What it counts.
    pub help: &'static str,
}

/// Labels `door`, `role`, `caller`, `callee`, `port`, `route`, `class`.
pub const REQUESTS: Metric = Metric {
    name: "postern_requests_total",
    kind: "counter",
    help: "Exchanges that ended, by class of the status sent.",
};

/// Labels of an edge.
pub const DURATION: Metric = Metric {
    name: "postern_request_duration_seconds",
    kind: "histogram",
    help: "From the first byte of a request to the last of its response.",
};

/// Labels of an edge.
pub const RECEIVED: Metric = Metric {
    name: "postern_received_bytes_total",
    kind: "counter",
    help: "Bytes of bodies and streams that came from callers.",
};

/// Labels of an edge.
pub const SENT: Metric = Metric {
    name: "postern_sent_bytes_total",
    kind: "counter",
    help: "Bytes of bodies and streams that went to callers.",
};

/// Labels of an edge.
pub const STREAMS_OPENED: Metric = Metric {
    name: "postern_streams_opened_total",
    kind: "counter",
    help: "TCP streams that were opened.",
};

/// Labels of an edge.
pub const STREAMS_CLOSED: Metric = Metric {
    name: "postern_streams_closed_total",
    kind: "counter",
    help: "TCP streams that ended after they were served.",
};

/// Labels of an edge.
pub const STREAMS_OPEN: Metric =
    Metric { name: "postern_streams_open", kind: "gauge", help: "TCP streams open now." };

/// Labels `door`, `role`, `reason`.
pub const DENIED: Metric = Metric {
    name: "postern_denied_total",
    kind: "counter",
    help: "Exchanges and connections that were refused or failed, by reason.",
};

/// Label `door`.
pub const CONNECTIONS_OPEN: Metric = Metric {
    name: "postern_connections_open",
    kind: "gauge",
    help: "Connections open at the door now.",
};

/// Label `door`.
pub const SVID_EXPIRY: Metric = Metric {
    name: "postern_svid_expiry_timestamp_seconds",
    kind: "gauge",
    help: "When the door's certificate expires, in seconds since 1970.",
};

/// Label `door`.
pub const GENERATION: Metric = Metric {
    name: "postern_config_generation",
    kind: "gauge",
    help: "The counter of the configuration the door runs.",
};

/// Label `door`.
pub const EPOCH: Metric = Metric {
    name: "postern_config_epoch",
    kind: "gauge",
    help: "The epoch of the configuration the door runs; a restore raises it.",
};

/// No labels.
pub const LINES_LOST: Metric = Metric {
    name: "postern_access_lines_lost_total",
    kind: "counter",
    help: "Access lines that could not be written.",
};

/// All of them.
pub const ALL: [Metric; 13] = [
    REQUESTS,
    DURATION,
    RECEIVED,
    SENT,
    STREAMS_OPENED,
    STREAMS_CLOSED,
    STREAMS_OPEN,
    DENIED,
    CONNECTIONS_OPEN,
    SVID_EXPIRY,
    GENERATION,
    EPOCH,
    LINES_LOST,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for metric in ALL {
            let name = metric.name;
            let allowed = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.starts_with("postern_") && name.chars().all(allowed), "{name}");
            assert_eq!(metric.kind == "counter", name.ends_with("_total"), "{name}");
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\n', '\\']), "{name}");
            assert_eq!(ALL.iter().filter(|other| other.name == name).count(), 1, "{name}");
        }
    }
}
