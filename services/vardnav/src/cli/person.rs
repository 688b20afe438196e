//! The flags of the commands of `vardnav register` that are about one person: nothing but what they are called and which
//! go together. A number is never an argument, for others see those: it is read from a file or from stdin.

use std::path::PathBuf;

/// What is told of a person.
#[derive(Debug, clap::Args)]
pub struct Extract {
    /// File with the person's number and nothing else; `-` for stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub person_from: PathBuf,
    /// What kind of number it is
    #[arg(long, value_name = "TYPE", default_value = "personnummer", value_parser = ["personnummer", "samordningsnummer", "reserve"])]
    pub person: String,
    /// Of a reserve number: the reporter that gave it out
    #[arg(long, value_name = "REPORTER", default_value = "")]
    pub issuer: String,
    /// Code of a purpose that the release in force today has (register/purposes.toml)
    #[arg(long, default_value = "person-right")]
    pub purpose: String,
    /// Folder for the document: `extract.ndjson` and `extract.txt`; stdout (NDJSON) when left out
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

/// What is asked to be corrected.
#[derive(Debug, clap::Args)]
pub struct Rectify {
    /// List what is asked of this reporter instead
    #[arg(long, value_name = "REPORTER", conflicts_with_all = ["reason"])]
    pub list: Option<String>,
    /// With --list: only what no later revision answered
    #[arg(long, requires = "list")]
    pub open: bool,
    /// File with the person's number and nothing else; `-` for stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub person_from: PathBuf,
    /// What kind of number it is
    #[arg(long, value_name = "TYPE", default_value = "personnummer", value_parser = ["personnummer", "samordningsnummer", "reserve"])]
    pub person: String,
    /// Of a reserve number: the reporter that gave it out
    #[arg(long, value_name = "REPORTER", default_value = "")]
    pub issuer: String,
    /// Code of a purpose that the release in force today has (register/purposes.toml)
    #[arg(long, default_value = "person-right")]
    pub purpose: String,
    /// What is to be corrected, in words, without any personal number
    #[arg(long, required_unless_present = "list")]
    pub reason: Option<String>,
    /// Only records of this reporter
    #[arg(long, default_value = "")]
    pub reporter: String,
    /// Only records with this id
    #[arg(long, default_value = "")]
    pub id: String,
}

/// What is to be erased.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Erase {
    #[command(subcommand)]
    pub step: Option<EraseStep>,
    /// Code of a purpose that the release in force today has (register/purposes.toml), for example court-order
    #[arg(long, required = true)]
    pub basis: Option<String>,
    /// Why, in words, without any personal number
    #[arg(long, required = true)]
    pub reason: Option<String>,
    /// A revision, `reporter/kind/id/revision`; may be repeated. Without any, all records of the person
    #[arg(long, value_name = "RECORD", conflicts_with = "person_from")]
    pub record: Vec<String>,
    /// File with the person's number and nothing else; `-` for stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub person_from: PathBuf,
    /// What kind of number it is
    #[arg(long, value_name = "TYPE", default_value = "personnummer", value_parser = ["personnummer", "samordningsnummer", "reserve"])]
    pub person: String,
    /// Of a reserve number: the reporter that gave it out
    #[arg(long, value_name = "REPORTER", default_value = "")]
    pub issuer: String,
    /// Only records of this reporter
    #[arg(long, default_value = "")]
    pub reporter: String,
}

/// What is done with an erasure that was asked for.
#[derive(Debug, clap::Subcommand)]
pub enum EraseStep {
    /// Approve an erasure that another person asked for: the content is gone then, and cannot be had again
    Approve {
        /// Number of the request
        number: u64,
    },
}
