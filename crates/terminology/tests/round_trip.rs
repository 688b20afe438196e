//! An edition gives back the code system that it was compiled from.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod support;

use proptest::prelude::*;
use support::{Dice, code_system};
use vardnav_terminology::Edition;

fn compiled(source: vardnav_terminology::model::CodeSystem) -> Edition {
    Edition::compile(source).unwrap_or_else(|problems| panic!("{problems:?}"))
}

proptest! {
    #[test]
    fn the_source_comes_back(dice in prop::collection::vec(any::<u8>(), 0..400)) {
        let source = code_system(&mut Dice::new(&dice));
        let edition = compiled(source.clone());
        let back = edition.to_source();
        prop_assert_eq!(&back, &source);
        prop_assert_eq!(compiled(back).to_source(), source);
    }
}
