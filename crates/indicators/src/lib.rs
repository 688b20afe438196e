//! Indicators: what a release says about them ([`definition`], [`measure`]), the engine that counts it ([`engine`]), whom
//! they are about ([`population`], [`grouping`]), what is uploaded as it was published ([`series`]), the counts they are
//! made of ([`cube`], [`counting`], [`lattice`]), which of those may be shown ([`disclosure`]), how sure a figure is
//! ([`statistics`]), how they are asked for ([`query`]) and answered ([`answer`]), how a year of them is published
//! ([`publication`]), and what another release would do to them ([`impact`]).
//!
//! Pure: no store, clock, network or file. Persons are not known here, only counts.

pub mod answer;
pub mod counting;
pub mod cube;
pub mod definition;
pub mod disclosure;
pub mod engine;
pub mod figure;
pub mod grouping;
pub mod impact;
pub mod lattice;
pub mod measure;
pub mod population;
pub mod publication;
pub mod query;
pub mod series;
pub mod statistics;

pub use answer::{Answered, FigureRow, Mark, Question};
pub use counting::{CellKey, Counting, Subject};
pub use cube::{Cell, Cube, Residence};
pub use disclosure::Decision;
pub use lattice::{Frame, Lattice, Place};
pub use query::{Answer, Figure, Period, Query, QueryError};
