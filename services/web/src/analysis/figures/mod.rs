//! The figures of one indicator: the panels that answer what an address asks for. A page has all of them, a file is made
//! of one.

mod asked;
mod drawing;
mod groups;
mod moved;
mod periods;
mod places;

use vardnav_indicators::Place;
use vardnav_indicators::answer::FigureRow;

pub(crate) use self::asked::{Asked, further};
pub(crate) use self::moved::moved;
use super::board::{Board, is_whole};
use super::panel::Panel;

/// Names of panels, in the addresses of their files; those of a breakdown have its id.
const OVER_TIME: &str = "tid";
const MONTHS: &str = "manader";
const REGIONS: &str = "regioner";
const MAP: &str = "karta";
const KOMMUNER: &str = "kommuner";
const PERSONS: &str = "kon-alder";
const VARIANTS: &str = "satt";

/// All panels of what is asked for, in the order of the page.
pub(crate) fn panels(board: &Board<'_>, asked: &Asked<'_>) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    panels.extend(periods::over_time(board, asked));
    panels.extend(periods::months(board, asked));
    let whole = whole(board, asked);
    if let Some(Some(whole)) = &whole {
        panels.extend(places::by_region(board, asked, whole));
        panels.extend(places::kommuner(board, asked, whole));
        panels.extend(groups::persons(board, asked, whole));
    }
    if let Some(whole) = &whole {
        let broken_down = |id| groups::broken_down(board, asked, id, whole.as_ref());
        panels.extend(breakdowns(asked).filter_map(broken_down));
    }
    panels.extend(groups::variants(board, asked));
    panels
}

/// One of those panels, by its name; the others are not made.
pub(crate) fn panel(board: &Board<'_>, asked: &Asked<'_>, name: &str) -> Option<Panel> {
    let of_whole = || whole(board, asked)?;
    match name {
        OVER_TIME => periods::over_time(board, asked),
        MONTHS => periods::months(board, asked),
        REGIONS | MAP => {
            let mut panels = places::by_region(board, asked, &of_whole()?).into_iter();
            panels.find(|panel| panel.id == name)
        }
        KOMMUNER => places::kommuner(board, asked, &of_whole()?),
        PERSONS => groups::persons(board, asked, &of_whole()?),
        VARIANTS => groups::variants(board, asked),
        _ => {
            let id = breakdowns(asked).find(|id| *id == name)?;
            groups::broken_down(board, asked, id, whole(board, asked)?.as_ref())
        }
    }
}

/// The figure of the whole country in the year, where an answer has one; `None` where nothing is answered.
fn whole(board: &Board<'_>, asked: &Asked<'_>) -> Option<Option<FigureRow>> {
    let question = board.question(asked.variant, Place::Country, asked.year);
    let country = board.ask(asked.indicator, &question)?;
    let mut rows = country.rows.iter();
    Some(rows.find(|row| is_whole(row, Place::Country)).cloned())
}

/// The breakdowns that are shown: those that stand side by side, and the one that was chosen.
fn breakdowns<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = &'a str> {
    let side_by_side = &asked.indicator.side_by_side;
    let chosen = asked.by.iter().filter(|id| !side_by_side.contains(id));
    side_by_side.iter().chain(chosen).map(String::as_str)
}
