//! Deliveries: what opens and closes them, which periods they are for, and in what order the entries of a stream become
//! current.
//!
//! The records of a delivery are entries of the reporter's stream as they come, and become current together when the
//! entry that closes it stands. So which entries are current follows from the stream alone: one without a delivery is
//! from its own position on, one with a delivery from the position of the closing on that has an effect, and of a
//! delivery that is open, given up or a test never. [`Deliveries`] tells when an entry becomes current, [`step`] gives
//! the entries of a stream in that order, and whoever follows a stream or looks for what stands in it asks one of them.

mod entries;
mod order;
mod period;
mod rules;
mod standing;

pub use entries::{Closing, Counts, End, KeptNote, Opening, Window, closing_key, opening_key};
pub use order::{Place, Within, step};
pub use period::{Month, MonthError, Months, PERIODS_MAX, spans};
pub use rules::{LockException, RegisterRule, WindowError};
pub use standing::{Deliveries, Delivery};
