//! The Prometheus text format (0.0.4): families, samples, escaped labels.

use std::fmt::{self, Write as _};

use crate::names::Metric;

/// A page of metrics being written.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

/// Labels in their written form, escaped once and used for many samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels(String);

impl Labels {
    /// The same labels and one more. Values may hold anything.
    pub(crate) fn and(mut self, name: &'static str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(name);
        self.0.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
        self
    }
}

impl Page {
    /// Begins a metric; its samples follow.
    pub(crate) fn family(&mut self, metric: &Metric) {
        let Metric { name, kind, help } = metric;
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// One sample; `suffix` is `_bucket` and the like in histograms.
    pub(crate) fn sample(
        &mut self,
        (metric, suffix): (&Metric, &str),
        labels: &Labels,
        value: impl fmt::Display,
    ) {
        let name = metric.name;
        match labels.0.as_str() {
            "" => self.write(format_args!("{name}{suffix} {value}\n")),
            labels => self.write(format_args!("{name}{suffix}{{{labels}}} {value}\n")),
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        // Writing into a String can't fail.
        let _infallible = self.text.write_fmt(text);
    }
}

/// Microseconds as seconds, exactly: `0.0005`, `2.5`, `10`.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let part = format!("{part:06}");
        write!(f, "{whole}.{}", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{DENIED, LINES_LOST};

    #[test]
    fn families_and_samples_read_like_this() {
        let mut page = Page::default();
        page.family(&LINES_LOST);
        page.sample((&LINES_LOST, ""), &Labels::default(), 3);
        let labels = Labels::default().and("door", "orders").and("reason", "policy");
        page.sample((&DENIED, "_x"), &labels, 4);
        assert_eq!(
            page.into_text(),
            "# HELP postern_access_lines_lost_total Access lines that could not be written.\n\
             # TYPE postern_access_lines_lost_total counter\n\
             postern_access_lines_lost_total 3\n\
             postern_denied_total_x{door=\"orders\",reason=\"policy\"} 4\n"
        );
    }

    #[test]
    fn label_values_cannot_leave_their_quotes() {
        let labels = Labels::default().and("a", "x\"} 1\ny{b=\"\\");
        assert_eq!(labels.0, "a=\"x\\\"} 1\\ny{b=\\\"\\\\\"");
    }

    #[test]
    fn seconds_are_exact() {
        for (micros, text) in
            [(0, "0"), (500, "0.0005"), (2_500_000, "2.5"), (10_000_000, "10"), (1, "0.000001")]
        {
            assert_eq!(Seconds(micros).to_string(), text);
        }
    }
}
