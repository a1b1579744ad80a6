//! Waiting for a condition, never for a while.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);

/// Looks until there is an answer; an error of the look ends the wait at once.
///
/// # Errors
/// When there is none in time.
pub(crate) fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + within;
    loop {
        if let Some(answer) = look()? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            bail!("not within {} s: {what}", within.as_secs_f32());
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_answer_or_says_what_it_waited_for() {
        let mut looks = 0;
        let answer = until("three looks", Duration::from_secs(5), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(answer.unwrap(), 3);
        let error = until::<()>("the end of time", Duration::ZERO, || Ok(None)).unwrap_err();
        assert!(error.to_string().contains("the end of time"), "{error}");
    }
}
