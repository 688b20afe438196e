//! The flags of `vardnav register deliver`, `delivery` and `withdraw`: nothing but what they are called and which go
//! together.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command::input::Input;

/// Opens, sends and closes a delivery in one.
#[derive(Debug, Args)]
pub struct Deliver {
    /// File; `-` for stdin
    pub file: PathBuf,
    #[command(flatten)]
    pub of: Of,
    #[command(flatten)]
    pub sending: Sending,
    /// Close it even if lines were rejected, or if it withdraws more records than it holds
    #[arg(long)]
    pub close_anyway: bool,
    #[command(flatten)]
    pub expect: Expect,
}

/// Which delivery is opened.
#[derive(Debug, Args)]
pub struct Of {
    /// Reporter
    #[arg(long)]
    pub reporter: String,
    /// Month that the delivery states in full, `2026-09`; may be repeated
    #[arg(long = "period", value_name = "MONTH", required = true)]
    pub periods: Vec<String>,
    /// Register that it is for
    #[arg(long, default_value = "near-care")]
    pub register: String,
    /// Only a test: answered and receipted, and never current
    #[arg(long)]
    pub test: bool,
}

/// How a file is sent.
#[derive(Debug, Args)]
pub struct Sending {
    /// Folder for the receipts
    #[arg(long, value_name = "DIR")]
    pub receipts: Option<PathBuf>,
    /// Records in a batch
    #[arg(long, default_value = "1000", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    pub batch: u16,
    /// How many seconds to go on trying when the server cannot be reached
    #[arg(long, default_value = "60", value_name = "SECONDS")]
    pub retry: u64,
    #[command(flatten)]
    pub input: Input,
}

/// What a delivery is expected to hold when it is closed.
#[derive(Debug, Args)]
pub struct Expect {
    /// Close it only if it holds this, in records: `kept=10,new=2,changed=0,gone=1`
    #[arg(long, value_name = "COUNTS")]
    pub expect: Option<String>,
}

/// A delivery by its number.
#[derive(Debug, Args)]
pub struct Numbered {
    /// Reporter
    #[arg(long)]
    pub reporter: String,
    /// Number of the delivery
    pub number: u32,
}

#[derive(Debug, Subcommand)]
pub enum Delivery {
    /// Open a delivery for periods of a register
    Open {
        #[command(flatten)]
        of: Of,
        /// Only check whether it may be opened
        #[arg(long)]
        dry_run: bool,
    },
    /// Send a file (NDJSON, CSV, text of a layout) within an open delivery; one outcome per record
    Send {
        /// File; `-` for stdin
        file: PathBuf,
        /// Reporter
        #[arg(long)]
        reporter: String,
        /// Number of the delivery
        #[arg(long)]
        number: u32,
        /// Only check; nothing is stored
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        sending: Sending,
    },
    /// Close a delivery: its records become current, what its periods held and it does not is withdrawn
    Close {
        #[command(flatten)]
        of: Numbered,
        /// Give it up instead
        #[arg(long)]
        abandon: bool,
        /// Only count; nothing is closed
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        expect: Expect,
    },
    /// List the deliveries of a reporter, newest first
    List {
        /// Reporter
        #[arg(long)]
        reporter: String,
    },
    /// Show how far a delivery has come
    Show(Numbered),
}

/// Withdraws records.
#[derive(Debug, Args)]
pub struct Withdraw {
    /// Reporter
    pub reporter: String,
    /// Ids of the records
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// Kind of record
    #[arg(long, default_value = "episode")]
    pub kind: String,
    /// Why: code of a reason that the release in force today has (register/withdrawals.toml)
    #[arg(long)]
    pub reason: String,
    /// File for the receipt, which proves the withdrawals offline: `register prove`
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub receipt: Option<PathBuf>,
    /// Only check; nothing is stored
    #[arg(long)]
    pub dry_run: bool,
}
