//! Value sets: what is in them, and whether a code is, without listing them.
