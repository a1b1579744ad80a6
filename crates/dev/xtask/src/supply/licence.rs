//! Licence expressions (SPDX): `OR` asks for one side, `AND` for both. The
//! slash of old manifests is an `OR`.

/// Whether the expression can be met with the licences on the list.
pub(crate) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed, is_broken: false };
    reader.any() && reader.words.is_empty() && !reader.is_broken
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
    /// Something was missing: no expression.
    is_broken: bool,
}

impl Reader<'_> {
    /// One side of each `OR`. All of it is read, whatever the outcome.
    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.take("OR") {
            holds |= self.all();
        }
        holds
    }

    /// Every side of each `AND`, which binds more tightly.
    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.take("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let holds = self.any();
            self.is_broken |= !self.take(")");
            return holds;
        }
        let Some((name, rest)) = self.words.split_first() else {
            self.is_broken = true;
            return false;
        };
        self.words = rest;
        let mut name = (*name).to_owned();
        if self.take("WITH")
            && let Some((exception, rest)) = self.words.split_first()
        {
            self.words = rest;
            name = format!("{name} WITH {exception}");
        }
        self.allowed.contains(&name)
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> bool {
        let list = ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        is_allowed(expression, &list.map(str::to_owned))
    }

    #[test]
    fn one_side_of_an_or_is_enough() {
        assert!(allowed("MIT OR GPL-3.0") && allowed("GPL-3.0/MIT") && !allowed("GPL-3.0 OR X"));
    }

    #[test]
    fn every_side_of_an_and_counts() {
        assert!(allowed("MIT AND ISC") && !allowed("MIT AND GPL-3.0"));
        assert!(allowed("ISC AND (Apache-2.0 OR GPL-3.0)") && !allowed("(MIT OR ISC) AND X"));
    }

    #[test]
    fn and_binds_more_tightly() {
        assert!(allowed("MIT OR X AND Y") && !allowed("X OR MIT AND Y"));
    }

    #[test]
    fn an_exception_is_part_of_the_name() {
        assert!(allowed("Apache-2.0 WITH LLVM-exception") && !allowed("MIT WITH LLVM-exception"));
    }

    #[test]
    fn nonsense_is_not_allowed() {
        for text in ["", "MIT MIT", "(MIT", "MIT)", "MIT OR", "AND MIT"] {
            assert!(!allowed(text), "{text}");
        }
    }
}
