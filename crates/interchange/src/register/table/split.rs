//! A line of a table in cells (RFC 4180, a line at a time). A cell holds no line break, so a quote that is left open
//! spoils its own line and no other.

use std::borrow::Cow;

/// Why a line has no cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsplit {
    /// The quoted cell with this number, from 1, does not end on the line.
    Open(usize),
    /// Something follows the end of the quoted cell with this number.
    AfterQuote(usize),
}

/// Splits a line. Spaces around a cell that is not quoted are left out; without `quoting` a quote is a character as any.
///
/// # Errors
/// [`Unsplit`] when a quoted cell does not end where a cell ends.
pub fn split(line: &str, separator: char, quoting: bool) -> Result<Vec<Cow<'_, str>>, Unsplit> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let begun = rest.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
        match begun.strip_prefix('"').filter(|_| quoting) {
            Some(quoted) => {
                let number = cells.len() + 1;
                let (cell, after) = unquote(quoted).ok_or(Unsplit::Open(number))?;
                cells.push(cell);
                let after = after.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
                match after.strip_prefix(separator) {
                    Some(next) => rest = next,
                    None if after.is_empty() => return Ok(cells),
                    None => return Err(Unsplit::AfterQuote(number)),
                }
            }
            None => match rest.split_once(separator) {
                Some((cell, next)) => {
                    cells.push(Cow::Borrowed(cell.trim()));
                    rest = next;
                }
                None => {
                    cells.push(Cow::Borrowed(rest.trim()));
                    return Ok(cells);
                }
            },
        }
    }
}

/// What stands before the closing quote, and what after it.
fn unquote(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let (first, mut rest) = quoted.split_once('"')?;
    let mut cell = Cow::Borrowed(first);
    while let Some(again) = rest.strip_prefix('"') {
        let (more, after) = again.split_once('"')?;
        let cell = cell.to_mut();
        cell.push('"');
        cell.push_str(more);
        rest = after;
    }
    Some((cell, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_what_stands_between_separators() {
        let cells = |line: &'static str, separator| split(line, separator, true);
        assert_eq!(cells("", ';').unwrap(), [""]);
        assert_eq!(cells("a; b ;;", ';').unwrap(), ["a", "b", "", ""]);
        assert_eq!(
            cells(r#""a;""b""" ; "" ;c"d"#, ';').unwrap(),
            ["a;\"b\"", "", "c\"d"]
        );
        assert_eq!(cells("a\t\t\"b\"\t", '\t').unwrap(), ["a", "", "b", ""]);
        assert_eq!(cells("a,\"b", ','), Err(Unsplit::Open(2)));
        assert_eq!(cells("\"a\" b,c", ','), Err(Unsplit::AfterQuote(1)));
        assert_eq!(split("\"a;b", ';', false).unwrap(), ["\"a", "b"]);
    }

    proptest! {
        /// Another implementation writes lines; their cells are read back.
        #[test]
        fn what_another_writes_is_read(
            cells in proptest::collection::vec("[a-zå;,\"| \\\\]{0,8}", 1..8),
            separator in prop_oneof![Just(';'), Just(','), Just('\t')],
        ) {
            let mut writer = csv::WriterBuilder::new()
                .delimiter(u8::try_from(separator).unwrap())
                .quote_style(csv::QuoteStyle::Always)
                .from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let line = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read = split(line.trim_end_matches('\n'), separator, true).unwrap();
            prop_assert_eq!(read, cells);
        }
    }
}
