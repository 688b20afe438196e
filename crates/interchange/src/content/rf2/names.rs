//! File names of Release Format 2: which table a file holds, of which release type, and which files are read.

use std::collections::BTreeMap;

use super::finding::Report;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Concept,
    Description,
    TextDefinition,
    Relationship,
    ConcreteValue,
    Language,
    /// Any other reference set.
    ReferenceSet,
    /// Nothing that is read: stated relationships, axioms, other systems' identifiers.
    Other,
}

/// Which rows a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReleaseType {
    /// The newest of each component.
    Snapshot,
    /// All of each component.
    Full,
    /// Those that are new since the former release.
    Delta,
}

/// The name of a file, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    pub(super) path: String,
    pub(super) table: Table,
    pub(super) release: ReleaseType,
    /// Forms of a reference set's further columns: `c` for a component, `i` for an integer, `s` for a text.
    pub(super) forms: String,
    /// The date it ends in, as the number yyyymmdd.
    pub(super) date: Option<u32>,
    /// The name without its release type.
    key: String,
}

/// The name of a file of this format; `None` when it is not one.
pub(super) fn parse(path: &str) -> Option<FileName> {
    let name = path.rsplit('/').next()?.strip_suffix(".txt")?;
    let mut parts = name.split('_');
    let prefix = parts.next()?;
    let content = parts.next()?;
    let summary = parts.next()?;
    let of_table = matches!(prefix.strip_prefix('x').unwrap_or(prefix), "sct2" | "der2");
    let (release, word) = [
        (ReleaseType::Snapshot, "Snapshot"),
        (ReleaseType::Full, "Full"),
        (ReleaseType::Delta, "Delta"),
    ]
    .into_iter()
    .find(|(_, word)| summary.contains(word))?;
    if !of_table {
        return None;
    }
    let forms = content.strip_suffix("Refset");
    let table = match (content, forms) {
        ("Concept", _) => Table::Concept,
        ("Description", _) => Table::Description,
        ("TextDefinition", _) => Table::TextDefinition,
        ("Relationship", _) => Table::Relationship,
        ("RelationshipConcreteValues", _) => Table::ConcreteValue,
        (_, Some("c")) if summary.starts_with("Language") => Table::Language,
        (_, Some(forms)) if prefix.ends_with("der2") && forms.bytes().all(|form| b"cis".contains(&form)) => {
            Table::ReferenceSet
        }
        _ => Table::Other,
    };
    Some(FileName {
        path: path.to_owned(),
        table,
        release,
        forms: forms.unwrap_or_default().to_owned(),
        date: name.rsplit('_').next().and_then(super::row::date),
        key: name.replacen(word, "", 1),
    })
}

/// The files that are read. Of files that differ in their release type alone the Snapshot, or the Full when there is
/// none or the state `at_a_date` is asked for.
pub(super) fn select(paths: &[String], at_a_date: bool, report: &mut Report) -> Vec<FileName> {
    let mut groups: BTreeMap<String, Vec<FileName>> = BTreeMap::new();
    let names = paths.iter().filter_map(|path| parse(path));
    for name in names.filter(|name| name.table != Table::Other) {
        groups.entry(name.key.clone()).or_default().push(name);
    }
    let mut selected = Vec::new();
    for group in groups.into_values() {
        let has = |release| group.iter().any(|name| name.release == release);
        let first = group.first().map(|name| name.path.clone()).unwrap_or_default();
        let release = if at_a_date && !has(ReleaseType::Full) {
            report.error(
                "VN-IMP-118",
                &first,
                0,
                "there is no file of type Full beside this one",
            );
            continue;
        } else if has(ReleaseType::Snapshot) && !at_a_date {
            ReleaseType::Snapshot
        } else if has(ReleaseType::Full) {
            ReleaseType::Full
        } else {
            let message = "there is no file of type Snapshot or Full beside this one";
            report.error("VN-IMP-113", &first, 0, message);
            continue;
        };
        selected.extend(group.into_iter().filter(|name| name.release == release));
    }
    selected.sort_by(|a, b| a.path.cmp(&b.path));
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_table_and_release_type() {
        for (name, table, release, forms, date) in [
            (
                "sct2_Concept_Snapshot_INT_20240101",
                Table::Concept,
                ReleaseType::Snapshot,
                "",
                Some(20240101),
            ),
            (
                "xsct2_Concept_Full_SE1000052_20231130",
                Table::Concept,
                ReleaseType::Full,
                "",
                Some(20231130),
            ),
            (
                "sct2_Description_Snapshot-sv_SE1000052_20231130",
                Table::Description,
                ReleaseType::Snapshot,
                "",
                Some(20231130),
            ),
            (
                "sct2_TextDefinition_Delta-en_INT_20240101",
                Table::TextDefinition,
                ReleaseType::Delta,
                "",
                Some(20240101),
            ),
            (
                "sct2_Relationship_Snapshot_INT_20240101",
                Table::Relationship,
                ReleaseType::Snapshot,
                "",
                Some(20240101),
            ),
            (
                "sct2_StatedRelationship_Snapshot_INT_20240101",
                Table::Other,
                ReleaseType::Snapshot,
                "",
                Some(20240101),
            ),
            (
                "sct2_RelationshipConcreteValues_Snapshot_INT_20240101",
                Table::ConcreteValue,
                ReleaseType::Snapshot,
                "",
                Some(20240101),
            ),
            (
                "sct2_sRefset_OWLExpressionSnapshot_INT_20240101",
                Table::Other,
                ReleaseType::Snapshot,
                "s",
                Some(20240101),
            ),
            (
                "der2_cRefset_LanguageSnapshot-en_INT_20240101",
                Table::Language,
                ReleaseType::Snapshot,
                "c",
                Some(20240101),
            ),
            (
                "der2_Refset_SimpleSnapshot_INT_20240101",
                Table::ReferenceSet,
                ReleaseType::Snapshot,
                "",
                Some(20240101),
            ),
            (
                "der2_iisssccRefset_ExtendedMapFull_INT",
                Table::ReferenceSet,
                ReleaseType::Full,
                "iissscc",
                None,
            ),
        ] {
            let parsed = parse(&format!("a/b/{name}.txt")).unwrap();
            assert_eq!((parsed.table, parsed.release), (table, release), "{name}");
            assert_eq!((parsed.forms.as_str(), parsed.date), (forms, date), "{name}");
        }
        for name in [
            "sct2_Concept_Snapshot_INT_20240101.csv",
            "res2_WordEquivalents_Snapshot_INT_20240101.txt",
            "._sct2_Concept_Snapshot_INT_20240101.txt",
            "sct2_Concept_INT_20240101.txt",
            "readme.txt",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
