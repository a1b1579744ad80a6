//! The JSON that `echo` answers with. Field order is reading order.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// What a service saw of one request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    pub(super) service: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    /// Who called, as the door proved it.
    pub(super) caller: Option<String>,
    pub(super) forwarded_client_cert: Option<String>,
    pub(super) traceparent: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    pub(super) body_bytes: usize,
    pub(super) called: Vec<Called>,
}

/// What one onward call gave.
#[derive(Default, Serialize)]
pub(super) struct Called {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    pub(super) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// The opaque id of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) decision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) greeting: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl Called {
    /// Whether the call did what it was meant to.
    pub(super) fn succeeded(&self) -> bool {
        self.error.is_none() && self.status.is_none_or(|status| status < 400)
    }
}

/// One field's value as text; several values are joined with a comma.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|v| lossy(v.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// All fields by lower-case name.
pub(super) fn all_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .keys()
        .filter_map(|name| Some((name.to_string(), header(headers, name.as_str())?)))
        .collect()
}

/// A body as JSON when it is JSON, else as text.
pub(super) fn body_value(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(lossy(body).trim_end().to_owned()))
}

/// Bytes as text, what isn't UTF-8 replaced.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_succeeds_below_400_and_without_an_error() {
        let status = |status| Called { status, ..Called::default() };
        assert!(status(Some(204)).succeeded() && status(None).succeeded());
        assert!(!status(Some(403)).succeeded());
        assert!(!Called { error: Some(String::new()), ..Called::default() }.succeeded());
    }

    #[test]
    fn repeated_fields_are_joined() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", "1".parse().unwrap());
        headers.append("x-a", "2".parse().unwrap());
        assert_eq!(header(&headers, "x-a").as_deref(), Some("1, 2"));
        assert_eq!(header(&headers, "x-b"), None);
        assert_eq!(all_headers(&headers).len(), 1);
    }

    #[test]
    fn a_body_that_is_no_json_stays_text() {
        assert_eq!(body_value(b"{\"a\":1}"), serde_json::json!({"a": 1}));
        assert_eq!(body_value(b"denied\n"), serde_json::json!("denied"));
    }
}
