//! Figures as Parquet: a row a figure, codes as text, numbers as doubles, marks as one text. What they mean stands in the
//! file's own metadata, in both languages.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{DIMENSIONS, Figures, FiguresError, Language, NUMBERS, title};

/// Writes the file; gives back where it was written.
///
/// # Errors
/// `Parquet` when it cannot be written.
pub fn parquet<W: Write + Send>(figures: &Figures, out: W) -> Result<W, FiguresError> {
    let texts = DIMENSIONS.iter().chain(&["marks"]);
    let texts: String = texts
        .map(|name| format!("required binary {name} (UTF8); "))
        .collect();
    let numbers: String = NUMBERS
        .iter()
        .map(|name| format!("optional double {name}; "))
        .collect();
    let schema = format!("message figures {{ required binary indicator (UTF8); {texts}{numbers} }}");
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("vardnav".to_owned())
        .set_key_value_metadata(Some(metadata(figures)))
        .build();
    let schema = Arc::new(parse_message_type(&schema)?);
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    if !figures.rows.is_empty() {
        let mut columns: Vec<Vec<String>> = vec![vec![figures.id.clone(); figures.rows.len()]];
        let column = |at: usize| {
            figures
                .rows
                .iter()
                .map(|row| row.codes.get(at).cloned().unwrap_or_default())
                .collect()
        };
        columns.extend((0..DIMENSIONS.len()).map(column));
        columns.push(figures.rows.iter().map(|row| row.marks.join(" ")).collect());
        let mut group = writer.next_row_group()?;
        for texts in columns {
            let values: Vec<ByteArray> = texts
                .iter()
                .map(|text| ByteArray::from(text.as_bytes().to_vec()))
                .collect();
            if let Some(mut column) = group.next_column()? {
                column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
                column.close()?;
            }
        }
        for at in 0..NUMBERS.len() {
            let numbers: Vec<Option<f64>> = figures
                .rows
                .iter()
                .map(|row| row.numbers.get(at).copied().flatten())
                .collect();
            let levels: Vec<i16> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
            let values: Vec<f64> = numbers.into_iter().flatten().collect();
            if let Some(mut column) = group.next_column()? {
                column
                    .typed::<DoubleType>()
                    .write_batch(&values, Some(&levels), None)?;
                column.close()?;
            }
        }
        group.close()?;
    }
    Ok(writer.into_inner()?)
}

fn metadata(figures: &Figures) -> Vec<KeyValue> {
    let mut metadata = Vec::new();
    let mut note = |key: String, text: &str| metadata.push(KeyValue::new(key, text.to_owned()));
    note("indicator".to_owned(), &figures.id);
    note("source".to_owned(), &figures.source);
    for (name, text) in &figures.about {
        note(name.clone(), text);
    }
    for language in [Language::Swedish, Language::English] {
        let tag = language.tag();
        note(format!("title.{tag}"), language.of(&figures.label));
        note(format!("unit.{tag}"), language.of(&figures.unit));
        note(format!("note.{tag}"), language.of(&figures.note));
        for name in DIMENSIONS.iter().chain(&NUMBERS).chain(&["marks"]) {
            note(format!("column.{name}.{tag}"), title(name, language));
        }
        for ((dimension, code), label) in &figures.names {
            note(format!("code.{dimension}.{code}.{tag}"), language.of(label));
        }
    }
    metadata
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    use super::super::tests::some;
    use super::*;

    #[test]
    fn the_file_reads_back() {
        let bytes = bytes::Bytes::from(parquet(&some(), Vec::new()).unwrap());
        let reader = SerializedFileReader::new(bytes).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].get_string(3).unwrap(), "01");
        assert_eq!(rows[1].get_string(7).unwrap(), "suppressed");
        assert!(rows[1].get_double(10).is_err(), "withheld");
        assert_eq!(rows[2].get_double(10).unwrap(), 50.0);
        let empty = Figures::default();
        let bytes = bytes::Bytes::from(parquet(&empty, Vec::new()).unwrap());
        assert_eq!(
            SerializedFileReader::new(bytes)
                .unwrap()
                .get_row_iter(None)
                .unwrap()
                .count(),
            0
        );
    }
}
