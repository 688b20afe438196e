//! The compiled form of an edition as bytes, so that it is there at once when a server starts. A cache: it is made anew
//! from the source whenever it does not fit.
