//! The commands that keep a node whole.

use std::path::PathBuf;

use clap::Subcommand;

use super::Vault;

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// The store of a node
    #[command(subcommand)]
    Store(Store),
    /// The tables for analysts
    #[command(subcommand)]
    Analysis(Analysis),
    /// The vault of identities
    #[command(subcommand)]
    Vault(Vault),
    /// Copy a node while it is in use; a folder with an earlier copy gets what is new
    Backup {
        /// Folder of the copy
        folder: PathBuf,
        /// Put the secret keys into this folder as well, to be kept elsewhere: without them a copy cannot be served,
        /// with them its identities can be read. Only in place, with `--data`: no server gives its keys
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
    },
    /// Make a copy a node's folder (`--data`) again, held against the heads it was taken with
    Restore {
        /// Folder of the copy
        folder: PathBuf,
        /// Folder of the secret keys that were kept elsewhere
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Store {
    /// Hold everything stored against everything else; exit code 1 when something is wrong
    ///
    /// With `--data` the store is checked in place, without its server; with `--store` that in a database is, beside its
    /// servers.
    Check {
        /// Database to check (`postgres://…`) instead of a server's store
        #[arg(long, value_name = "URL", conflicts_with = "data")]
        store: Option<String>,
    },
    /// Copy a store into another while it is used, and hold both against each other
    ///
    /// A copy that was stopped goes on from what the target holds, and never writes into a target that holds anything
    /// that the source does not. The last time is while no server serves the source: exit code 0 when both hold the
    /// same, 1 when the source has grown meanwhile or something is not the same. Projections are not copied: servers
    /// of the target build them from the streams. The vault goes with its store as sealed rows, between folders and
    /// databases and where the key is at hand; secret keys are not copied.
    Copy(StoreCopy),
    /// Hold two stores against each other: streams by size and root, blobs by their bytes, projections row for row
    /// where both have followed the same streams as far
    ///
    /// Exit code 0 when both hold the same, 1 when not; which of the two has gone on is told.
    Compare(StoreCompare),
}

#[derive(Debug, clap::Args)]
pub struct StoreCompare {
    /// One store: a node's folder that no server holds, or a database
    #[arg(long, value_name = "DIR|URL")]
    pub from: String,
    /// The other one
    #[arg(long, value_name = "DIR|URL")]
    pub to: String,
    /// Compare these streams alone; may be repeated
    #[arg(long, value_name = "NAME")]
    pub stream: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct StoreCopy {
    /// What is copied: a node's folder that no server holds, a database, or a server (`http://…`)
    #[arg(long, value_name = "DIR|URL")]
    pub from: String,
    /// Where to: a node's folder, or a database, that no server serves
    #[arg(long, value_name = "DIR|URL")]
    pub to: String,
    /// Copy these streams alone, for example `reporter/ID`, and no blobs; may be repeated
    #[arg(long, value_name = "NAME")]
    pub stream: Vec<String>,
    /// A node's folder whose vault key (`vault/key`) reads the vault in a database; for a folder it is that folder's own
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// How many streams are copied at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub lanes: u8,
    /// Hold what was copied earlier by its heads alone, and read again only the rows that an erasure names
    #[arg(long)]
    pub heads_only: bool,
}

#[derive(Debug, Subcommand)]
pub enum Analysis {
    /// How far the tables have followed the register
    Status {
        /// The database of the tables
        #[arg(long, env = "VARDNAV_ANALYSIS", hide_env_values = true, value_name = "URL")]
        analysis: String,
    },
    /// Have the tables built anew from the register by the server that keeps them; views that were made over them go
    Rebuild {
        /// The database of the tables
        #[arg(long, env = "VARDNAV_ANALYSIS", hide_env_values = true, value_name = "URL")]
        analysis: String,
    },
    /// Print ten worked queries
    Queries,
}
