//! Dates as files of today write them.

use std::str::FromStr;

/// How a date is written: `YYYY`, `MM` and `DD` once each, with whatever stands between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateForm(String);

impl FromStr for DateForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let once = |part: &str| text.matches(part).count() == 1;
        let rest = text
            .replacen("YYYY", "", 1)
            .replacen("MM", "", 1)
            .replacen("DD", "", 1);
        let between = rest.chars().all(|c| c.is_ascii() && !c.is_ascii_alphanumeric());
        if once("YYYY") && once("MM") && once("DD") && between && text.len() <= 20 {
            Ok(Self(text.to_owned()))
        } else {
            Err("write YYYY, MM and DD once each, such as YYYYMMDD".to_owned())
        }
    }
}

impl DateForm {
    /// The form as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A date in this form as `2026-09-01`; `None` when it is not in this form. Whether there is such a date is not
    /// looked at.
    pub fn read(&self, text: &str) -> Option<String> {
        let (mut year, mut month, mut day) = (String::new(), String::new(), String::new());
        let mut characters = text.chars();
        for wanted in self.0.chars() {
            let character = characters.next()?;
            let part = match wanted {
                'Y' => &mut year,
                'M' => &mut month,
                'D' => &mut day,
                other if other == character => continue,
                _ => return None,
            };
            part.push(Some(character).filter(char::is_ascii_digit)?);
        }
        characters
            .next()
            .is_none()
            .then(|| format!("{year}-{month}-{day}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_their_form_only() {
        let read = |form: &str, text: &str| form.parse::<DateForm>().unwrap().read(text);
        assert_eq!(read("YYYYMMDD", "20260901").as_deref(), Some("2026-09-01"));
        assert_eq!(read("DD.MM.YYYY", "01.09.2026").as_deref(), Some("2026-09-01"));
        for text in ["2026-09-01", "2026090", "202609011", "2026090a", ""] {
            assert_eq!(read("YYYYMMDD", text), None, "{text}");
        }
        for form in [
            "",
            "YYMMDD",
            "YYYYMMDDDD",
            "YYYYMMDD'T'",
            "yyyy-mm-dd",
            "YYYYMMDDMM",
        ] {
            assert!(form.parse::<DateForm>().is_err(), "{form}");
        }
    }
}
