//! The flags of `vardnav register`: nothing but what they are called and which go together.

use std::path::PathBuf;

use clap::Subcommand;

use super::delivery::{Deliver, Delivery, Withdraw};
use super::person;
use crate::command::input::Input;
use crate::command::layout::Columns;
use crate::command::{changes, completeness, export, worklist};

#[derive(Debug, Subcommand)]
pub enum Register {
    /// Generate a realistic year of records (NDJSON), some of them deliberately bad
    Sample {
        /// How many
        #[arg(long, default_value_t = 3000)]
        count: u64,
        /// Seed; the same seed gives the same lines
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Report records from a file (NDJSON, CSV, text of a layout); one outcome per record, with its line
    Report {
        /// File; `-` for stdin
        file: PathBuf,
        /// Folder for the receipts
        #[arg(long, value_name = "DIR")]
        receipts: Option<PathBuf>,
        /// Only check; nothing is stored
        #[arg(long)]
        dry_run: bool,
        /// Records in a batch
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=5_000))]
        batch: u16,
        /// Number of the open delivery that the records belong to
        #[arg(long, value_name = "NUMBER", requires = "reporter")]
        delivery: Option<u32>,
        /// Reporter of the delivery, and of lines of a table that name none
        #[arg(long)]
        reporter: Option<String>,
        #[command(flatten)]
        input: Input,
    },
    /// Show what stands in the columns of CSV and text files of records, for whoever builds them
    ///
    /// CSV begins with a line that names its columns, by commas, semicolons or tabs. A column has the name of the field
    /// it states, in any order, and columns that are not needed are left out. A cell holds one value or, where the table
    /// says so, several with | between them (a | that belongs to a value has a \ before it). The columns of one list
    /// (procedures.code, procedures.system) have as many values as each other, or one for all; or each item has columns of
    /// its own: procedures.1.code, procedures.2.code. Dates are written 2026-09-01, flags true or false.
    ///
    /// A record is one line, and only an episode may go over several that stand together, with the same reporter, kind, id
    /// and revision: each states one of its plans, responsibilities and segments, and what the first line says of the
    /// episode itself is repeated or left empty. A line that cannot be read has the episodes beside it refused too.
    ///
    /// Text files of other registers have layouts, which say what stands in which column and what its codes mean. Those
    /// listed come with the release; a TOML file of your own is given with its path.
    Layout(Columns),
    /// Deliver the records of some periods in full from a file (NDJSON): open, send and close in one
    Deliver(Deliver),
    /// Deliveries, step by step
    #[command(subcommand)]
    Delivery(Delivery),
    /// Withdraw records
    Withdraw(Withdraw),
    /// Describe and classify records from a file (NDJSON, CSV, text of a layout) as they would be reported; nothing is stored
    Describe {
        /// File; `-` for stdin
        file: PathBuf,
        /// Reporter whose maps and episodes are asked; the one each line names when left out
        #[arg(long)]
        reporter: Option<String>,
        /// Add the reasons
        #[arg(long)]
        explain: bool,
        /// Add the smallest changes of facts that lead elsewhere
        #[arg(long)]
        counterfactuals: bool,
        #[command(flatten)]
        input: Input,
    },
    /// Prove offline that reported lines stand in the register
    Prove {
        /// Receipt file
        receipt: PathBuf,
        /// The file that was reported; a receipt of withdrawals needs none
        #[arg(long, value_name = "FILE")]
        input: Option<PathBuf>,
        /// Public key file of the register
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Anchor file: prove as well that what the lines stand in lies under a national head
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
        /// Folder of kept national heads, in which that head must stand
        #[arg(long, value_name = "DIR", requires = "anchor")]
        heads: Option<PathBuf>,
        #[command(flatten)]
        written: Input,
    },
    /// Lead from the heads of a receipt file to a national head
    Anchor {
        /// Receipt file
        receipt: PathBuf,
        /// File to write; stdout when left out
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Write the register's public key
    Key {
        /// File; stdout when left out
        file: Option<PathBuf>,
    },
    /// Show a record with all its revisions
    Show {
        /// Reporter
        reporter: String,
        /// Id
        id: String,
        /// Kind of record; records of any kind with the id when left out
        #[arg(long, value_parser = ["episode", "contact", "monitoring-period", "care-request"])]
        kind: Option<String>,
        /// As known when the reporter's stream had so many entries
        #[arg(long, value_name = "POSITION")]
        at: Option<u64>,
        /// The derivation to answer from; `as-reported` for what the entries hold
        #[arg(long, default_value = "")]
        derivation: String,
    },
    /// Export what the register holds, without any person's number
    Export(export::Export),
    /// Give everything that the register holds of a person, for the person
    Extract(person::Extract),
    /// Ask reporters to correct what they reported of a person
    Rectify(person::Rectify),
    /// Have content erased, where the law says so; another person approves
    Erase(person::Erase),
    /// List what is held: by unit and what is missing, with owner and age
    Worklist(worklist::Held),
    /// Supply one fact for many held records at once
    Supply(worklist::Supply),
    /// Rank the combinations of facts that no rule gives a value for
    Unmatched(worklist::Unmatched),
    /// What there is of each month of care, beside other months, and which care units nothing came from
    Completeness(completeness::Completeness),
    /// List what was found, the most frequent first, with what to do
    Findings(completeness::Months),
    /// List contacts that say the same as others of the same person, with the others
    Alike(completeness::Alike),
    /// What became current, from a token on, for another system to follow
    Changes(changes::Changes),
    /// Derive history anew under a release, beside what the entries hold
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Reclassify(Reclassify),
    /// Maps from a reporter's own codes to facts
    #[command(subcommand)]
    Map(Map),
    /// Register a reporter, or list them
    Reporter {
        /// Id; lists all reporters when left out
        id: Option<String>,
        /// Name
        #[arg(long, requires = "id")]
        name: Option<String>,
        /// Organisationsnummer
        #[arg(long, requires = "id")]
        organisation: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Map {
    /// Put a version of a map: CSV, or a concept map of FHIR as JSON
    Put {
        /// File
        file: PathBuf,
        /// Reporter whose codes it maps
        #[arg(long)]
        reporter: String,
        /// First date of care it applies to; that of the release in force when left out
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        /// Only check; nothing is stored
        #[arg(long)]
        dry_run: bool,
    },
    /// List the maps of a reporter in all their versions
    List {
        /// Reporter
        reporter: String,
    },
}

/// What is derived anew, or what is done with it.
#[derive(Debug, clap::Args)]
pub struct Reclassify {
    #[command(subcommand)]
    pub step: Option<ReclassifyStep>,
    /// Published release to derive under
    #[arg(long, value_name = "ID", required = true)]
    pub release: Option<String>,
    /// Another variant of an unsettled point than the release takes, `point:variant`; may be repeated
    #[arg(long, value_name = "POINT:VARIANT")]
    pub variant: Vec<String>,
    /// First date of care
    #[arg(long, value_name = "DATE")]
    pub from: Option<jiff::civil::Date>,
    /// First date of care no longer included
    #[arg(long, value_name = "DATE")]
    pub until: Option<jiff::civil::Date>,
    /// Name of the derivation
    #[arg(long, required = true)]
    pub name: Option<String>,
    /// Wait until all of history is derived
    #[arg(long)]
    pub wait: bool,
}

/// What is done with a derivation.
#[derive(Debug, clap::Subcommand)]
pub enum ReclassifyStep {
    /// Show how far a derivation has come and what it changes
    Status {
        /// Its name
        name: String,
        /// Wait until all of history is derived
        #[arg(long)]
        wait: bool,
    },
    /// List the derivations
    List,
    /// Give a derivation up and forget what was derived
    Cancel {
        /// Its name
        name: String,
    },
    /// Answer readers from a derivation; somebody other than who planned it
    Switch {
        /// Its name; `as-reported` for what the entries hold
        name: String,
        /// Why; kept with the switch
        #[arg(long, default_value = "")]
        reason: String,
    },
}
