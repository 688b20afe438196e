//! A publication as canonical bytes, version 1. Whoever has the bytes has the figures, their names and what they mean; the
//! SHA-256 of the bytes names them.

use std::collections::{BTreeMap, BTreeSet};

use vardnav_classification::model::Label;
use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};

use super::{About, INDICATORS_MAX, Numbers, Publication, Published, ROWS_MAX, RowKey};

/// The version of the bytes that [`Publication::encode`] writes.
pub const FORMAT_VERSION: u8 = 1;

/// What the bytes begin with.
const MAGIC: &[u8; 16] = b"vardnav figures\n";
/// Most texts of a publication, each written once.
const TEXTS_MAX: usize = 1_000_000;
/// Most items of one list.
const ITEMS_MAX: usize = 10_000;
/// Most names of codes of an indicator.
const NAMES_MAX: usize = 100_000;

/// Why a publication has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicationError {
    /// It is too large, or not in order, so that its bytes would not be read again.
    #[error("the figures cannot be kept: {0}")]
    Unreadable(#[from] DecodeError),
    /// Its bytes would be read as another publication.
    #[error("the figures cannot be kept: they are not in their one form")]
    Form,
}

impl Publication {
    /// Canonical bytes that are certain to be read again as this very publication.
    ///
    /// # Errors
    /// When they would not: too many figures, a number that is none, marks or indicators that are not in order.
    pub fn sealed(&self) -> Result<Vec<u8>, PublicationError> {
        let bytes = self.encode();
        match Self::decode(&bytes)? == *self {
            true => Ok(bytes),
            false => Err(PublicationError::Form),
        }
    }

    /// Canonical bytes: every text once, rising; then the indicators with their figures, which name texts by their place.
    pub fn encode(&self) -> Vec<u8> {
        let mut texts = BTreeSet::new();
        for published in &self.indicators {
            collect(published, &mut texts);
        }
        let places: BTreeMap<&str, u64> = texts.iter().copied().zip(0..).collect();
        let mut w = Writer::with_capacity(self.rows() * 48);
        w.raw(MAGIC);
        w.u8(FORMAT_VERSION);
        w.i32(self.year.into());
        w.u32(self.min_count);
        w.varint(texts.len() as u64);
        for text in &texts {
            w.str(text);
        }
        let mut out = Out { w, places };
        out.w.varint(self.indicators.len() as u64);
        for published in &self.indicators {
            out.published(published);
        }
        out.w.into_bytes()
    }

    /// Reads canonical bytes of any version written so far.
    ///
    /// # Errors
    /// When the bytes are no publication, or not in its one form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.raw(MAGIC.len())? != MAGIC || r.u8()? != FORMAT_VERSION {
            return Err(r.error(DecodeProblem::Version));
        }
        let year = i16::try_from(r.i32()?).map_err(|_| r.error(DecodeProblem::Tag))?;
        let min_count = r.u32()?;
        let texts = r.seq(TEXTS_MAX, Reader::string)?;
        let mut input = In {
            r,
            texts,
            left: ROWS_MAX,
        };
        let count = input.r.count(INDICATORS_MAX)?;
        let mut indicators: Vec<Published> = Vec::new();
        for _ in 0..count {
            let published = input.published()?;
            if indicators
                .last()
                .is_some_and(|last| last.about.id >= published.about.id)
            {
                return Err(input.r.error(DecodeProblem::NotCanonical));
            }
            indicators.push(published);
        }
        let end = input.r.error(DecodeProblem::NotCanonical);
        input.r.finish()?;
        let publication = Self {
            year,
            min_count,
            indicators,
        };
        match publication.encode() == bytes {
            true => Ok(publication),
            false => Err(end),
        }
    }
}

