//! An edition gives back the code system that it was compiled from, and its image gives back the edition.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod support;

use proptest::prelude::*;
use support::{Dice, code, code_system};
use vardnav_terminology::image::ImageError;
use vardnav_terminology::model::CodeSystem;
use vardnav_terminology::{Edition, SearchQuery};

fn compiled(source: CodeSystem) -> Edition {
    Edition::compile(source).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn image(edition: &Edition) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sink = |piece: &[u8]| -> Result<(), ()> {
        bytes.extend_from_slice(piece);
        Ok(())
    };
    edition.write_image(&mut sink).unwrap();
    bytes
}

fn read(mut bytes: &[u8]) -> Result<Edition, ImageError<()>> {
    Edition::read_image(&mut |piece| {
        let (taken, rest) = bytes.split_at_checked(piece.len()).ok_or(())?;
        piece.copy_from_slice(taken);
        bytes = rest;
        Ok(())
    })
}

/// What an edition answers to questions of every kind.
fn answers(edition: &Edition) -> String {
    use std::fmt::Write as _;
    let mut answers = format!("{:?}", edition.to_source());
    let asked: Vec<String> = (0..9)
        .flat_map(|number| [code(number), code(number).to_lowercase()])
        .collect();
    for a in &asked {
        let found = edition.find(a);
        write!(
            answers,
            "{found:?} {:?} ",
            found.map(|found| edition.descendants(found))
        )
        .unwrap();
        for b in &asked {
            write!(answers, "{:?} ", edition.subsumes_codes(a, b)).unwrap();
        }
    }
    for text in ["svik", "hö", "hemsjukvard", "i5", "hälso"] {
        for hit in edition.search(&SearchQuery {
            text,
            limit: 5,
            ..SearchQuery::default()
        }) {
            write!(answers, "{:?} {:?} ", hit.concept, hit.designation).unwrap();
        }
    }
    answers
}

#[test]
fn an_image_cut_anywhere_is_refused() {
    let bytes = image(&compiled(code_system(&mut Dice::new(&[3; 400]))));
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(
        read(b"not an image, but long enough to be one").unwrap_err(),
        ImageError::Version
    );
}

proptest! {
    #[test]
    fn an_image_answers_as_its_edition(dice in prop::collection::vec(any::<u8>(), 0..400)) {
        let edition = compiled(code_system(&mut Dice::new(&dice)));
        let bytes = image(&edition);
        let back = read(&bytes).unwrap();
        prop_assert_eq!(answers(&back), answers(&edition));
        prop_assert_eq!(image(&back), bytes);
    }

    #[test]
    fn any_changed_byte_is_found(
        dice in prop::collection::vec(any::<u8>(), 0..400),
        places in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 40),
    ) {
        let bytes = image(&compiled(code_system(&mut Dice::new(&dice))));
        for (place, change) in places {
            let mut changed = bytes.clone();
            *place.get_mut(&mut changed) ^= change;
            prop_assert!(read(&changed).is_err());
        }
    }

    #[test]
    fn the_source_comes_back(dice in prop::collection::vec(any::<u8>(), 0..400)) {
        let source = code_system(&mut Dice::new(&dice));
        let edition = compiled(source.clone());
        let back = edition.to_source();
        prop_assert_eq!(&back, &source);
        prop_assert_eq!(compiled(back).to_source(), source);
    }
}
