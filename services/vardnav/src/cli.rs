//! The command line: nouns, verbs and their flags. Nothing is done here.

#![expect(
    missing_docs,
    reason = "the help texts of clap document every command and flag"
)]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::client::Target;
use crate::command::release::impact;
use crate::command::worklist;
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
    /// Keep a copy of a server's releases and content in a folder, to work without it
    Sync(Sync),
    /// Explain a finding code
    Explain {
        /// The code, for example VN-REG-014
        code: String,
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
    #[arg(long, default_value_t = 3000)]
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
    /// Records of the reclassification benchmark
    #[arg(long, default_value_t = 200_000)]
    pub records: u64,
    /// Concepts of the made-up terminology; 0 leaves it out
    #[arg(long, default_value_t = 500_000)]
    pub concepts: u32,
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

#[derive(Debug, Subcommand)]
pub enum Release {
    /// List releases and drafts
    List,
    /// Show one
    Show {
        /// Id; the one in force today when left out
        id: Option<String>,
    },
    /// Write the conformance cases of a release with the answers expected (NDJSON)
    Cases {
        /// Id; the one in force today when left out
        id: Option<String>,
        /// Variant of an unsettled point, instead of the release's, for example U4:physician-only; may be repeated
        #[arg(long, value_name = "POINT:VARIANT")]
        variant: Vec<String>,
    },
    /// Make a draft from a folder, or replace the files of one
    Draft {
        /// Folder with release.toml
        folder: PathBuf,
        /// Id; the one in release.toml when left out
        #[arg(long)]
        id: Option<String>,
        /// Replace the files of the draft with this id
        #[arg(long)]
        update: bool,
        /// Release that the files are made from; the newest when left out, of an update the one it had
        #[arg(long, value_name = "RELEASE")]
        base: Option<String>,
    },
    /// Check a draft, and tell what the proofs of its tables found
    Check {
        /// Id; or a folder, which is checked in this process without any server
        id: String,
        /// Language of what the proofs tell
        #[arg(long, default_value = "sv", value_parser = ["sv", "en"])]
        language: String,
        /// Leave out what the proofs tell beyond what is wrong
        #[arg(long)]
        brief: bool,
    },
    /// Tell what a draft or release would do to the register, and change nothing
    Impact(impact::Impact),
    /// Open a referral round (remiss) on what a draft holds now
    Refer {
        /// Id
        id: String,
        /// Last day on which comments are taken
        #[arg(long, value_name = "DATE")]
        until: jiff::civil::Date,
        /// Who is asked, by name or as ID=NAME; may be repeated
        #[arg(long, required = true, value_name = "NAME")]
        body: Vec<String>,
    },
    /// Close the open referral round before its last day
    Close {
        /// Id
        id: String,
    },
    /// Write down a comment of a body that is asked
    #[command(group(clap::ArgGroup::new("said").required(true).args(["file", "text"])))]
    Comment {
        /// Id of the draft
        id: String,
        /// Whose comment it is: id or name
        #[arg(long, value_name = "BODY")]
        body: String,
        /// What it is about: a file, or an axis, table, rule, term, variable … by its id, or as KIND:ID; the whole
        /// draft when left out
        #[arg(long, value_name = "WHAT")]
        on: Option<String>,
        /// File with the comment; `-` for stdin
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The comment
        text: Option<String>,
    },
    /// Answer a comment; the answer is published with it
    Resolve {
        /// Id of the draft
        id: String,
        /// Number of the comment
        comment: u32,
        /// What became of it
        #[arg(long, value_enum)]
        resolution: Resolution,
        /// Why
        #[arg(long)]
        text: String,
    },
    /// List the comments on a draft or a release, with their answers
    Comments {
        /// Id
        id: String,
    },
    /// Submit a checked draft for approval
    Submit {
        /// Id
        id: String,
    },
    /// Approve a draft; refused for its authors, under whatever account
    Approve {
        /// Id
        id: String,
    },
    /// Publish an approved draft
    Publish {
        /// Id
        id: String,
        /// First date on which it applies; the one in its files when left out
        #[arg(long, value_name = "DATE")]
        effective: Option<jiff::civil::Date>,
        /// Why reporters get shorter notice than the procedure asks; kept with the release
        #[arg(long, value_name = "REASON", conflicts_with = "retroactive")]
        short_notice: Option<String>,
        /// Why it applies to days that are past; kept with the release
        #[arg(long, value_name = "REASON")]
        retroactive: Option<String>,
    },
    /// Tell what differs between two releases or drafts, in words
    Diff {
        /// The older: id of a release or draft, or a folder
        old: String,
        /// The newer: id of a release or draft, or a folder
        new: String,
        /// Only elements of this kind, for example rule, axis, variable, concept
        #[arg(long, default_value = "", value_name = "KIND")]
        element: String,
        /// Language of the words
        #[arg(long, default_value = "sv", value_parser = ["sv", "en"])]
        language: String,
    },
    /// Tell what a draft and a release published since it was made changed of the same
    Conflicts {
        /// Id of the draft
        id: String,
        /// Language of the words
        #[arg(long, default_value = "sv", value_parser = ["sv", "en"])]
        language: String,
    },
    /// List the notices that reporters were given of releases
    Notices {
        /// Only this reporter
        #[arg(long)]
        reporter: Option<String>,
    },
    /// Note that a reporter has taken notice of a release
    Acknowledge {
        /// Id of the release
        release: String,
        /// Reporter
        #[arg(long)]
        reporter: String,
    },
    /// Note that a caller is an account of a person, or list who is; it is never undone
    Link {
        /// Caller; lists all links when left out
        #[arg(requires = "identity")]
        caller: Option<String>,
        /// The person
        #[arg(long, requires = "caller")]
        identity: Option<String>,
    },
}

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Resolution {
    /// Done as the comment asks
    Accepted,
    /// Done in part
    Partly,
    /// Not done
    Rejected,
    /// Read; it asks for nothing
    Noted,
}

#[derive(Debug, clap::Args)]
pub struct Sync {
    /// Go on when everything is taken, and take what is published from then on, also after the server was away
    #[arg(long)]
    pub follow: bool,
}

#[derive(Debug, Subcommand)]
pub enum Codesystem {
    /// Import code systems, value sets and maps: text files of ICD-10-SE and KVÅ, FHIR, RF2, ClaML, SKOS, TBX, CSV
    Import {
        /// Folders, files or archives (.zip, .tgz)
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Only check
        #[arg(long)]
        dry_run: bool,
        /// Of a SNOMED CT release of type Full the edition of a date, instead of the newest; may be given several times
        #[arg(long, value_name = "DATE", conflicts_with = "all_editions")]
        as_of: Vec<jiff::civil::Date>,
        /// All editions of a SNOMED CT release of type Full
        #[arg(long)]
        all_editions: bool,
    },
    /// List editions of code systems
    List,
    /// List value sets
    ValueSets,
    /// List concept maps
    Maps,
    /// Write a code system, value set or map as files
    Export {
        /// Its address, or the short name of a code system
        url: String,
        /// Version; the one in force, or the newest, when left out
        #[arg(long)]
        version: Option<String>,
        /// Format
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
        /// Folder to write to
        #[arg(long, value_name = "DIR", default_value = ".")]
        to: PathBuf,
    },
    /// Write a made-up terminology in Release Format 2, the same for the same seed
    Synthetic {
        /// Folder to write to
        to: PathBuf,
        /// How many concepts
        #[arg(long, default_value_t = 500_000)]
        concepts: u32,
        /// Seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

/// A format of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ExportFormat {
    /// FHIR R5 JSON
    #[default]
    FhirR5,
    /// FHIR R4 JSON
    FhirR4,
    /// CSV with its header mapping
    Csv,
    /// SKOS as Turtle
    Skos,
    /// TBX
    Tbx,
}

#[derive(Debug, Subcommand)]
pub enum Term {
    /// Show what is known of a code
    Lookup {
        /// Code
        code: String,
        #[command(flatten)]
        edition: Edition,
    },
    /// Find concepts by the beginnings of words
    Search {
        /// What one types
        #[arg(required = true)]
        text: Vec<String>,
        /// Only this code system
        #[arg(long, value_name = "URL")]
        system: Option<String>,
        /// Only designations in this language
        #[arg(long)]
        language: Option<String>,
        /// Only codes of this value set
        #[arg(long, value_name = "URL")]
        value_set: Option<String>,
        /// Only codes that this expression holds for
        #[arg(long, value_name = "EXPRESSION")]
        ecl: Option<String>,
        /// Only terms in force on this date
        #[arg(long)]
        date: Option<jiff::civil::Date>,
        /// Only concepts in use
        #[arg(long)]
        active: bool,
        /// How many hits
        #[arg(long, default_value_t = 20)]
        limit: i32,
    },
    /// Tell whether a code may be used on a date
    Validate {
        /// Code
        code: String,
        /// A display to hold against the designations
        #[arg(long)]
        display: Option<String>,
        /// A value set that the code must be in
        #[arg(long, value_name = "URL")]
        value_set: Option<String>,
        #[command(flatten)]
        edition: Edition,
    },
    /// List what is in a value set or an expression
    Expand {
        /// Address of the value set
        #[arg(required_unless_present = "ecl", conflicts_with = "ecl")]
        value_set: Option<String>,
        /// An expression (ECL) over --system instead
        #[arg(long, value_name = "EXPRESSION")]
        ecl: Option<String>,
        /// Only codes with a term that fits this
        #[arg(long, default_value = "")]
        filter: String,
        /// Language of displays
        #[arg(long, default_value = "")]
        language: String,
        /// Only concepts in use
        #[arg(long)]
        active: bool,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Code system of the expression
        #[arg(long, default_value = "http://snomed.info/sct", value_name = "URL")]
        system: String,
        /// Date on which editions are judged; today when left out
        #[arg(long)]
        date: Option<jiff::civil::Date>,
    },
    /// Tell where a code leads by concept maps
    Translate {
        /// Code
        code: String,
        /// Code system of the code
        #[arg(long, value_name = "URL")]
        system: String,
        /// Code system to translate to
        #[arg(long, default_value = "", value_name = "URL")]
        to: String,
        /// Only this map
        #[arg(long, default_value = "", value_name = "URL")]
        map: String,
        /// Ask what leads to the code
        #[arg(long)]
        reverse: bool,
    },
    /// Tell what became of a concept over the editions
    History {
        /// Code
        code: String,
        /// Code system
        #[arg(long, default_value = "near-care-terms", value_name = "URL")]
        system: String,
    },
    /// Tell how two codes stand to each other
    Subsumes {
        /// First code
        a: String,
        /// Second code
        b: String,
        #[command(flatten)]
        edition: Edition,
    },
}

#[derive(Debug, clap::Args)]
pub struct Edition {
    /// Code system: its address, or a short name such as icd-10-se, kka, kma, near-care-terms
    #[arg(long, default_value = "near-care-terms", value_name = "URL")]
    pub system: String,
    /// Edition; the one in force on the date when left out
    #[arg(long)]
    pub version: Option<String>,
    /// Date; today when left out
    #[arg(long)]
    pub date: Option<jiff::civil::Date>,
}

#[derive(Debug, Subcommand)]
pub enum Unit {
    /// Put care units from a file (NDJSON, one unit a line)
    Put {
        /// File; `-` for stdin
        file: PathBuf,
    },
    /// Show one with its dated versions
    Show {
        /// HSA-id
        hsa_id: String,
    },
    /// List units
    List {
        /// Only those this reporter may report for
        #[arg(long)]
        reporter: Option<String>,
    },
}

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
    /// Report records from a file (NDJSON); one outcome per line
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
    },
    /// Describe and classify records from a file (NDJSON) as they would be reported; nothing is stored
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
    },
    /// Prove offline that reported lines stand in the register
    Prove {
        /// Receipt file
        receipt: PathBuf,
        /// The file that was reported
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// Public key file of the register
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
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
        /// Kind of record
        #[arg(long, default_value = "episode", value_parser = ["episode", "contact", "monitoring-period"])]
        kind: String,
        /// The derivation to answer from; `as-reported` for what the entries hold
        #[arg(long, default_value = "")]
        derivation: String,
    },
    /// Export what the register holds, without any person's number
    Export {
        /// Only this reporter
        #[arg(long)]
        reporter: Option<String>,
        /// The derivation to answer from; `as-reported` for what the entries hold
        #[arg(long, default_value = "")]
        derivation: String,
    },
    /// List what is held: by unit and what is missing, with owner and age
    Worklist(worklist::Held),
    /// Supply one fact for many held records at once
    Supply(worklist::Supply),
    /// Rank the combinations of facts that no rule gives a value for
    Unmatched(worklist::Unmatched),
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

#[derive(Debug, Subcommand)]
pub enum Indicator {
    /// List the library
    List,
    /// Show one entry
    Show {
        /// Id
        id: String,
    },
    /// Count
    Query {
        /// Id of a computed indicator
        #[arg(default_value = "contacts-by-group")]
        id: String,
        /// Calendar year
        #[arg(long, default_value_t = 2026)]
        year: i32,
        /// Calendar month, 1 to 12; the whole year when left out
        #[arg(long, default_value_t = 0)]
        month: i32,
        /// Only this group; may be repeated
        #[arg(long)]
        group: Vec<String>,
        /// Only this region (two digits) or kommun (four)
        #[arg(long, default_value = "")]
        place: String,
        /// Only this sex
        #[arg(long, default_value = "", value_parser = ["", "female", "male"])]
        sex: String,
        /// Only this age group
        #[arg(long, default_value = "")]
        age_group: String,
        /// Break down by
        #[arg(long, value_enum, value_delimiter = ',')]
        by: Vec<By>,
        /// The derivation to count; `as-reported` for what the entries hold
        #[arg(long, default_value = "")]
        derivation: String,
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
    },
}

/// A dimension to break down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    Region,
    Kommun,
    Sex,
    AgeGroup,
    Month,
}
