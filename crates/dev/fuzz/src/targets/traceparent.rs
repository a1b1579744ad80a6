//! A position in a trace: what is read is written as it was, and is never
//! zero.

use wire::traceparent::TraceParent;

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Some(parent) = TraceParent::parse(&text) else { return };
    assert!(parent.trace() != 0 && parent.span() != 0);
    assert_eq!(text.get(3..35), Some(format!("{:032x}", parent.trace()).as_str()));
    let written = parent.to_string();
    assert_eq!(written.as_bytes(), parent.text());
    assert_eq!(TraceParent::parse(&written), Some(parent));
    let child = parent.child(parent.span() ^ 1);
    assert_eq!((child.trace(), child.is_sampled()), (parent.trace(), parent.is_sampled()));
    assert!(TraceParent::parse(&child.to_string()) == Some(child));
}
