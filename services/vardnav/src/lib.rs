//! What the binary is made of: the command line, the client it speaks through, the node it serves, the
//! demonstration, the measurements and the sample.

pub mod cli;
pub mod client;
pub mod exit;
pub mod output;
pub mod sample;
pub mod server;

mod bench;
mod command;
mod copy;
mod demo;
mod explain;
mod follow;
mod loader;
mod page;
mod place;
mod serve;
mod starter;
mod sync;
mod upload;

use cli::{Cli, Command};
use exit::{Failure, Outcome};

/// Runs a command to its end.
pub fn run(cli: Cli) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let _telemetry = vardnav_runtime::telemetry::start().map_err(Failure::failed)?;
        dispatch(cli).await
    });
    // Blocking reads of a terminal's stdin never end by themselves.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(cli: Cli) -> Outcome {
    let Cli {
        target,
        output,
        command,
    } = cli;
    if let Some(folder) = &target.data
        && !makes_store(&command)
    {
        place::find(folder)?;
    }
    match command {
        Command::Serve(serve) => serve::run(serve, &target, output).await,
        Command::Demo(demo) => demo::run(demo, output).await,
        Command::Bench(bench) => bench::run(bench, output).await,
        Command::Classify(classify) => command::classify::run(classify, output, &target).await,
        Command::Conform(conform) => command::conform::run(conform, &target.connect().await?, output).await,
        Command::Release(release) => match command::release::offline(&release, output) {
            Some(outcome) => outcome,
            None => command::release::run(release, &target.connect().await?, output).await,
        },
        Command::Codesystem(cli::Codesystem::Synthetic { to, concepts, seed }) => {
            command::codesystem::synthetic(&to, concepts, seed)
        }
        Command::Codesystem(system) => {
            command::codesystem::run(system, &target.connect().await?, output).await
        }
        Command::Term(term) => command::term::run(term, &target.connect().await?, output).await,
        Command::Unit(unit) => command::unit::run(unit, &target.connect().await?, output).await,
        Command::Register(register) => command::register::run(register, &target, output).await,
        Command::Indicator(indicator) => {
            command::indicator::run(indicator, &target.connect().await?, output).await
        }
        Command::Admin(admin) => command::admin::run(admin, &target, output).await,
        Command::Heads(heads) => command::heads::run(heads, &target, output).await,
        Command::Sync(sync) => sync::run(sync, &target, output).await,
        Command::Explain { code, list: _ } => explain::run(code.as_deref(), output),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "vardnav", &mut script);
            Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
        }
    }
}

/// Whether a command may begin a store where there is none: one that puts something into it, or serves it. Those that
/// take no store ask for none.
fn makes_store(command: &Command) -> bool {
    match command {
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Bench(_)
        | Command::Sync(_)
        | Command::Admin(cli::Admin::Restore { .. })
        | Command::Explain { .. }
        | Command::Completion { .. }
        | Command::Codesystem(cli::Codesystem::Import { .. } | cli::Codesystem::Synthetic { .. })
        | Command::Release(cli::Release::Draft { .. })
        | Command::Unit(cli::Unit::Put { .. }) => true,
        Command::Classify(classify) => classify.offline,
        Command::Register(register) => matches!(
            register,
            cli::Register::Sample { .. }
                | cli::Register::Prove { .. }
                | cli::Register::Report { .. }
                | cli::Register::Reporter { id: Some(_), .. }
                | cli::Register::Map(cli::Map::Put { .. })
        ),
        Command::Release(_)
        | Command::Admin(_)
        | Command::Conform(_)
        | Command::Codesystem(_)
        | Command::Term(_)
        | Command::Unit(_)
        | Command::Heads(_)
        | Command::Indicator(_) => false,
    }
}
