//! The flags of `vardnav admin vault`: nothing but what they are called and which go together.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Vault {
    /// Note what a population file (CSV) says of persons: residence, deaths, migration, protection, numbers
    Population {
        /// File; `-` for stdin
        file: PathBuf,
        /// Only check; nothing is noted
        #[arg(long)]
        dry_run: bool,
        /// Note what is right although other lines are wrong
        #[arg(long)]
        go_on: bool,
    },
    /// Ask for numbers, or for a linkage export; another person approves
    Request(Request),
    /// Approve what another person asked for
    Approve {
        /// Number of the request
        number: u64,
    },
    /// Withdraw or refuse a request
    End {
        /// Number of the request
        number: u64,
    },
    /// List what was asked for and where it stands, the newest first
    Requests,
    /// Give the numbers that an approved request names; a use of it
    Open {
        /// Number of the request
        number: u64,
    },
    /// Write the records of an approved project with the project's keys of their persons (NDJSON); a use of it
    Link {
        /// Number of the request
        number: u64,
    },
}

/// What is asked for.
#[derive(Debug, clap::Args)]
pub struct Request {
    /// Code of a purpose that the release in force today has (register/purposes.toml), for example quality-control
    #[arg(long)]
    pub purpose: String,
    /// Why, in words, without any personal number
    #[arg(long)]
    pub reason: String,
    /// Whose person: a revision, `reporter/kind/id/revision`; may be repeated
    #[arg(long, value_name = "RECORD", required_unless_present_any = ["person", "project"])]
    pub record: Vec<String>,
    /// A person by key, as the audit trail names them; may be repeated
    #[arg(long, value_name = "KEY", conflicts_with = "record")]
    pub person: Vec<String>,
    /// A linkage project
    #[arg(long, conflicts_with_all = ["record", "person"], requires = "reporter")]
    pub project: Option<String>,
    /// Whose records the project links; may be repeated
    #[arg(long, requires = "project")]
    pub reporter: Vec<String>,
    /// How often it may be used
    #[arg(long, default_value_t = 1)]
    pub uses: u32,
    /// For how many hours
    #[arg(long, default_value_t = 24)]
    pub hours: u32,
}
