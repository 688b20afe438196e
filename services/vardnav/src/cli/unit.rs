//! The command line of `vardnav unit`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Unit {
    /// Put care units from a file: what `unit list` or `unit show` writes with `-o json` or `-o ndjson`
    Put {
        /// File; `-` for stdin
        file: PathBuf,
    },
    /// Show one with its dated versions
    Show {
        /// HSA-id
        hsa_id: String,
    },
    /// List units; as JSON with all that they have
    List {
        /// Only those this reporter may report for
        #[arg(long)]
        reporter: Option<String>,
    },
    /// What was said of a unit, by whom and when, and what each statement changed
    History {
        /// HSA-id
        hsa_id: String,
    },
    /// Close a unit from a date on
    Close {
        /// HSA-id
        hsa_id: String,
        /// First date on which it is closed
        #[arg(long)]
        on: String,
    },
    /// Close units that another one takes over from
    Merge {
        /// HSA-ids of the units that are closed
        #[arg(required = true)]
        hsa_ids: Vec<String>,
        /// HSA-id of the unit that takes over
        #[arg(long)]
        into: String,
        /// First date on which it has taken over
        #[arg(long)]
        on: String,
    },
    /// Bed-days: of a unit, a day (06:00) and a kind of beds
    #[command(subcommand)]
    Beds(Monthly),
    /// Inhabitants listed, and the named physicians in full-time equivalents
    #[command(subcommand)]
    Listings(Monthly),
    /// How full beds were in a month, and how many inhabitants named physicians answer for
    Capacity {
        /// By what: kind, kommun, region, unit, bed, ownership
        #[arg(long, value_delimiter = ',')]
        by: Vec<String>,
        /// Month, as YYYY-MM
        #[arg(long)]
        month: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Monthly {
    /// Report a month from a file (CSV); sent again it takes the place of what was sent before
    ///
    /// beds: reporter,date,unit,kind,available,occupied,overcrowded,outliers. listings:
    /// reporter,date,unit,listed,specialists,in_training. The order of the columns is free.
    Report {
        /// File
        file: PathBuf,
        /// Where the data come from; what is made up begins with `synthetic`
        #[arg(long)]
        source: String,
        /// Only check; nothing is kept
        #[arg(long)]
        dry_run: bool,
    },
    /// Show what is reported of a month as CSV
    Show {
        /// Reporter
        reporter: String,
        /// Month, as YYYY-MM
        month: String,
        /// Number of the revision; 0 for the last one
        #[arg(long, default_value_t = 0)]
        revision: u32,
    },
}