/// Every text of an indicator.
fn collect<'a>(published: &'a Published, texts: &mut BTreeSet<&'a str>) {
    let About {
        id,
        core_number: _,
        label,
        plain,
        numerator,
        denominator,
        population,
        exclusions,
        unit,
        factor: _,
        direction,
        source,
        feed,
        interval,
        method_version,
        certainty,
        note,
        goals,
        variants,
        breakdowns,
        breaks,
    } = &published.about;
    for label in [
        label,
        plain,
        numerator,
        denominator,
        population,
        exclusions,
        unit,
        note,
    ] {
        texts.extend([&*label.sv, &*label.en]);
    }
    texts.extend([
        id.as_str(),
        direction,
        source,
        feed,
        interval,
        method_version,
        certainty,
    ]);
    for (id, label) in goals.iter().chain(variants).chain(breakdowns) {
        texts.extend([&**id, &*label.sv, &*label.en]);
    }
    for (_, label) in breaks {
        texts.extend([&*label.sv, &*label.en]);
    }
    for ((of, code), label) in &published.names {
        texts.extend([&**of, &**code, &*label.sv, &*label.en]);
    }
    for (key, numbers) in &published.rows {
        texts.extend(codes(key));
        texts.insert(&numbers.standing);
        texts.extend(numbers.marks.iter().map(String::as_str));
    }
}

/// The codes of a figure, in the order in which they are written.
fn codes(key: &RowKey) -> [&str; 6] {
    [
        &key.variant,
        &key.breakdown,
        &key.group,
        &key.place,
        &key.sex,
        &key.age_group,
    ]
}

/// Bytes that are written, with the places of the texts.
struct Out<'a> {
    w: Writer,
    places: BTreeMap<&'a str, u64>,
}

impl Out<'_> {
    fn text(&mut self, text: &str) {
        // Every text was collected.
        let place = self.places.get(text).copied().unwrap_or(u64::MAX);
        self.w.varint(place);
    }

    fn label(&mut self, label: &Label) {
        self.text(&label.sv);
        self.text(&label.en);
    }

    fn labelled(&mut self, items: &[(String, Label)]) {
        self.w.varint(items.len() as u64);
        for (id, label) in items {
            self.text(id);
            self.label(label);
        }
    }

    fn published(&mut self, published: &Published) {
        self.about(&published.about);
        self.w.varint(published.names.len() as u64);
        for ((of, code), label) in &published.names {
            self.text(of);
            self.text(code);
            self.label(label);
        }
        self.w.varint(published.rows.len() as u64);
        for (key, numbers) in &published.rows {
            self.row(key, numbers);
        }
    }

    fn about(&mut self, about: &About) {
        self.text(&about.id);
        self.w.u8(about.core_number);
        for label in [
            &about.label,
            &about.plain,
            &about.numerator,
            &about.denominator,
            &about.population,
            &about.exclusions,
            &about.unit,
            &about.note,
        ] {
            self.label(label);
        }
        self.w.u32(about.factor);
        for text in [
            &about.direction,
            &about.source,
            &about.feed,
            &about.interval,
            &about.method_version,
            &about.certainty,
        ] {
            self.text(text);
        }
        self.labelled(&about.goals);
        self.labelled(&about.variants);
        self.labelled(&about.breakdowns);
        self.w.varint(about.breaks.len() as u64);
        for (from, reason) in &about.breaks {
            self.w.date(*from);
            self.label(reason);
        }
    }

    fn row(&mut self, key: &RowKey, numbers: &Numbers) {
        for code in codes(key) {
            self.text(code);
        }
        self.w.i32(key.year.into());
        self.w.u8(key.month);
        self.w.u8(numbers.years);
        let w = &mut self.w;
        for count in [
            numbers.count,
            numbers.numerator,
            numbers.undecided,
            numbers.undecided_denominator,
        ] {
            w.option(count, Writer::varint);
        }
        for number in [numbers.denominator, numbers.value, numbers.low, numbers.high] {
            w.option(number, |w, number| w.u64(number.to_bits()));
        }
        self.text(&numbers.standing);
        self.w.varint(numbers.marks.len() as u64);
        for mark in &numbers.marks {
            self.text(mark);
        }
    }
}

/// Bytes that are read, with the texts that they name.
struct In<'a> {
    r: Reader<'a>,
    texts: Vec<String>,
    /// How many figures more there may be.
    left: usize,
}

