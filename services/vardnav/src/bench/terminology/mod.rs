//! Terminology at two sizes: ICD-10-SE from its official files when they are at hand (`VARDNAV_DATA`), and a made-up
//! terminology in Release Format 2 as large as SNOMED CT. Import and start are measured on processes of their own;
//! questions in process, over gRPC beside an empty call, and streamed beside an echo.

mod in_process;
mod over_grpc;
mod process;
mod subject;

use std::path::PathBuf;

use super::Figure;
use crate::exit::Outcome;
use crate::output;
use subject::Subject;

/// Where the official files lie when `VARDNAV_DATA` does not say.
const DATA_DEFAULT: &str = "../shared/data";

/// Measures both; the made-up terminology with so many concepts, 0 to leave it out.
pub(crate) async fn measure(concepts: u32) -> Outcome<Vec<Figure>> {
    let folder = PathBuf::from(std::env::var_os("VARDNAV_DATA").unwrap_or_else(|| DATA_DEFAULT.into()));
    let official = folder.join("icd-10-se-2021");
    let place = tempfile::tempdir()?;
    let mut figures = Vec::new();
    if official.is_dir() {
        figures.extend(of(Subject::icd(official), &place.path().join("icd")).await?);
    } else {
        output::say("  the official files of ICD-10-SE are not at hand");
    }
    if concepts > 0 {
        let rf2 = place.path().join("rf2");
        output::say(format_args!("  writing a terminology of {concepts} concepts"));
        crate::command::codesystem::synthetic(&rf2, concepts, 1)?;
        figures.extend(of(Subject::synthetic(rf2), &place.path().join("sct")).await?);
    }
    Ok(figures)
}

async fn of(subject: Subject, data: &std::path::Path) -> Outcome<Vec<Figure>> {
    output::say(format_args!("  {}: import and start", subject.name));
    let mut figures = process::measure(&subject, data)?;
    let loaded = subject.load(data).await?;
    output::say(format_args!(
        "  {}: {} concepts, in process",
        subject.name,
        loaded.edition().len()
    ));
    figures.extend(in_process::measure(&loaded)?);
    output::say(format_args!("  {}: over gRPC", subject.name));
    figures.extend(over_grpc::measure(&loaded).await?);
    Ok(figures)
}
