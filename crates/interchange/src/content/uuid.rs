//! UUIDs, which identify members of reference sets, as text and as numbers.

/// The text of an identifier: 32 hexadecimal digits, parted by hyphens.
pub(super) fn text(id: u128) -> String {
    let hex = format!("{id:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The identifier that a text is, with its hyphens where they belong; `None` when it is none.
pub(super) fn number(text: &str) -> Option<u128> {
    let hyphens = text.match_indices('-').map(|(at, _)| at);
    let in_place = hyphens.eq([8, 13, 18, 23]);
    let hex: String = text.split('-').collect();
    let digits = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(&hex, 16).ok().filter(|_| in_place && digits)
}
