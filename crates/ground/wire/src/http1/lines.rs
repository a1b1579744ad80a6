//! Reads the lines of a header or trailer section strictly (RFC 9112,
//! section 5): no folding, no blank before the colon, no bare line feed.

use crate::alphabet::{find, is_all_value, is_token, trim_blanks};
use crate::http::{Section, SectionError, Underscores};

impl Section {
    /// Reads the lines of a section; the empty line at its end is left out.
    pub(crate) fn read_fields(
        &mut self,
        lines: &[u8],
        underscores: Underscores,
    ) -> Result<(), SectionError> {
        let mut rest = lines;
        while !rest.is_empty() {
            let end = find(rest, b'\n').map_or(rest.len(), |feed| feed + 1);
            let (line, after) = rest.split_at_checked(end).unwrap_or_default();
            rest = after;
            let line = line.strip_suffix(b"\r\n").ok_or(SectionError::LineEnd)?;
            self.read_field(line, underscores)?;
        }
        Ok(())
    }

    fn read_field(&mut self, line: &[u8], underscores: Underscores) -> Result<(), SectionError> {
        match line.first() {
            None => return Err(SectionError::LineEnd),
            Some(b' ' | b'\t') => return Err(SectionError::Fold),
            Some(_) => {}
        }
        let length = line.iter().take_while(|byte| is_token(**byte)).count();
        let Some((name, [b':', value @ ..])) = line.split_at_checked(length) else {
            return Err(SectionError::Name);
        };
        check_name(name, underscores)?;
        let value = trim_blanks(value);
        if !is_all_value(value) {
            return Err(SectionError::Value);
        }
        self.push(name, value);
        Ok(())
    }
}

fn check_name(name: &[u8], underscores: Underscores) -> Result<(), SectionError> {
    if name.is_empty() {
        return Err(SectionError::Name);
    }
    if underscores == Underscores::Refused && name.contains(&b'_') {
        return Err(SectionError::Underscore);
    }
    Ok(())
}
