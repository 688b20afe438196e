//! The command line of `vardnav indicator`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Upload;
use super::publication::{Publish, Published, Report};

#[derive(Debug, Subcommand)]
pub enum Indicator {
    /// List the library
    List,
    /// Show one entry: the definition, the variants and what they count, breakdowns, goals, breaks of the series
    Show {
        /// Id
        id: String,
    },
    /// Compute
    Query(Box<Query>),
    /// Upload data that are no records: a population table, groups of kommuner, a series of figures
    Upload(Box<Upload>),
    /// List what is uploaded
    Uploads {
        /// Only this kind
        #[arg(long)]
        kind: Option<String>,
    },
    /// Publish the figures of a year as they are shown now, for ever
    Publish(Box<Publish>),
    /// List publications
    Publications {
        /// Only this year
        #[arg(long, default_value_t = 0)]
        year: i32,
    },
    /// Show a publication, or figures in it
    Publication(Box<Published>),
    /// Write the yearly report of a publication: tables, pictures and sources in one document, in Swedish
    Report(Box<Report>),
}

#[derive(Debug, Args)]
pub struct Query {
    /// Id of an indicator
    #[arg(default_value = "contacts-by-group")]
    pub id: String,
    /// Calendar year
    #[arg(long, default_value_t = 2026)]
    pub year: i32,
    /// Calendar month, 1 to 12; the whole year when left out
    #[arg(long, default_value_t = 0)]
    pub month: i32,
    /// Only this value of what is broken down by beside place, sex, age and month, such as a group; may be repeated
    #[arg(long)]
    pub group: Vec<String>,
    /// Only this region (two digits) or kommun (four)
    #[arg(long, default_value = "")]
    pub place: String,
    /// Only this sex
    #[arg(long, default_value = "", value_parser = ["", "female", "male"])]
    pub sex: String,
    /// Only this age group
    #[arg(long, default_value = "")]
    pub age_group: String,
    /// Break down by these, of those that the indicator offers
    #[arg(long, value_delimiter = ',')]
    pub by: Vec<String>,
    /// The variant to compute; may be repeated; `all` for all. The first one when left out
    #[arg(long)]
    pub variant: Vec<String>,
    /// The derivation to count; `as-reported` for what the entries hold
    #[arg(long, default_value = "")]
    pub derivation: String,
    /// As a file for those who go on with the figures, with names and marks
    #[arg(long, value_enum)]
    pub format: Option<FileFormat>,
    /// Where that file is written; stdout when left out
    #[arg(long, requires = "format")]
    pub to: Option<PathBuf>,
    /// Language of names
    #[arg(long, value_enum, default_value_t)]
    pub language: Language,
}

/// A form of figures as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FileFormat {
    /// Comma-separated values: a line a figure, codes and names.
    Csv,
    /// JSON-stat 2.0.
    JsonStat,
    /// Parquet.
    Parquet,
}

/// A language of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// Swedish.
    #[default]
    Sv,
    /// English.
    En,
}
