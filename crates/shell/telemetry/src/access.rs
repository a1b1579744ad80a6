//! The access record: one exchange, one line of JSON.

use std::net::SocketAddr;
use std::time::Duration;

use model::Timestamp;

use crate::json::Object;

/// What is known of an exchange when it is over. Borrowed and plain: whoever
/// makes one spells its values out. What is empty, zero or `None` is left out
/// of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessRecord<'a> {
    /// When the record was made.
    pub time: Timestamp,
    /// The door that saw it.
    pub door: &'a str,
    /// `inbound`, `outbound` or `gateway`.
    pub role: &'a str,
    /// Where the connection came from.
    pub from: Option<SocketAddr>,
    /// Who asked, as proved.
    pub caller: Option<&'a str>,
    /// The identity on the far side.
    pub callee: Option<&'a str>,
    /// The service asked.
    pub service: Option<&'a str>,
    /// Its port.
    pub port: u16,
    /// `http`, `tcp` or `tls`.
    pub protocol: &'a str,
    /// The HTTP method.
    pub method: &'a str,
    /// The canonical path, never with its query.
    pub path: &'a str,
    /// The HTTP status sent.
    pub status: u16,
    /// The route taken.
    pub route: Option<&'a str>,
    /// The rule that decided.
    pub rule: Option<&'a str>,
    /// The decision's opaque id.
    pub decision: Option<&'a str>,
    /// The generation of the configuration it was judged by.
    pub generation: &'a str,
    /// From the first byte of the request to the last of the response.
    pub duration: Duration,
    /// Bytes of body from the caller.
    pub request_bytes: u64,
    /// Bytes of body to the caller.
    pub response_bytes: u64,
    /// Where in which trace it stands.
    pub trace: Option<&'a str>,
    /// Who has to mend a failure.
    pub blame: Option<&'a str>,
    /// Why it failed, for operators.
    pub reason: Option<&'a str>,
}

/// Appends the record to `out` as one line of JSON, in ASCII.
pub fn write_json(record: &AccessRecord<'_>, out: &mut Vec<u8>) {
    let mut line = Object::begin(out);
    line.text("time", &record.time.to_string());
    line.text("door", record.door);
    line.text("role", record.role);
    line.text_if("from", record.from.map(|from| from.to_string()).as_deref());
    line.text_if("caller", record.caller);
    line.text_if("callee", record.callee);
    line.text_if("service", record.service);
    number_if(&mut line, "port", record.port);
    line.text_if("protocol", some(record.protocol));
    line.text_if("method", some(record.method));
    line.text_if("path", some(record.path));
    number_if(&mut line, "status", record.status);
    line.text_if("route", record.route);
    line.text_if("rule", record.rule);
    line.text_if("decision", record.decision);
    line.text_if("generation", some(record.generation));
    line.number("duration_us", u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX));
    line.number("request_bytes", record.request_bytes);
    line.number("response_bytes", record.response_bytes);
    line.text_if("trace", record.trace);
    line.text_if("blame", record.blame);
    line.text_if("reason", record.reason);
    line.end();
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn number_if(line: &mut Object<'_>, name: &'static str, value: u16) {
    if value != 0 {
        line.number(name, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(record: &AccessRecord<'_>) -> String {
        let mut out = Vec::new();
        write_json(record, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_served_request_reads_like_this() {
        let record = AccessRecord {
            time: Timestamp(1_795_323_889_120),
            door: "orders",
            role: "inbound",
            from: Some("127.0.0.1:5000".parse().unwrap()),
            caller: Some("spiffe://shop/ns/default/sa/web"),
            service: Some("orders"),
            port: 8080,
            protocol: "http",
            method: "GET",
            path: "/v1/orders/7",
            status: 200,
            rule: Some("default/web-reads-orders allow[0]"),
            generation: "1.4",
            duration: Duration::from_micros(1_250),
            response_bytes: 12,
            ..AccessRecord::default()
        };
        assert_eq!(
            line(&record),
            "{\"time\":\"2026-11-22T05:04:49.120Z\",\"door\":\"orders\",\"role\":\"inbound\",\
             \"from\":\"127.0.0.1:5000\",\"caller\":\"spiffe://shop/ns/default/sa/web\",\
             \"service\":\"orders\",\"port\":8080,\"protocol\":\"http\",\"method\":\"GET\",\
             \"path\":\"/v1/orders/7\",\"status\":200,\
             \"rule\":\"default/web-reads-orders allow[0]\",\"generation\":\"1.4\",\
             \"duration_us\":1250,\"request_bytes\":0,\"response_bytes\":12}\n"
        );
    }

    #[test]
    fn one_record_is_one_line_whatever_it_holds() {
        let evil = "x\"}\n{\"door\":\"fake\u{2028}\u{1b}[2K\r";
        let record = AccessRecord {
            door: evil,
            role: evil,
            caller: Some(evil),
            callee: Some(evil),
            service: Some(evil),
            protocol: evil,
            method: evil,
            path: evil,
            route: Some(evil),
            rule: Some(evil),
            decision: Some(evil),
            generation: evil,
            trace: Some(evil),
            blame: Some(evil),
            reason: Some(evil),
            ..AccessRecord::default()
        };
        let line = line(&record);
        assert_eq!(line.lines().count(), 1);
        assert!(line.trim_end().bytes().all(|byte| matches!(byte, b' '..=b'~')));
        assert_eq!(line.matches(",\"door\":").count(), 1, "{line}");
    }

    #[test]
    fn records_are_appended() {
        let mut out = b"before\n".to_vec();
        write_json(&AccessRecord::default(), &mut out);
        write_json(&AccessRecord::default(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 3);
    }
}
