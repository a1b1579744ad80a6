//! One input, handed over in parts: whole, byte by byte, and cut at places
//! that follow from the input itself, so that every finding repeats.

/// Longer inputs are not tried byte by byte: a decoder that is shown its
/// unfinished input again each time would take the square of their length.
const BYTE_BY_BYTE_MAX: usize = 600;
/// How many pieces an input is cut to.
const CUTS: usize = 6;

/// The ends of the pieces for each way to split `input`; the last end is
/// always that of the input.
pub(crate) fn ways(input: &[u8]) -> Vec<Vec<usize>> {
    let mut ways = vec![cuts(input)];
    if input.len() <= BYTE_BY_BYTE_MAX {
        ways.push((0..=input.len()).collect());
    }
    ways
}

/// A few places in the input, drawn from a hash of it (FNV-1a).
fn cuts(input: &[u8]) -> Vec<usize> {
    let step = |hash: u64, byte: u64| (hash ^ byte).wrapping_mul(0x0100_0000_01b3);
    let mut hash =
        input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| step(hash, (*byte).into()));
    let mut next = || {
        hash = step(hash, 0x5a);
        usize::try_from(hash >> 16).unwrap_or_default() % (input.len() + 1)
    };
    let mut ends: Vec<usize> = (0..CUTS).map(|_| next()).collect();
    ends.push(input.len());
    ends.sort_unstable();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_ends_with_the_input() {
        for input in [&b""[..], b"a", b"hello", &[7; 5_000]] {
            let ways = ways(input);
            assert!(ways.iter().all(|ends| ends.last() == Some(&input.len())));
            assert!(ways.iter().all(|ends| ends.is_sorted()));
            assert_eq!(ways.len() == 2, input.len() <= BYTE_BY_BYTE_MAX);
        }
    }
}
