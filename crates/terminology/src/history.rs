//! What became of a concept over the editions of its code system.
