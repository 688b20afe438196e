//! The flags of `vardnav codesystem` and `vardnav term`: nothing but what they are called and which go together.

use std::path::PathBuf;

use clap::Subcommand;

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
