//! The flags of `vardnav release`: nothing but what they are called and which go together.

use std::path::PathBuf;

use clap::Subcommand;

use crate::command::release::impact;

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
        /// Take the name as the id of a draft, even where a folder is called so
        #[arg(long)]
        draft: bool,
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
        #[arg(value_name = "CALLER", requires = "identity")]
        account: Option<String>,
        /// The person
        #[arg(long, requires = "account")]
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
