//! The flags of `vardnav heads`: nothing but what they are called and which go together.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Heads {
    /// List national heads: what fixes the whole register at a moment
    List {
        /// Number to begin at
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Keep a copy of all national heads, and say loudly when history was rewritten
    Mirror {
        /// Folder
        dir: PathBuf,
        /// Public key file of the register; the one first told is kept when left out
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Hold a kept copy against itself and a public key, without any server
    Check {
        /// Folder
        dir: PathBuf,
        /// Public key file of the register; the kept one when left out
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}
