//! Concept maps: where a code of one code system leads in another, and back.
