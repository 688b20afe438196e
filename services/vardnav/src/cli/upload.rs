//! The command line of `vardnav indicator upload`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Upload {
    /// File: CSV in UTF-8 with a comma, whose first line names the columns
    ///
    /// population: date,area,sex,age,count. kommun-groups: grouping,from,kommun,group,name_sv,name_en.
    /// series: indicator,variant,period,place,sex,age_group,breakdown,breakdown_value,value,low,high,
    /// numerator,denominator,mark,method_version,break; all but indicator, variant, period, place and value may be
    /// left out. The order of the columns is free but for population.
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// What the file is: population, kommun-groups, series
    #[arg(long, required = true)]
    pub kind: Option<String>,
    /// Where the data come from; what is made up begins with `synthetic`
    #[arg(long, required = true)]
    pub source: Option<String>,
    /// Only check; nothing is kept
    #[arg(long)]
    pub dry_run: bool,
    #[command(subcommand)]
    pub step: Option<UploadStep>,
}

#[derive(Debug, Subcommand)]
pub enum UploadStep {
    /// Show the revisions of an upload, or its rows
    Show {
        /// Kind
        kind: String,
        /// Id, as `indicator uploads` gives it
        id: String,
        /// Write the rows of the last revision, or of --revision, as CSV to stdout; noted in the audit trail
        #[arg(long)]
        rows: bool,
        /// Number of the revision whose rows are written
        #[arg(long, default_value_t = 0, requires = "rows")]
        revision: u32,
    },
    /// Withdraw an upload: it no longer holds, its history stays
    Withdraw {
        /// Kind
        kind: String,
        /// Id, as `indicator uploads` gives it
        id: String,
        /// Why; it stays with the upload
        #[arg(long)]
        reason: String,
    },
}
