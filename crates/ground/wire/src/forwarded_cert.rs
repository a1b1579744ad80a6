//! The `x-forwarded-client-cert` value in Envoy's words: who spoke to the
//! door and with which certificate. Only a door writes it, nobody reads it
//! here.

use std::fmt::Write as _;

use model::SpiffeId;

/// `By=<the door>;Hash=<SHA-256 of the caller's leaf>;URI=<the caller>`. None
/// of the parts can hold a delimiter, so nothing is quoted.
#[must_use]
pub fn render(by: &SpiffeId, caller: &SpiffeId, leaf_sha256: &[u8; 32]) -> String {
    let mut text = format!("By={by};Hash=");
    for byte in leaf_sha256 {
        // Writing into a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    let _ = write!(text, ";URI={caller}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_like_envoys() {
        let id = |text: &str| text.parse::<SpiffeId>().unwrap();
        let text =
            render(&id("spiffe://m/ns/a/sa/orders"), &id("spiffe://m/ns/a/sa/web"), &[0xab; 32]);
        let wanted = format!(
            "By=spiffe://m/ns/a/sa/orders;Hash={};URI=spiffe://m/ns/a/sa/web",
            "ab".repeat(32)
        );
        assert_eq!(text, wanted);
    }
}
