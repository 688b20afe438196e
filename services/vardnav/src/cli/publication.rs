//! The command line of `vardnav indicator publish`, `publication` and `report`.

use std::path::PathBuf;

use clap::Args;

use super::indicator::{FileFormat, Language};

#[derive(Debug, Args)]
pub struct Publish {
    /// Calendar year that the figures are about
    #[arg(long)]
    pub year: i32,
    /// Title, in Swedish
    #[arg(long)]
    pub title: String,
    /// Title in English
    #[arg(long, default_value = "")]
    pub title_en: String,
    /// The figures are to stand; preliminary when left out. Only of a year that is over
    #[arg(long = "final")]
    pub is_final: bool,
    /// The publication whose place it takes: the last one of the year
    #[arg(long, value_name = "ID", requires = "note")]
    pub revises: Option<String>,
    /// What changed since that one, and why; it stays with the publication
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Only tell what would be published and what would be revised; nothing is kept
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Published {
    /// Id of the publication, as `2026-1`; a year alone for the one that holds
    pub id: String,
    /// Figures of this indicator; what the publication says of itself when left out
    #[arg(long)]
    pub indicator: Option<String>,
    /// Only figures that are others than in a publication before
    #[arg(long, requires = "indicator")]
    pub revised: bool,
    /// As a file for those who go on with the figures, with names and marks
    #[arg(long, value_enum, requires = "indicator")]
    pub format: Option<FileFormat>,
    /// Where that file is written; stdout when left out
    #[arg(long, value_name = "FILE", requires = "format")]
    pub to: Option<PathBuf>,
    /// Write the bytes that the publication's digest is of to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["indicator", "format"])]
    pub content: Option<PathBuf>,
    /// Language of names
    #[arg(long, value_enum, default_value_t)]
    pub language: Language,
}

#[derive(Debug, Args)]
pub struct Report {
    /// Calendar year
    #[arg(long)]
    pub year: i32,
    /// The publication; the one of the year that holds when left out
    #[arg(long, value_name = "ID")]
    pub publication: Option<String>,
    /// What it is for
    #[arg(long = "for", value_enum, default_value_t)]
    pub purpose: Purpose,
    /// Form of the document
    #[arg(short, long, value_enum, default_value_t)]
    pub format: DocumentFormat,
    /// Where it is written; stdout when left out. The pictures of a Markdown document lie in a folder beside it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What a yearly report is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Purpose {
    /// The follow-up that is due on 30 August: every indicator, the country, regions and kommuner.
    #[default]
    FollowUp,
    /// A summary for the report that is due on 31 March: the country, and where regions differ most.
    Summary,
}

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DocumentFormat {
    /// One HTML file with everything in it.
    #[default]
    Html,
    /// Markdown.
    Md,
}
