//! The `traceparent` header of W3C Trace Context, level 2: where in which
//! trace a request stands. Sampling decisions are passed on, not made.

use std::fmt;

/// Bytes of the text form.
const TEXT_LEN: usize = 55;
/// The flag that asks for recording, which is also what a trace begins with:
/// a tracer behind us would otherwise record nothing.
const SAMPLED: u8 = 0b01;
/// The flag that says the trace id is random (level 2, section 2.2.4).
const RANDOM: u8 = 0b10;

/// A position in a trace. Neither id is ever zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a header value. `None` when it isn't valid: the trace then begins
    /// anew. Of a later version the known part is read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.as_bytes().split_at_checked(TEXT_LEN)?;
        let (version, known) = known.split_at_checked(2)?;
        let version = hex(version)?;
        let is_complete =
            if version == 0 { rest.is_empty() } else { matches!(rest, [] | [b'-', ..]) };
        let (trace, span) = (field(known, 0, 32)?, field(known, 33, 16)?);
        let flags = field(known, 50, 2)?;
        let (span, flags) = (u64::try_from(span).ok()?, u8::try_from(flags).ok()?);
        let is_valid = is_complete && version != 0xff && trace != 0 && span != 0;
        is_valid.then_some(Self { trace, span, flags: flags & (SAMPLED | RANDOM) })
    }

    /// Begins a trace with two random numbers. Zero isn't allowed and becomes
    /// one.
    #[must_use]
    pub fn new(trace: u128, span: u64) -> Self {
        Self { trace: trace.max(1), span: span.max(1), flags: SAMPLED | RANDOM }
    }

    /// The same trace, one step further.
    #[must_use]
    pub fn child(self, span: u64) -> Self {
        Self { span: span.max(1), ..self }
    }

    /// The id all positions of the trace share.
    #[must_use]
    pub const fn trace(self) -> u128 {
        self.trace
    }

    /// The id of this position.
    #[must_use]
    pub const fn span(self) -> u64 {
        self.span
    }

    /// Whether somebody before us wants it recorded.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The header value, in version 00, without a heap allocation.
    #[must_use]
    pub fn text(self) -> [u8; TEXT_LEN] {
        let mut text = [b'-'; TEXT_LEN];
        write_hex(&mut text, 0, 2, 0);
        write_hex(&mut text, 3, 32, self.trace);
        write_hex(&mut text, 36, 16, u128::from(self.span));
        write_hex(&mut text, 53, 2, u128::from(self.flags));
        text
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// The number of `length` digits that stand behind a hyphen at `start`.
fn field(text: &[u8], start: usize, length: usize) -> Option<u128> {
    match text.get(start..=start + length)? {
        [b'-', digits @ ..] => hex(digits),
        _ => None,
    }
}

/// Small letters only (section 2.2.2).
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |sum: u128, digit| match digit {
        b'0'..=b'9' => Some(sum << 4 | u128::from(digit - b'0')),
        b'a'..=b'f' => Some(sum << 4 | u128::from(digit - b'a' + 10)),
        _ => None,
    })
}

fn write_hex(text: &mut [u8], start: usize, length: usize, value: u128) {
    let mut rest = value;
    for slot in text.iter_mut().skip(start).take(length).rev() {
        let digit = u8::try_from(rest & 15).unwrap_or_default();
        *slot = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        rest >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_standard_round_trips() {
        let parent = TraceParent::parse(GOOD).unwrap();
        assert_eq!(parent.trace(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(parent.span(), 0x00f0_67aa_0ba9_02b7);
        assert!(parent.is_sampled());
        assert_eq!(parent.to_string(), GOOD);
        assert_eq!(parent.text(), GOOD.as_bytes());
    }

    #[test]
    fn a_child_keeps_trace_and_flags() {
        let parent = TraceParent::parse(&GOOD.replace("-01", "-fe")).unwrap();
        let child = parent.child(7);
        assert_eq!((child.trace(), child.span()), (parent.trace(), 7));
        assert!(child.to_string().ends_with("-0000000000000007-02"), "unknown flags are dropped");
    }

    #[test]
    fn zero_never_gets_out() {
        let parent = TraceParent::new(0, 0).child(0);
        assert_eq!(TraceParent::parse(&parent.to_string()), Some(parent));
    }

    #[test]
    fn later_versions_are_read_as_far_as_known() {
        assert!(TraceParent::parse(&GOOD.replacen("00", "cc", 1)).is_some());
        assert!(TraceParent::parse(&format!("{}-what", GOOD.replacen("00", "cc", 1))).is_some());
        assert!(TraceParent::parse(&format!("{}what", GOOD.replacen("00", "cc", 1))).is_none());
    }

    #[test]
    fn invalid_ones_are_none() {
        for bad in [
            "",
            "00",
            GOOD.trim_start_matches('0'),
            &format!("{GOOD}-"),
            &format!("{GOOD}0"),
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replacen('-', "_", 1),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace("-01", "-0g"),
            &GOOD.replace("-01", "-é"),
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }
}
