//! Reads the text of an expression from left to right: white space and comments, words, numbers, quoted texts, terms.
//! Knows the characters of the language and nothing of its grammar.

use super::error::{Error, Reason};

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts_with(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    pub(super) fn expected<T>(&self, what: &'static str) -> Result<T, Error> {
        self.fail(Reason::Expected(what))
    }

    pub(super) fn fail<T>(&self, reason: Reason) -> Result<T, Error> {
        self.fail_at(self.position, reason)
    }

    pub(super) fn fail_at<T>(&self, position: usize, reason: Reason) -> Result<T, Error> {
        Err(Error::new(self.text, position, reason))
    }

    /// Passes `token` if it stands here.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let there = self.starts_with(token);
        if there {
            self.position += token.len();
        }
        there
    }

    /// Passes `token`, or says that it was expected.
    pub(super) fn require(&mut self, token: &str, what: &'static str) -> Result<(), Error> {
        if self.take(token) {
            Ok(())
        } else {
            self.expected(what)
        }
    }

    /// Passes characters as long as they are as wished, and gives them.
    pub(super) fn take_while(&mut self, wished: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !wished(c)).unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Passes white space and comments.
    pub(super) fn space(&mut self) -> Result<(), Error> {
        loop {
            self.take_while(is_space);
            let start = self.position;
            if !self.take("/*") {
                return Ok(());
            }
            match self.rest().find("*/") {
                Some(end) => self.position += end + "*/".len(),
                None => return self.fail_at(start, Reason::Refused("a comment is not closed by `*/`")),
            }
        }
    }

    /// The word that stands here, without passing it: letters alone.
    pub(super) fn word(&self) -> &'t str {
        let mut ahead = *self;
        ahead.take_while(|c| c.is_ascii_alphabetic())
    }

    /// Passes a word in whatever letter case, unless more of the same kind follows or it names a scheme.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.word();
        let there = found.eq_ignore_ascii_case(word) && !self.is_scheme();
        if there {
            self.position += found.len();
        }
        there
    }

    /// Whether the alias of a scheme stands here: a name followed by `#`.
    pub(super) fn is_scheme(&self) -> bool {
        let mut ahead = *self;
        ahead.peek().is_some_and(|c| c.is_ascii_alphabetic()) && {
            ahead.take_while(is_alias);
            ahead.starts_with("#")
        }
    }

    /// An identifier of SNOMED CT.
    pub(super) fn identifier(&mut self, what: &'static str) -> Result<u64, Error> {
        let start = self.position;
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return self.expected(what);
        }
        if digits.starts_with('0') {
            return self.fail_at(start, Reason::Refused("an identifier does not begin with 0"));
        }
        match digits.parse() {
            Ok(id) if (6..=18).contains(&digits.len()) => Ok(id),
            _ => self.fail_at(start, Reason::Refused("an identifier has 6 to 18 digits")),
        }
    }

    /// A natural number or zero, without leading zeros.
    pub(super) fn natural(&mut self) -> Result<u32, Error> {
        let start = self.position;
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return self.expected("a number");
        }
        if digits.len() > 1 && digits.starts_with('0') {
            return self.fail_at(start, Reason::Refused("a number does not begin with 0"));
        }
        match digits.parse() {
            Ok(number) => Ok(number),
            Err(_) => self.fail_at(start, Reason::Refused("the number is too large")),
        }
    }

    /// A number with a sign and decimals, as written.
    pub(super) fn number(&mut self) -> Result<&'t str, Error> {
        let start = self.position;
        if !self.take("-") {
            self.take("+");
        }
        let whole_start = self.position;
        let whole = self.take_while(|c| c.is_ascii_digit());
        if whole.is_empty() {
            return self.expected("a number");
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return self.fail_at(whole_start, Reason::Refused("a number does not begin with 0"));
        }
        let mut ahead = *self;
        if ahead.take(".") && !ahead.take_while(|c| c.is_ascii_digit()).is_empty() {
            *self = ahead;
        }
        Ok(self.text.get(start..self.position).unwrap_or_default())
    }

    /// What stands between two quotation marks, as written. A backslash hides the character after it.
    pub(super) fn quoted(&mut self) -> Result<&'t str, Error> {
        let start = self.position;
        self.require("\"", "a text in quotation marks")?;
        let inside = self.position;
        loop {
            self.take_while(|c| c != '"' && c != '\\');
            let end = self.position;
            if self.take("\"") {
                return Ok(self.text.get(inside..end).unwrap_or_default());
            }
            if !self.take("\\") {
                return self.fail_at(start, Reason::Refused("a quotation mark is not closed"));
            }
            self.position += self.peek().map_or(0, char::len_utf8);
        }
    }

    /// A term between vertical bars, if one stands here.
    pub(super) fn term(&mut self) -> Result<Option<String>, Error> {
        let mut ahead = *self;
        ahead.space()?;
        let start = ahead.position;
        if !ahead.take("|") {
            return Ok(None);
        }
        let term = ahead.take_while(|c| c != '|').trim();
        if !ahead.take("|") {
            return self.fail_at(start, Reason::Refused("a term is not closed by `|`"));
        }
        if term.is_empty() {
            return self.fail_at(start, Reason::Refused("a term is empty"));
        }
        if term.contains(char::is_control) {
            return self.fail_at(start, Reason::Refused("a term holds control characters"));
        }
        *self = ahead;
        Ok(Some(term.to_owned()))
    }

    /// The place after the bracket that closes the one here, if it is closed.
    pub(super) fn after_brackets(&self) -> Option<Self> {
        let mut ahead = *self;
        let mut depth = 0_usize;
        loop {
            ahead.take_while(|c| !matches!(c, '(' | ')' | '"' | '|' | '/'));
            match ahead.peek()? {
                '"' => {
                    ahead.quoted().ok()?;
                }
                '|' => {
                    ahead.take("|");
                    ahead.take_while(|c| c != '|');
                    ahead.take("|");
                }
                '(' => {
                    depth += 1;
                    ahead.take("(");
                }
                ')' => {
                    depth = depth.checked_sub(1)?;
                    ahead.take(")");
                    if depth == 0 {
                        return Some(ahead);
                    }
                }
                _ if ahead.starts_with("/*") => ahead.space().ok()?,
                _ => {
                    ahead.take("/");
                }
            }
        }
    }
}

/// White space of the language.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A character of an alias.
pub(super) fn is_alias(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}
