//! Languages wished for, in order: what FHIR's `displayLanguage` and HTTP's `Accept-Language` say.

use crate::language;

/// Languages in the order wished, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Languages {
    /// BCP 47 tags.
    wished: Vec<String>,
    /// Nothing outside `wished` will do (`*;q=0`).
    strict: bool,
}

/// A list of languages that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the list of languages cannot be read: it wants tags parted by commas, such as `sv, en;q=0.5`")]
pub struct MalformedLanguages;

impl Languages {
    /// Reads a list such as `sv-FI, sv;q=0.8, *;q=0`. An empty text is no wish.
    ///
    /// # Errors
    /// When an item is neither a language tag nor `*`, or its weight no number from 0 to 1.
    pub fn parse(text: &str) -> Result<Self, MalformedLanguages> {
        let mut weighed: Vec<(f32, &str)> = Vec::new();
        let mut strict = false;
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let mut weight = 1.0;
            for part in parts {
                let value = part.strip_prefix("q=").ok_or(MalformedLanguages)?;
                weight = value.parse::<f32>().map_err(|_| MalformedLanguages)?;
            }
            if !(0.0..=1.0).contains(&weight) {
                return Err(MalformedLanguages);
            }
            match tag {
                "*" => strict = weight == 0.0,
                tag if !is_tag(tag) => return Err(MalformedLanguages),
                tag if weight > 0.0 => weighed.push((weight, tag)),
                _ => {}
            }
        }
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
        Ok(Self {
            wished: weighed.into_iter().map(|(_, tag)| tag.to_owned()).collect(),
            strict,
        })
    }

    /// The tags, best first.
    pub fn tags(&self) -> &[String] {
        &self.wished
    }

    /// Whether no language is wished for.
    pub fn is_empty(&self) -> bool {
        self.wished.is_empty()
    }

    /// Whether nothing but the languages wished for will do.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Whether a term of a language answers the wish for `tag`: it is the same, wider or narrower.
    pub fn is_answered(tag: &str, language: &str) -> bool {
        language::fit(tag, language) >= 2
    }

    /// How well a tag answers: the smaller the better, `None` when not at all. A tag answers a wish when it is the
    /// same, wider or narrower. What has no language answers every wish, after what has one.
    pub(crate) fn rank(&self, tag: &str) -> Option<usize> {
        if tag.is_empty() {
            return Some(usize::MAX);
        }
        self.wished
            .iter()
            .enumerate()
            .filter_map(|(at, wished)| match language::fit(wished, tag) {
                4 => Some(at * 4),
                3 => Some(at * 4 + 1),
                2 => Some(at * 4 + 2),
                _ => None,
            })
            .min()
    }
}

/// Whether a text has the form of a language tag: parts of one to eight letters or digits, the first of letters.
fn is_tag(text: &str) -> bool {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    text.split('-').all(part) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_ordered_by_weight() {
        let languages = Languages::parse("en;q=0.4, sv-FI,sv ;q=0.9, *; q=0").unwrap();
        assert_eq!(languages.tags(), ["sv-FI", "sv", "en"]);
        assert!(languages.is_strict());
        assert!(!Languages::parse("de,*").unwrap().is_strict());
        assert!(Languages::parse("").unwrap().is_empty());
        for wrong in ["-", "sv;w=1", "sv;q=2", "s v", "1"] {
            assert_eq!(Languages::parse(wrong), Err(MalformedLanguages), "{wrong}");
        }
    }

    #[test]
    fn the_exact_tag_comes_first() {
        let languages = Languages::parse("sv-FI,en").unwrap();
        assert!(languages.rank("sv-FI") < languages.rank("sv"));
        assert!(languages.rank("sv") < languages.rank("en"));
        assert_eq!(languages.rank("sv-SE"), None);
        assert!(languages.rank("").is_some());
    }
}
