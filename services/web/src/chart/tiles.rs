//! A map of Sweden's regions made of tiles of one size, each about where its region lies: no region is small because its
//! land is, and no file of geography is needed. The value stands in the tile; how dark it is only repeats it.

use maud::{Markup, html};

use super::{Drawing, fitted, n};

/// Where regions lie, by SCB's code, column and row.
const PLACES: [(u8, u8, u8); 21] = [
    (25, 2, 0),
    (23, 1, 1),
    (24, 2, 1),
    (22, 2, 2),
    (20, 1, 2),
    (21, 2, 3),
    (17, 0, 3),
    (18, 1, 3),
    (3, 3, 3),
    (14, 0, 4),
    (19, 2, 4),
    (4, 1, 4),
    (1, 3, 4),
    (13, 0, 5),
    (6, 1, 5),
    (5, 2, 5),
    (9, 3, 5),
    (12, 0, 6),
    (7, 1, 6),
    (8, 2, 6),
    (10, 1, 7),
];
/// Height of a tile.
const HEIGHT: f64 = 50.0;
/// Between tiles.
const GAP: f64 = 4.0;
/// Columns and rows.
const COLUMNS: f64 = 4.0;
const ROWS: f64 = 8.0;

/// A region's tile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tile {
    /// SCB's code of the region.
    pub(crate) region: u8,
    /// Its name.
    pub(crate) name: String,
    /// What stands in it: the value, or the sign that there is none.
    pub(crate) text: String,
    /// How dark it is: 0 for no value, then 1 to 5.
    pub(crate) shade: u8,
    /// Where it leads.
    pub(crate) link: Option<String>,
}

/// Shades 1 to 5 by fifths of the values' spread; 0 where there is no value.
pub(crate) fn shades(values: &[Option<f64>]) -> Vec<u8> {
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let shade = |value: f64| {
        if high <= low {
            return 3;
        }
        let share = (value - low) / (high - low);
        match share {
            share if share < 0.2 => 1,
            share if share < 0.4 => 2,
            share if share < 0.6 => 3,
            share if share < 0.8 => 4,
            _ => 5,
        }
    };
    values
        .iter()
        .map(|value| value.filter(|value| value.is_finite()).map_or(0, shade))
        .collect()
}

/// The map. Regions that it does not know are left out: the table beside it has them.
pub(crate) fn draw(tiles: &[Tile], width: f64) -> Drawing {
    let tile_width = (width - GAP * (COLUMNS - 1.0)) / COLUMNS;
    let inside = html! {
        @for tile in tiles {
            @if let Some((_, column, row)) = PLACES.iter().find(|(region, _, _)| *region == tile.region) {
                @let (x, y) = (f64::from(*column) * (tile_width + GAP), f64::from(*row) * (HEIGHT + GAP));
                @match &tile.link {
                    Some(link) => a class="tile" href=(link) tabindex="-1" { (one(tile, x, y, tile_width)) },
                    None => g class="tile" { (one(tile, x, y, tile_width)) },
                }
            }
        }
    };
    Drawing {
        width,
        height: ROWS * (HEIGHT + GAP) - GAP,
        inside,
    }
}

fn one(tile: &Tile, x: f64, y: f64, width: f64) -> Markup {
    let text = format!("t{}", tile.shade.min(5));
    html! {
        rect class={ "shade " (text) } x=(n(x)) y=(n(y)) width=(n(width)) height=(n(HEIGHT)) rx="3" {}
        text class={ "in " (text) } x=(n(x + 7.0)) y=(n(y + 18.0)) { (fitted(&tile.name, (width - 10.0) * 1.12)) }
        text class={ "in number " (text) } x=(n(x + 7.0)) y=(n(y + 39.0)) { (tile.text) }
    }
}
