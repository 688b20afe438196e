//! The command line: nouns, verbs and their flags. Nothing is done here.

#![expect(
    missing_docs,
    reason = "the help texts of clap document every command and flag"
)]

mod admin;
pub mod delivery;
mod heads;
pub mod indicator;
mod person;
pub mod publication;
mod register;
mod release;
mod terminology;
mod unit;
mod upload;
mod vault;

pub use admin::{Admin, Analysis, Store, StoreCompare, StoreCopy};
pub use heads::Heads;
pub use indicator::Indicator;
pub use person::{Erase, EraseStep, Extract, Rectify};
pub use register::{Map, Reclassify, ReclassifyStep, Register};
pub use release::{Release, Resolution};
pub use terminology::{Codesystem, Edition, ExportFormat, Term};
pub use unit::{Monthly, Unit};
pub use upload::{Upload, UploadStep};
pub use vault::{Request, Vault};

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::client::Target;
use crate::output::Format;

/// Terms, classification and register for near care: one server, one command.
///
/// Data go to stdout, talk to stderr. Exit codes: 0 ok, 1 findings, 2 usage, 3 cannot reach, 4 refused, 5 failed.
#[derive(Debug, Parser)]
#[command(name = "vardnav", version)]
pub struct Cli {
    #[command(flatten)]
    pub target: Target,
    /// How data are written
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub output: Format,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Serve(Serve),
    /// See everything work: releases, units, a year of reports, a receipt, a figure
    Demo(Demo),
    /// Measure, each figure beside its baseline from the same run
    Bench(Bench),
    /// Classify lines of facts (NDJSON)
    Classify(Classify),
    /// Hold a server's answers against the conformance cases of a release
    Conform(Conform),
    /// Releases: everything that decides
    #[command(subcommand)]
    Release(Release),
    /// Code systems, value sets and concept maps: import, list, export
    #[command(subcommand)]
    Codesystem(Codesystem),
    /// Terms and codes
    #[command(subcommand)]
    Term(Term),
    /// Care units
    #[command(subcommand)]
    Unit(Unit),
    /// The register
    #[command(subcommand)]
    Register(Register),
    /// Indicators
    #[command(subcommand)]
    Indicator(Indicator),
    /// Keep a node whole: check its store, copy it, restore it
    #[command(subcommand)]
    Admin(Admin),
    /// National heads: kept by anyone, so that history cannot be rewritten unseen
    #[command(subcommand)]
    Heads(Heads),
    /// Keep a copy of a server's releases and content in a folder, to work without it
    Sync(Sync),
    /// Explain a finding code: what is wrong and how to mend it, in Swedish and English
    Explain {
        /// The code, for example VN-REG-014
        #[arg(required_unless_present = "list")]
        code: Option<String>,
        /// List all codes that there are
        #[arg(long, conflicts_with = "code")]
        list: bool,
    },
    /// Print a completion script
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Address of the gRPC services; beyond loopback only with --callers
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDR")]
    pub grpc: SocketAddr,
    /// Address of the web page; beyond loopback only with --callers
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub http: SocketAddr,
    /// File of callers (TOML): `[[caller]]` with name, token_sha256, permissions, reporters (`*` for all)
    #[arg(long, value_name = "FILE")]
    pub callers: Option<PathBuf>,
    /// Keep the register in this PostgreSQL database (`postgres://user@host/name`) instead of in the folder. Any number of
    /// servers may share a database, each with a folder of its own, which keeps the secret keys and what can be made anew
    #[arg(
        long,
        env = "VARDNAV_STORE",
        hide_env_values = true,
        value_name = "URL",
        conflicts_with = "sync"
    )]
    pub store: Option<String>,
    /// Most connections to the database; all servers that share it together must stay below its `max_connections`
    #[arg(
        long,
        value_name = "N",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(4..=1000),
        requires = "store"
    )]
    pub connections: u16,
    /// Take the secret keys (`vault/key`, `keys/head-key`) from this folder when the server's own folder has none: all
    /// servers that share a database have the same
    #[arg(long, value_name = "DIR", requires = "store")]
    pub keys: Option<PathBuf>,
    /// Keep tables for analysts in this PostgreSQL database, in its schema `analysis`; without a URL in the database of
    /// --store. Of several servers one does so
    #[arg(
        long,
        env = "VARDNAV_ANALYSIS",
        hide_env_values = true,
        value_name = "URL",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "sync"
    )]
    pub analysis: Option<String>,
    /// Serve a copy of this server and keep it current; nothing else is taken
    #[arg(long, value_name = "URL")]
    pub sync: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Demo {
    /// End after the demonstration instead of keeping the server up
    #[arg(long)]
    pub no_serve: bool,
    /// How many records to report
    #[arg(long, default_value_t = 30000)]
    pub count: u64,
    /// Seed of the sample
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Address of the gRPC services
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDR")]
    pub grpc: SocketAddr,
    /// Address of the web page
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub http: SocketAddr,
}

