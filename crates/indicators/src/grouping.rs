//! Groups of kommuner: a division of the country's kommuner by a table with its date, for figures by group. Which table
//! a breakdown means, its definition says; what the groups are, the table; which of them may be told, [`shown`].

pub mod shown;

use std::collections::BTreeMap;

use jiff::civil::Date;
use vardnav_classification::model::Label;

/// A division of kommuner into groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KommunGroups {
    /// Id of the division, for example that of a publisher and year.
    pub id: String,
    /// The date from which it holds.
    pub from: Date,
    /// Names of the groups by their codes.
    groups: BTreeMap<String, Label>,
    /// Code of the group of each kommun, by the kommun's four digits.
    kommuner: BTreeMap<u16, String>,
}

/// Why a kommun cannot be taken into a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum GroupError {
    /// It is in a group already.
    #[error("the kommun is in a group already")]
    Twice,
    /// The group has another name.
    #[error("the group has another name in another row")]
    OtherName,
}

impl KommunGroups {
    /// A division without groups.
    pub fn new(id: impl Into<String>, from: Date) -> Self {
        Self {
            id: id.into(),
            from,
            groups: BTreeMap::new(),
            kommuner: BTreeMap::new(),
        }
    }

    /// Puts a kommun, by its four digits, into a group.
    ///
    /// # Errors
    /// When it is in one, or the group goes by another name. The division is then as before.
    pub fn add(&mut self, kommun: u16, group: &str, label: &Label) -> Result<(), GroupError> {
        if self.kommuner.contains_key(&kommun) {
            return Err(GroupError::Twice);
        }
        if self.groups.get(group).is_some_and(|known| known != label) {
            return Err(GroupError::OtherName);
        }
        self.groups.insert(group.to_owned(), label.clone());
        self.kommuner.insert(kommun, group.to_owned());
        Ok(())
    }

    /// Codes and names of the groups, by code.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&str, &Label)> {
        self.groups.iter().map(|(code, label)| (code.as_str(), label))
    }

    /// Code of the group of a kommun; `None` when it is in none.
    pub fn group_of(&self, kommun: u16) -> Option<&str> {
        self.kommuner.get(&kommun).map(String::as_str)
    }

    /// Every kommun with the code of its group, rising.
    pub fn kommuner(&self) -> impl ExactSizeIterator<Item = (u16, &str)> {
        self.kommuner
            .iter()
            .map(|(kommun, group)| (*kommun, group.as_str()))
    }

    /// The kommuner of a group, rising.
    pub fn kommuner_of(&self, group: &str) -> impl Iterator<Item = u16> {
        self.kommuner()
            .filter(move |(_, of)| *of == group)
            .map(|(kommun, _)| kommun)
    }
}
