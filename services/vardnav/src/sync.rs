//! `vardnav sync`: a copy of what another server publishes, to work without it. Only what is not there yet is fetched,
//! by its digest; steps that were taken are not taken again.

use std::sync::Arc;

use crate::cli;
use crate::client::Target;
use crate::copy::Copy;
use crate::exit::{Failure, Outcome};
use crate::follow::{Event, Follower, row};
use crate::output::{self, Format};
use crate::server::Node;

/// Runs the command.
pub(crate) async fn run(command: cli::Sync, target: &Target, format: Format) -> Outcome {
    let folder = target
        .data
        .clone()
        .ok_or_else(|| Failure::Usage("name the folder of the copy with --data".into()))?;
    if !command.follow {
        // Before a folder is made.
        let client = Target {
            data: None,
            ..target.clone()
        };
        drop(client.connect().await?);
    }
    let node = Node::open_empty(&folder).await?;
    let copy = Copy::open(&folder, &target.server, &node.authority)?;
    let follower = Follower::new(copy, target, Arc::clone(&node.authority));
    if command.follow {
        return Err(follower.follow(tell).await);
    }
    let (mut taken, mut fetched) = (Vec::new(), 0);
    follower
        .once(|event| {
            if let Event::Taken { answer, bytes } = event {
                fetched += bytes;
                taken.extend(row(answer, bytes));
            }
            Ok(())
        })
        .await?;
    output::say(format_args!("fetched {fetched} bytes"));
    output::rows(format, &["position", "kind", "name", "version", "bytes"], &taken)
}

/// Each step as a line of its own; what is wrong to people.
fn tell(event: Event<'_>) -> Outcome {
    match event {
        Event::Taken { answer, bytes } => match row(answer, bytes) {
            Some(row) => output::line(&mut std::io::stdout().lock(), &row),
            None => Ok(()),
        },
        Event::Current => Ok(()),
        Event::Away { failure, pause } => {
            output::say(format_args!(
                "{failure}; trying again in {:.1} s",
                pause.as_secs_f64()
            ));
            Ok(())
        }
    }
}
