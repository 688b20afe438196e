//! How a figure has moved since the last period that it may be held against.

use vardnav_indicators::answer::FigureRow;
use vardnav_indicators::definition::{Direction, Indicator};

use crate::analysis::board::{Board, limits, value};
use crate::analysis::panel::period;

/// How a figure has moved since the last period that it may be held against, and whether that is for the better.
pub(crate) struct Moved {
    /// In words.
    pub(crate) words: String,
    /// Whether it is better; `None` where that cannot be said.
    pub(crate) better: Option<bool>,
}

/// How the last of some figures stands to the one before it.
pub(crate) fn moved(board: &Board<'_>, indicator: &Indicator, rows: &[FigureRow]) -> Option<Moved> {
    let mut told = rows.iter().rev().filter(|row| value(row).is_some());
    let (last, before) = (told.next()?, told.next()?);
    let since = period(board, before);
    let no = |words: String| Some(Moved { words, better: None });
    if last.variant != before.variant || !board.breaks(indicator, before.year, last.year).is_empty() {
        return no(format!(
            "{} {since}",
            board.say("går inte att jämföra med", "cannot be compared with")
        ));
    }
    if let (Some((low, high)), Some((earlier_low, earlier_high))) = (limits(last), limits(before))
        && low <= earlier_high
        && earlier_low <= high
    {
        return no(format!(
            "{} {since}",
            board.say("ingen säker skillnad mot", "no certain difference from")
        ));
    }
    let difference = value(last)? - value(before)?;
    if difference == 0.0 {
        return no(format!("{} {since}", board.say("som", "as in")));
    }
    let amount = board.number(indicator, difference.abs()).replace("\u{a0}%", "");
    let way = if difference > 0.0 {
        board.say("upp", "up")
    } else {
        board.say("ner", "down")
    };
    let better = match indicator.direction {
        Direction::Higher => Some(difference > 0.0),
        Direction::Lower => Some(difference < 0.0),
        Direction::None => None,
    };
    let judged = match better {
        Some(true) => board.say(", bättre", ", better"),
        Some(false) => board.say(", sämre", ", worse"),
        None => "",
    };
    Some(Moved {
        words: format!("{way} {amount} {} {since}{judged}", board.say("sedan", "since")),
        better,
    })
}
