//! How well a designation's language answers the language wished for (BCP 47), with fallback.

/// How well `tag` answers `wished`; 0 when not at all. `sv-SE` is answered by `sv-SE`, then `sv`, then `sv-FI`.
pub(crate) fn fit(wished: &str, tag: &str) -> u8 {
    if wished.eq_ignore_ascii_case(tag) {
        return 4;
    }
    match (begins(wished, tag), begins(tag, wished)) {
        (true, _) => 3,
        (_, true) => 2,
        _ if primary(wished).eq_ignore_ascii_case(primary(tag)) && !tag.is_empty() => 1,
        _ => 0,
    }
}

/// Whether `tag` is `range` or a narrower form of it, as RFC 4647 filters.
pub(crate) fn within(range: &str, tag: &str) -> bool {
    range.eq_ignore_ascii_case(tag) || begins(tag, range)
}

fn begins(tag: &str, start: &str) -> bool {
    !start.is_empty()
        && tag.as_bytes().get(start.len()) == Some(&b'-')
        && tag
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wished_language_then_wider_then_narrower_then_related() {
        assert_eq!(fit("sv-SE", "SV-se"), 4);
        assert_eq!(fit("sv-SE", "sv"), 3);
        assert_eq!(fit("sv", "sv-FI"), 2);
        assert_eq!(fit("sv-SE", "sv-FI"), 1);
        assert_eq!(fit("sv", "svx"), 0);
        assert_eq!(fit("sv", "en"), 0);
        assert_eq!(fit("", ""), 4);
        assert_eq!(fit("sv", ""), 0);
    }

    #[test]
    fn a_range_holds_its_narrower_forms() {
        assert!(within("sv", "sv-FI"));
        assert!(!within("sv-FI", "sv"));
    }
}
