//! Figures as JSON-stat 2.0 (json-stat.org, class `dataset`): a full cube over the codes that occur, in the order in which
//! they come. What has no number is `null`, and `status` holds the marks. A dimension `metric` parts the numbers.

use serde_json::{Map, Value, json};

use super::{DIMENSIONS, Figures, FiguresError, Language, NUMBERS, TOTAL, title};

/// Most cells of a cube.
pub const MOST_CELLS: usize = 2_000_000;

/// The document.
///
/// # Errors
/// `TooManyCells` when the codes span a cube that is too large, `Twice` when two figures have the same codes.
pub fn json_stat(figures: &Figures, language: Language) -> Result<Value, FiguresError> {
    let mut codes: [Vec<&str>; 6] = Default::default();
    for row in &figures.rows {
        for (known, code) in codes.iter_mut().zip(&row.codes) {
            if !known.contains(&code.as_str()) {
                known.push(code);
            }
        }
    }
    if let Some(time) = codes.last_mut() {
        time.sort_unstable();
    }
    let sizes: Vec<usize> = codes.iter().map(Vec::len).chain([NUMBERS.len()]).collect();
    let cells = sizes
        .iter()
        .try_fold(1_usize, |cells, size| cells.checked_mul(*size));
    let cells = cells.filter(|cells| *cells <= MOST_CELLS);
    let cells =
        cells.ok_or_else(|| FiguresError::TooManyCells(sizes.iter().fold(1, |a, b| a.saturating_mul(*b))))?;
    let (mut value, mut status) = (vec![Value::Null; cells], Map::new());
    let mut taken = vec![false; cells / NUMBERS.len().max(1)];
    for row in &figures.rows {
        let place = codes.iter().zip(&row.codes).fold(0, |place, (known, code)| {
            let at = known.iter().position(|known| known == code).unwrap_or(0);
            place * known.len() + at
        });
        match taken.get_mut(place) {
            Some(taken) if !*taken => *taken = true,
            _ => return Err(FiguresError::Twice),
        }
        for (at, number) in row.numbers.iter().enumerate() {
            let index = place * NUMBERS.len() + at;
            if let (Some(cell), Some(number)) = (value.get_mut(index), number) {
                *cell = json!(number);
            }
            if !row.marks.is_empty() {
                status.insert(index.to_string(), json!(row.marks.join(" ")));
            }
        }
    }
    let mut dimension = Map::new();
    for (name, codes) in DIMENSIONS.iter().zip(&codes) {
        let shown = |code: &str| {
            if code.is_empty() {
                TOTAL.to_owned()
            } else {
                code.to_owned()
            }
        };
        let index: Vec<String> = codes.iter().map(|code| shown(code)).collect();
        let labels: Map<String, Value> = codes
            .iter()
            .map(|code| (shown(code), json!(figures.name(name, code, language))))
            .collect();
        let category = json!({"index": index, "label": labels});
        dimension.insert(
            (*name).to_owned(),
            json!({"label": title(name, language), "category": category}),
        );
    }
    let numbers: Map<String, Value> = NUMBERS
        .iter()
        .map(|name| ((*name).to_owned(), json!(title(name, language))))
        .collect();
    let category = json!({
        "index": NUMBERS, "label": numbers, "unit": {"value": {"label": language.of(&figures.unit)}},
    });
    let label = match language {
        Language::Swedish => "mått",
        Language::English => "metric",
    };
    dimension.insert("metric".to_owned(), json!({"label": label, "category": category}));
    let about: Map<String, Value> = figures
        .about
        .iter()
        .map(|(name, text)| (name.clone(), json!(text)))
        .collect();
    let id: Vec<&str> = DIMENSIONS.iter().copied().chain(["metric"]).collect();
    Ok(json!({
        "version": "2.0",
        "class": "dataset",
        "label": language.of(&figures.label),
        "source": figures.source,
        "note": [language.of(&figures.note)],
        "id": id,
        "size": sizes,
        "role": {"time": ["time"], "geo": ["place"], "metric": ["metric"]},
        "dimension": dimension,
        "value": value,
        "status": status,
        "extension": {"indicator": figures.id, "language": language.tag(), "about": about},
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::super::tests::some;
    use super::*;

    #[test]
    fn every_figure_stands_at_its_place_in_the_cube() {
        let document = json_stat(&some(), Language::Swedish).unwrap();
        assert_eq!(document["size"], json!([1, 1, 3, 1, 1, 1, 8]));
        assert_eq!(
            document["dimension"]["place"]["category"]["index"],
            json!(["total", "01", "12"])
        );
        assert_eq!(
            document["dimension"]["place"]["category"]["label"]["01"],
            "Stockholm på svenska"
        );
        assert_eq!(document["value"].as_array().unwrap().len(), 24);
        assert_eq!(document["value"][2], 50.0);
        assert_eq!(document["value"][8], Value::Null);
        assert_eq!(document["status"]["8"], "suppressed");
        assert_eq!(document["value"][16 + 1], 20.0);
    }

    #[test]
    fn two_figures_at_one_place_are_refused() {
        let mut twice = some();
        twice.rows.push(twice.rows[0].clone());
        assert!(matches!(
            json_stat(&twice, Language::Swedish),
            Err(FiguresError::Twice)
        ));
    }
}
