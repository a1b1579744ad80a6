//! The two spellings of a moment in a certificate (RFC 5280, section
//! 4.1.2.5): UTC, whole seconds, a day that exists.

use model::Timestamp;

use super::der::{Element, GENERALIZED_TIME, UTC_TIME};
use super::error::ReadError;

/// Reads a `Time`. Moments before 1970 read as 1970.
pub(crate) fn read_moment(element: Element<'_>) -> Result<Timestamp, ReadError> {
    let (year, rest) = match (element.tag, element.content) {
        (UTC_TIME, [a, b, rest @ ..]) => {
            let year = digits(&[*a, *b])?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (GENERALIZED_TIME, [a, b, c, d, rest @ ..]) => (digits(&[*a, *b, *c, *d])?, rest),
        _ => return Err(ReadError::Moment),
    };
    let [o1, o2, d1, d2, h1, h2, m1, m2, s1, s2, b'Z'] = rest else {
        return Err(ReadError::Moment);
    };
    let (month, day) = (digits(&[*o1, *o2])?, digits(&[*d1, *d2])?);
    let (hour, minute, second) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?);
    let is_day = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_day || hour > 23 || minute > 59 || second > 59 {
        return Err(ReadError::Moment);
    }
    let days = days_since_1970(year, month, day);
    Ok(Timestamp::from_secs(
        days.map_or(0, |days| days * 86_400 + hour * 3_600 + minute * 60 + second),
    ))
}

fn digits(text: &[u8]) -> Result<u64, ReadError> {
    text.iter().try_fold(0, |sum, digit| match digit {
        b'0'..=b'9' => Ok(sum * 10 + u64::from(digit - b'0')),
        _ => Err(ReadError::Moment),
    })
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, counted in eras of 400 years that begin in March;
/// `None` for days before it.
const fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Result<String, ReadError> {
        let content = text.as_bytes();
        read_moment(Element { tag, content, whole: content }).map(|moment| moment.to_string())
    }

    #[test]
    fn both_spellings_read() {
        for (tag, text, wanted) in [
            (UTC_TIME, "700101000000Z", "1970-01-01T00:00:00.000Z"),
            (UTC_TIME, "491231235959Z", "2049-12-31T23:59:59.000Z"),
            (UTC_TIME, "500101000000Z", "1970-01-01T00:00:00.000Z"),
            (UTC_TIME, "240229120000Z", "2024-02-29T12:00:00.000Z"),
            (UTC_TIME, "380119031408Z", "2038-01-19T03:14:08.000Z"),
            (GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00.000Z"),
            (GENERALIZED_TIME, "20000229000000Z", "2000-02-29T00:00:00.000Z"),
            (GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59.000Z"),
            (GENERALIZED_TIME, "00000101000000Z", "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(read(tag, text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn moments_that_never_were_are_refused() {
        for (tag, text) in [
            (UTC_TIME, "230229000000Z"),
            (UTC_TIME, "231301000000Z"),
            (UTC_TIME, "230001000000Z"),
            (UTC_TIME, "230100000000Z"),
            (UTC_TIME, "230431000000Z"),
            (UTC_TIME, "231231235960Z"),
            (UTC_TIME, "231231240000Z"),
            (UTC_TIME, "2312312359Z"),
            (UTC_TIME, "231231235959"),
            (UTC_TIME, "231231235959+0000"),
            (UTC_TIME, "23123123595 Z"),
            (UTC_TIME, "20231231235959Z"),
            (GENERALIZED_TIME, "21000229000000Z"),
            (GENERALIZED_TIME, "20231231235959.5Z"),
            (GENERALIZED_TIME, "231231235959Z"),
            (0x04, "231231235959Z"),
        ] {
            assert_eq!(read(tag, text), Err(ReadError::Moment), "{text}");
        }
    }
}