#[derive(Debug, clap::Args)]
pub struct Bench {
    /// What to measure; everything when left out
    #[arg(value_enum)]
    pub what: Vec<Measured>,
    /// Records of the report benchmark
    #[arg(long, default_value_t = 100_000)]
    pub count: u64,
    /// Keep the register of the report benchmark in a PostgreSQL of its own, the one that it is measured beside, shared by
    /// so many servers; by one when no number is given
    #[arg(
        long,
        value_name = "SERVERS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = clap::value_parser!(u8).range(1..=8)
    )]
    pub postgres: Option<u8>,
    /// Keep tables for analysts beside the register of the report benchmark, and measure how far behind they are
    #[arg(long)]
    pub analysis: bool,
    /// Records of the benchmarks of reclassification and of indicators
    #[arg(long, default_value_t = 200_000)]
    pub records: u64,
    /// A Python with DuckDB, which is asked beside the figures of indicators, of files exported in the same run
    #[arg(long, value_name = "PYTHON")]
    pub duckdb: Option<PathBuf>,
    /// Concepts of the made-up terminology; 0 leaves it out
    #[arg(long, default_value_t = 500_000)]
    pub concepts: u32,
    /// A run that growth is calculated from: how many records it had, and what it wrote with `-o json`; may be repeated
    #[arg(long, value_name = "RECORDS=FILE")]
    pub run: Vec<String>,
    /// Records of the register whose growth is calculated
    #[arg(long, default_value_t = 1_000_000_000)]
    pub project: u64,
    /// Price of a gigabyte for a month, for the calculation
    #[arg(long, value_name = "PRICE")]
    pub gigabyte_month: Option<f64>,
    /// Price of a server for a month, for the calculation
    #[arg(long, value_name = "PRICE")]
    pub server_month: Option<f64>,
    /// How many servers the calculation counts
    #[arg(long, default_value_t = 1)]
    pub servers: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Measured {
    /// Lookup, validate, subsumes, search
    Terminology,
    /// Classify
    Classification,
    /// Report
    Report,
    /// Derive history anew
    Reclassify,
    /// Follow the register into figures of indicators, and answer questions about them
    Indicators,
    /// Calculate what a register of another size takes, from runs measured earlier (`--run`)
    Growth,
}

#[derive(Debug, clap::Args)]
pub struct Classify {
    /// File of lines; `-` or nothing for stdin
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// Add the reasons to every answer
    #[arg(long)]
    pub explain: bool,
    /// Add the smallest changes of facts that lead elsewhere to every answer
    #[arg(long)]
    pub counterfactuals: bool,
    /// Release to classify by, instead of the one in force on each date
    #[arg(long, value_name = "ID")]
    pub release: Option<String>,
    /// Variant of an unsettled point to classify by, instead of the release's, for example U4:physician-only; may be
    /// repeated
    #[arg(long, value_name = "POINT:VARIANT")]
    pub variant: Vec<String>,
    /// Compare with what this release gives, and tell which rules make a difference
    #[arg(long, value_name = "ID", conflicts_with_all = ["explain", "counterfactuals"])]
    pub against: Option<String>,
    /// Compare with what other variants give; may be repeated
    #[arg(long, value_name = "POINT:VARIANT", conflicts_with_all = ["explain", "counterfactuals"])]
    pub against_variant: Vec<String>,
    /// Classify in this process by the starter release, without any server
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, clap::Args)]
pub struct Conform {
    /// File of cases as `release cases` writes them; `-` or nothing for stdin
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Sync {
    /// Go on when everything is taken, and take what is published from then on, also after the server was away
    #[arg(long)]
    pub follow: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    /// Options that hold for every command are handed to each; an argument of the same id would take their place.
    fn holds(command: &clap::Command, global: &[clap::Id]) {
        for argument in command
            .get_arguments()
            .filter(|argument| !argument.is_global_set())
        {
            assert!(
                !global.contains(argument.get_id()),
                "{}: {}",
                command.get_name(),
                argument.get_id()
            );
        }
        for below in command.get_subcommands() {
            holds(below, global);
        }
    }

    #[test]
    fn no_argument_takes_the_place_of_one_that_all_commands_have() {
        let command = Cli::command();
        let global = command
            .get_arguments()
            .filter(|argument| argument.is_global_set());
        let global: Vec<_> = global.map(|argument| argument.get_id().clone()).collect();
        assert!(global.len() > 3);
        holds(&command, &global);
    }
}
