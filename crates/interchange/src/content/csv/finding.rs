//! Findings about CSV files and their mappings.

/// Codes of findings about CSV files: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-401",
        "the mapping is not as a mapping is written",
        "correct the line named; the documentation lists what a mapping may say",
    ),
    (
        "VN-IMP-402",
        "the CSV file of a mapping is missing",
        "put the CSV file beside its mapping, with the same name",
    ),
    (
        "VN-IMP-403",
        "the text is not in the encoding that the mapping says",
        "save the file as UTF-8, or set `encoding` in the mapping",
    ),
    (
        "VN-IMP-404",
        "a column is not known, stands twice, or is missing",
        "name the column under `columns` in the mapping, as `ignore` when it is not to be read",
    ),
    (
        "VN-IMP-405",
        "a row cannot be parted into the columns of the first line",
        "correct the row, or set `delimiter` in the mapping",
    ),
    (
        "VN-IMP-406",
        "a cell is empty that must not be",
        "fill in the cell",
    ),
    ("VN-IMP-407", "a code stands twice", "keep one of the rows"),
    (
        "VN-IMP-408",
        "a cell holds a word, number or date that is not understood there",
        "use one of the words that the documentation lists for the column; dates as yyyy-mm-dd",
    ),
    (
        "VN-IMP-409",
        "a row belongs to something that is not in the other files",
        "add what it belongs to, or take the row away",
    ),
    (
        "VN-IMP-410",
        "a file is too large or has too many rows",
        "divide it into several code systems, value sets or maps",
    ),
    (
        "VN-IMP-411",
        "a file cannot be read",
        "check that the file is whole and can be opened",
    ),
];
