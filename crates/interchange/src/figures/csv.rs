//! Figures as comma-separated values: a header, then a line a figure; codes and, beside them, names in one language. A
//! number that is missing or withheld is an empty field, and the marks say which.

use super::{DIMENSIONS, Figures, FiguresError, Language, NUMBERS};

/// The file.
///
/// # Errors
/// `Csv` when a line cannot be written.
pub fn csv(figures: &Figures, language: Language) -> Result<Vec<u8>, FiguresError> {
    let failed = |error: &dyn std::fmt::Display| FiguresError::Csv(error.to_string());
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut header = vec!["indicator".to_owned()];
    for name in DIMENSIONS {
        header.push(name.to_owned());
        if name != "time" {
            header.push(format!("{name}_name"));
        }
    }
    header.extend(NUMBERS.map(str::to_owned));
    header.push("marks".to_owned());
    writer.write_record(&header).map_err(|error| failed(&error))?;
    for row in &figures.rows {
        let mut line = vec![figures.id.clone()];
        for (name, code) in DIMENSIONS.iter().zip(&row.codes) {
            line.push(code.clone());
            if *name != "time" {
                line.push(figures.name(name, code, language).to_owned());
            }
        }
        let number = |number: &Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        line.extend(row.numbers.iter().map(number));
        line.push(row.marks.join(" "));
        writer.write_record(&line).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_figure_with_names() {
        let bytes = csv(&super::super::tests::some(), Language::English).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("indicator,variant,variant_name,group,group_name,place,place_name,"));
        assert_eq!(
            lines[2],
            "core-02,assessed,assessed,,,01,Stockholm in English,,,,,2026,,,,,,,,1,suppressed"
        );
        assert!(
            lines[3].ends_with(",2026,10,20,50,29.9,70.1,0,1,1,"),
            "{}",
            lines[3]
        );
    }
}
