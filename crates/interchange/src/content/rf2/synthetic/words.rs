//! Words of the synthetic terms: put together from short lists, so that they read like clinical words and mean nothing.

use super::random::Random;

const ENGLISH_ADJECTIVES: [&str; 24] = [
    "acute",
    "chronic",
    "left",
    "right",
    "upper",
    "lower",
    "congenital",
    "acquired",
    "recurrent",
    "severe",
    "mild",
    "primary",
    "secondary",
    "partial",
    "complete",
    "lateral",
    "medial",
    "anterior",
    "posterior",
    "deep",
    "superficial",
    "benign",
    "diffuse",
    "focal",
];
const ENGLISH_STEMS: [&str; 32] = [
    "cardi", "hepat", "nephr", "gastr", "derm", "neur", "oste", "arthr", "my", "angi", "ot", "rhin",
    "laryng", "bronch", "pneum", "col", "cyst", "aden", "lymph", "hem", "phleb", "chondr", "tend",
    "ophthalm", "kerat", "gloss", "stomat", "enter", "splen", "thyr", "mast", "spondyl",
];
const ENGLISH_MIDDLES: [&str; 24] = [
    "o", "oper", "olob", "ofibr", "ovas", "ocapsul", "omembran", "oduct", "onod", "osin", "oval", "otub",
    "ocort", "omedull", "oretin", "oplas", "omorph", "okin", "otrop", "oscler", "ospasm", "ogland",
    "oseptal", "omarg",
];
const ENGLISH_ENDINGS: [&str; 16] = [
    "itis", "osis", "pathy", "algia", "oma", "ectomy", "plasty", "scopy", "tomy", "gram", "rrhage",
    "stenosis", "ectasia", "metry", "lysis", "ation",
];
const ENGLISH_PARTS: [&str; 20] = [
    "knee", "hip", "shoulder", "hand", "foot", "ear", "eye", "neck", "chest", "back", "forearm", "thigh",
    "jaw", "skin", "bowel", "heart", "lung", "kidney", "liver", "brain",
];
const SWEDISH_ADJECTIVES: [&str; 20] = [
    "akut",
    "kronisk",
    "höger",
    "vänster",
    "övre",
    "nedre",
    "medfödd",
    "förvärvad",
    "återkommande",
    "svår",
    "lätt",
    "primär",
    "sekundär",
    "partiell",
    "fullständig",
    "yttre",
    "inre",
    "främre",
    "bakre",
    "ytlig",
];
const SWEDISH_STEMS: [&str; 36] = [
    "hjärt",
    "lung",
    "njur",
    "lever",
    "ögon",
    "öron",
    "käk",
    "bröst",
    "hud",
    "rygg",
    "knä",
    "höft",
    "fot",
    "hals",
    "näs",
    "mag",
    "tarm",
    "blod",
    "kärl",
    "nerv",
    "muskel",
    "sköld",
    "gall",
    "urin",
    "blås",
    "led",
    "ben",
    "hand",
    "arm",
    "tå",
    "hjärn",
    "mun",
    "tand",
    "bäcken",
    "läpp",
    "fostersäcks",
];
const SWEDISH_MIDDLES: [&str; 24] = [
    "",
    "vävnads",
    "hinne",
    "klaff",
    "rörs",
    "väggs",
    "gångs",
    "säcks",
    "kapsel",
    "körtel",
    "knöls",
    "fäste",
    "brosk",
    "ända",
    "ytte",
    "höjd",
    "spets",
    "botten",
    "sträng",
    "båg",
    "skåls",
    "öppnings",
    "lobs",
    "åder",
];
const SWEDISH_ENDINGS: [&str; 20] = [
    "inflammation",
    "sjukdom",
    "skada",
    "smärta",
    "svullnad",
    "förträngning",
    "bråck",
    "blödning",
    "förändring",
    "undersökning",
    "mätning",
    "operation",
    "behandling",
    "prov",
    "förlamning",
    "utvidgning",
    "rörelse",
    "påverkan",
    "åkomma",
    "läkning",
];
const SWEDISH_PARTS: [&str; 16] = [
    "knäet",
    "höften",
    "axeln",
    "handen",
    "foten",
    "örat",
    "ögat",
    "halsen",
    "bröstkorgen",
    "ryggen",
    "underarmen",
    "låret",
    "käken",
    "huden",
    "tarmen",
    "hjärtat",
];

/// A term in English, beginning with a capital letter.
pub(super) fn english(random: &mut Random) -> String {
    let head = word(random, &[&ENGLISH_STEMS, &ENGLISH_MIDDLES, &ENGLISH_ENDINGS]);
    term(
        random,
        head,
        [&ENGLISH_ADJECTIVES, &ENGLISH_PARTS],
        [" of ", " due to ", " with "],
        |random| word(random, &[&ENGLISH_STEMS, &ENGLISH_MIDDLES, &ENGLISH_ENDINGS]),
    )
}

/// A term in Swedish, beginning with a small letter.
pub(super) fn swedish(random: &mut Random) -> String {
    let head = word(random, &[&SWEDISH_STEMS, &SWEDISH_MIDDLES, &SWEDISH_ENDINGS]);
    let term = term(
        random,
        head,
        [&SWEDISH_ADJECTIVES, &SWEDISH_PARTS],
        [" i ", " efter ", " med "],
        |random| word(random, &[&SWEDISH_STEMS, &SWEDISH_MIDDLES, &SWEDISH_ENDINGS]),
    );
    term.to_lowercase()
}

fn term(
    random: &mut Random,
    head: String,
    [adjectives, parts]: [&[&str]; 2],
    [of, due, with]: [&str; 3],
    other: impl Fn(&mut Random) -> String,
) -> String {
    let adjective = if random.percent(60) {
        word(random, &[adjectives]) + " "
    } else {
        String::new()
    };
    let rest = match random.below(5) {
        0 => String::new(),
        1 | 2 => of.to_owned() + &word(random, &[parts]),
        3 => due.to_owned() + &other(random),
        _ => with.to_owned() + &word(random, &[adjectives]) + " " + &other(random),
    };
    capitalised(&(adjective + &head + &rest))
}

/// A word of one part of each list; those that stand first in a list are used more often.
fn word(random: &mut Random, lists: &[&[&str]]) -> String {
    lists
        .iter()
        .filter_map(|list| list.get(random.low_below(list.len())))
        .copied()
        .collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
