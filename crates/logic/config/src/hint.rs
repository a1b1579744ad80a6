//! "Did you mean": the known word nearest to an unknown one.

/// A hint for `given` among the words that could stand there: the nearest one
/// when one is near, otherwise all of them when they are few.
pub(crate) fn among<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(given, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let known: Vec<_> = known.into_iter().map(|word| format!("`{word}`")).collect();
    match known.len() {
        0 => None,
        1 => known.first().map(|only| format!("only {only} can stand here")),
        n if n <= LISTED_MAX => Some(format!("known here are {}", known.join(", "))),
        _ => None,
    }
}

/// The word nearest to `given`, when it is near enough to be a slip: at most
/// one edit in three letters, swapped neighbours counting as one.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given_folded = given.to_lowercase();
    let allowed = (given.chars().count() / 3).max(1);
    let distance_to = |word: &str| edits(&given_folded, &word.to_lowercase());
    known
        .into_iter()
        .filter(|word| word.len().abs_diff(given.len()) <= allowed)
        .map(|word| (distance_to(word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// The edit distance of Damerau and Levenshtein in its restricted form,
/// computed over three rows.
fn edits(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], ix: usize| row.get(ix).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, j) + usize::from(ca != cb))
                .min(at(&last, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

const LISTED_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = ["retries", "timeout", "targetPort", "port"];
        for (given, meant) in [
            ("retrys", "retries"),
            ("timout", "timeout"),
            ("targetport", "targetPort"),
            ("target_port", "targetPort"),
            ("prot", "port"),
        ] {
            assert_eq!(nearest(given, known), Some(meant), "{given}");
        }
    }

    #[test]
    fn strangers_are_not() {
        assert_eq!(nearest("colour", ["port", "protocol"]), None);
        assert_eq!(nearest("x", ["orders"]), None);
    }

    #[test]
    fn without_a_near_word_the_few_known_ones_are_listed() {
        let hint = among("colour", ["port", "protocol"]).unwrap();
        assert_eq!(hint, "known here are `port`, `protocol`");
        assert_eq!(among("colour", std::iter::repeat_n("x", 20)), None);
        assert_eq!(among("colour", []), None);
    }

    #[test]
    fn edits_count_swaps_as_one() {
        assert_eq!(edits("abcd", "abdc"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
    }
}
