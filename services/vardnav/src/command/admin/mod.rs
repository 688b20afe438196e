//! `vardnav admin`: what keeps a node whole.

mod analysis;
mod backup;
mod check;
mod copy;
mod remote;

use crate::cli;
use crate::client::Target;
use crate::command::vault;
use crate::exit::Outcome;
use crate::output::Format;

/// Runs the command.
pub(crate) async fn run(command: cli::Admin, target: &Target, format: Format) -> Outcome {
    match command {
        cli::Admin::Store(cli::Store::Check { store: Some(url) }) => check::of_database(&url, format).await,
        cli::Admin::Store(cli::Store::Check { store: None }) => match &target.data {
            Some(folder) => check::in_place(folder, format).await,
            None => check::of_server(&target.connect().await?, format).await,
        },
        cli::Admin::Analysis(command) => analysis::run(command, format).await,
        cli::Admin::Store(cli::Store::Copy(command)) => copy::run(command, target, format).await,
        cli::Admin::Store(cli::Store::Compare(command)) => copy::hold(command, format).await,
        cli::Admin::Vault(command) => vault::run(command, &target.connect().await?, format).await,
        cli::Admin::Backup { folder, keys } => backup::take(&folder, keys.as_deref(), target, format).await,
        cli::Admin::Restore { folder, keys } => {
            backup::restore(&folder, keys, target.data.as_deref(), format).await
        }
    }
}
