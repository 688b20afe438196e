//! The commands that keep a node whole.

use std::path::PathBuf;

use clap::Subcommand;

use super::Vault;

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// The store of a node
    #[command(subcommand)]
    Store(Store),
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
    /// With `--data` the store is checked in place, without its server.
    Check,
}
