//! The `vardnav` command: parse, run, exit. Everything else is in the library beside it.

use std::process::ExitCode;

use clap::Parser as _;
use vardnav::cli::Cli;
use vardnav::exit::Failure;

/// Answers are many small strings, made on one thread and dropped on another; this allocator serves those without a
/// lock that all threads share.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match vardnav::run(Cli::parse()) {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            vardnav::output::say(format_args!("vardnav: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}
