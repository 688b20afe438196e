//! Deliveries as messages.

use vardnav_api::vardnav::register::v1 as pb;
use vardnav_register::delivery::{Counts, Delivery, End, Window};

/// A delivery opened at a position; `so_far` are the counts of an open one, where they are known.
pub(super) fn delivery(position: u64, delivery: &Delivery, so_far: Option<Counts>) -> pb::Delivery {
    let Delivery { opening, closed } = delivery;
    let state = match closed.as_ref().map(|(_, closing)| &closing.end) {
        None => pb::DeliveryState::Open,
        Some(End::Current(_)) => pb::DeliveryState::Current,
        Some(End::Tested(_)) => pb::DeliveryState::Tested,
        Some(End::Abandoned) => pb::DeliveryState::Abandoned,
    };
    let window = match opening.window {
        Window::Primary => pb::DeliveryWindow::Primary,
        Window::Refresh => pb::DeliveryWindow::Refresh,
        Window::Exception => pb::DeliveryWindow::Exception,
    };
    let counted = closed.as_ref().and_then(|(_, closing)| closing.end.counts());
    pb::Delivery {
        reporter: opening.reporter.clone(),
        number: opening.number,
        register: opening.register.clone(),
        periods: opening.periods.iter().map(ToString::to_string).collect(),
        test: opening.test,
        window: window.into(),
        replaces: opening.replaces.clone(),
        opened_by: opening.by.clone(),
        opened_micros: opening.received,
        opened_position: position,
        state: state.into(),
        closed_by: closed
            .as_ref()
            .map(|(_, closing)| closing.by.clone())
            .unwrap_or_default(),
        closed_micros: closed.as_ref().map(|(_, closing)| closing.received),
        closed_position: closed.as_ref().map(|(position, _)| *position),
        counts: counted.or(so_far).map(counts),
    }
}

/// Counts as a message.
fn counts(counts: Counts) -> pb::DeliveryCounts {
    let Counts {
        kept,
        new,
        changed,
        gone,
    } = counts;
    pb::DeliveryCounts {
        kept,
        new,
        changed,
        gone,
    }
}

/// Counts from their message.
pub(super) fn counts_of(message: pb::DeliveryCounts) -> Counts {
    let pb::DeliveryCounts {
        kept,
        new,
        changed,
        gone,
    } = message;
    Counts {
        kept,
        new,
        changed,
        gone,
    }
}
