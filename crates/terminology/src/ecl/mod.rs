//! SNOMED CT's Expression Constraint Language 2.2: sets of concepts by what holds of them.
