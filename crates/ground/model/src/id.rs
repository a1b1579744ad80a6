//! The opaque identifier a caller sees instead of a reason.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 20;

/// 100 random bits naming one decision. Callers get it in the body of a
/// refusal, operators turn it into the reason with `postern explain ID`. It
/// says nothing by itself.
///
/// Written as 20 characters of Crockford's base 32 in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(u128);

impl DecisionId {
    /// Keeps the lowest 100 bits of `random`.
    #[must_use]
    pub const fn from_random(random: u128) -> Self {
        Self(random & ((1 << 100) - 1))
    }

    /// The text form, without a heap allocation.
    #[must_use]
    pub fn text(self) -> [u8; TEXT_LEN] {
        let mut text = [b'0'; TEXT_LEN];
        let mut rest = self.0;
        for slot in text.iter_mut().rev() {
            let digit = usize::try_from(rest & 31).unwrap_or(0);
            *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        text
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecisionId({self})")
    }
}

/// The text is no decision identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decision id is {TEXT_LEN} characters of 0-9 and a-z without i, l, o and u")]
pub struct ParseDecisionIdError;

impl FromStr for DecisionId {
    type Err = ParseDecisionIdError;

    fn from_str(text: &str) -> Result<Self, ParseDecisionIdError> {
        if text.len() != TEXT_LEN {
            return Err(ParseDecisionIdError);
        }
        let digit = |byte| ALPHABET.iter().position(|a| *a == byte).ok_or(ParseDecisionIdError);
        let mut value = 0_u128;
        for byte in text.bytes() {
            value = (value << 5) | digit(byte)? as u128;
        }
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for random in [0, 1, u128::MAX, 0x1234_5678_9abc_def0_1122_3344] {
            let id = DecisionId::from_random(random);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn foreign_characters_are_refused() {
        for bad in
            ["", "0", "0000000000000000000u", "0000000000000000000A", "00000000000000000000 "]
        {
            assert_eq!(bad.parse::<DecisionId>(), Err(ParseDecisionIdError), "{bad:?}");
        }
    }
}