impl In<'_> {
    fn text(&mut self) -> Result<String, DecodeError> {
        let place = self.r.varint()?;
        let text = usize::try_from(place)
            .ok()
            .and_then(|place| self.texts.get(place));
        text.cloned().ok_or_else(|| self.r.error(DecodeProblem::Tag))
    }

    fn label(&mut self) -> Result<Label, DecodeError> {
        Ok(Label {
            sv: self.text()?,
            en: self.text()?,
        })
    }

    fn labelled(&mut self) -> Result<Vec<(String, Label)>, DecodeError> {
        let count = self.r.count(ITEMS_MAX)?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push((self.text()?, self.label()?));
        }
        Ok(items)
    }

    fn published(&mut self) -> Result<Published, DecodeError> {
        let about = self.about()?;
        let mut names = BTreeMap::new();
        for _ in 0..self.r.count(NAMES_MAX)? {
            names.insert((self.text()?, self.text()?), self.label()?);
        }
        let count = self.r.count(self.left)?;
        self.left -= count;
        let mut rows = BTreeMap::new();
        for _ in 0..count {
            let (key, numbers) = self.row()?;
            rows.insert(key, numbers);
        }
        Ok(Published { about, names, rows })
    }

    fn about(&mut self) -> Result<About, DecodeError> {
        Ok(About {
            id: self.text()?,
            core_number: self.r.u8()?,
            label: self.label()?,
            plain: self.label()?,
            numerator: self.label()?,
            denominator: self.label()?,
            population: self.label()?,
            exclusions: self.label()?,
            unit: self.label()?,
            note: self.label()?,
            factor: self.r.u32()?,
            direction: self.text()?,
            source: self.text()?,
            feed: self.text()?,
            interval: self.text()?,
            method_version: self.text()?,
            certainty: self.text()?,
            goals: self.labelled()?,
            variants: self.labelled()?,
            breakdowns: self.labelled()?,
            breaks: {
                let count = self.r.count(ITEMS_MAX)?;
                let mut breaks = Vec::new();
                for _ in 0..count {
                    breaks.push((self.r.date()?, self.label()?));
                }
                breaks
            },
        })
    }

    fn row(&mut self) -> Result<(RowKey, Numbers), DecodeError> {
        let mut key = RowKey {
            variant: self.text()?,
            breakdown: self.text()?,
            group: self.text()?,
            place: self.text()?,
            sex: self.text()?,
            age_group: self.text()?,
            ..RowKey::default()
        };
        let r = &mut self.r;
        key.year = i16::try_from(r.i32()?).map_err(|_| r.error(DecodeProblem::Tag))?;
        key.month = r.u8()?;
        let years = r.u8()?;
        let mut counts = [None; 4];
        for count in &mut counts {
            *count = r.option(Reader::varint)?;
        }
        let mut numbers = [None; 4];
        for number in &mut numbers {
            *number = r.option(number_of)?;
        }
        let [count, numerator, undecided, undecided_denominator] = counts;
        let [denominator, value, low, high] = numbers;
        let standing = self.text()?;
        let mut marks: Vec<String> = Vec::new();
        for _ in 0..self.r.count(ITEMS_MAX)? {
            let mark = self.text()?;
            if marks.last().is_some_and(|last| *last >= mark) {
                return Err(self.r.error(DecodeProblem::NotCanonical));
            }
            marks.push(mark);
        }
        let numbers = Numbers {
            count,
            numerator,
            denominator,
            value,
            low,
            high,
            undecided,
            undecided_denominator,
            years,
            standing,
            marks,
        };
        Ok((key, numbers))
    }
}

/// A number that is one: no infinity, no zero below zero.
fn number_of(r: &mut Reader<'_>) -> Result<f64, DecodeError> {
    let bits = r.u64()?;
    let number = f64::from_bits(bits);
    match number.is_finite() && bits != (-0.0_f64).to_bits() {
        true => Ok(number),
        false => Err(r.error(DecodeProblem::Tag)),
    }
}
