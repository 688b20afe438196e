//! What a yearly report says: the whole first, then each indicator for the country, its regions and kommuner, for whom, and
//! what it rests on. All words about indicators are the release's; nothing is computed here but which figure is the
//! highest, the lowest, and whether two can be told apart by their intervals.

use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::query_indicator_response::Row;

use super::chart::{Course, Dots};
use super::document::{Block, Document, Picture, Table};
use super::told::{Places, Told, dot, number, sv};
use super::words;
use crate::cli::publication::Purpose;
use crate::command::hex;

/// How many kommuner are named at each end.
const ENDS: usize = 5;
/// Most values of a breakdown that are told.
const VALUES_MAX: usize = 20;

/// The report of a publication.
pub(super) fn document(
    publication: &pb::Publication,
    min_count: u32,
    indicators: &[Told],
    purpose: Purpose,
) -> Document {
    let year = publication.year;
    let (core, own): (Vec<&Told>, Vec<&Told>) =
        indicators.iter().partition(|told| told.indicator.core_number > 0);
    let mut core = core;
    core.sort_by_key(|told| told.indicator.core_number);
    let ordered: Vec<&Told> = core.iter().chain(&own).copied().collect();

    let mut blocks = Vec::new();
    if indicators.iter().any(Told::is_made_up) {
        let text = "Dokumentet innehåller påhittade uppgifter och beskriver inte verkligheten.";
        blocks.push(Block::Warning(text.to_owned()));
    }
    blocks.push(Block::Text(preamble(publication, purpose)));
    revision(publication, indicators, &mut blocks);
    in_brief(&ordered, year, &mut blocks);
    goals(&ordered, &mut blocks);
    match purpose {
        Purpose::FollowUp => {
            for told in &ordered {
                indicator(told, year, &mut blocks);
            }
        }
        Purpose::Summary => apart(&ordered, &mut blocks),
    }
    missing(&ordered, &mut blocks);
    foundation(publication, min_count, &ordered, &mut blocks);
    let title = match purpose {
        Purpose::FollowUp => format!("Omställningen till en god och nära vård: uppföljning av {year}"),
        Purpose::Summary => format!("Nära vård {year} i sammandrag"),
    };
    Document {
        title,
        subtitle: cited(publication),
        blocks,
    }
}

/// The publication as it is cited.
fn cited(publication: &pb::Publication) -> String {
    let state = match publication.state.as_str() {
        "final" => "slutliga uppgifter",
        _ => "preliminära uppgifter",
    };
    format!(
        "{}. Vårdnav, publicering {}, {}, {state}.",
        sv(&publication.title),
        publication.id,
        date(publication)
    )
}

fn date(publication: &pb::Publication) -> String {
    let date = publication.date.unwrap_or_default();
    words::date(date.year, date.month, date.day)
}

fn preamble(publication: &pb::Publication, purpose: Purpose) -> String {
    let rest = format!(
        "Uppgifterna är de som visades den {} och ändras inte. Alla definitioner står i release {}.",
        date(publication),
        publication.release
    );
    match purpose {
        Purpose::FollowUp => format!(
            "Underlag till delredovisningen den 30 augusti av uppdraget att följa upp omställningen till en god och nära \
             vård: utvecklingen i landet, i regioner och i kommuner. {rest}"
        ),
        Purpose::Summary => format!(
            "Underlag till delredovisningen den 31 mars av uppdraget att främja och stödja omställningen till en god och \
             nära vård: läget i landet, och var regionerna skiljer sig åt. {rest}"
        ),
    }
}

/// What changed since the publication before.
fn revision(publication: &pb::Publication, indicators: &[Told], blocks: &mut Vec<Block>) {
    if !publication.revised_by.is_empty() {
        let text = format!(
            "Publiceringen är ersatt av {}. Använd den, om du inte just vill veta vad som gällde förut.",
            publication.revised_by
        );
        blocks.push(Block::Warning(text));
    }
    if publication.revises.is_empty() {
        return;
    }
    heading(blocks, "revidering", "Vad som har ändrats");
    blocks.push(Block::Text(format!(
        "Publiceringen ersätter {}. {} tal är andra än förut och markerade som reviderade. Skälet: {}",
        publication.revises,
        words::count(publication.revised),
        publication.note
    )));
    let rows: Vec<Vec<String>> = indicators
        .iter()
        .filter(|told| told.revised() > 0)
        .map(|told| vec![told.heading(), words::count(told.revised())])
        .collect();
    if !rows.is_empty() {
        blocks.push(table("Reviderade tal", &["Indikator", "Antal"], rows));
    }
}

/// All indicators in a table: the country's figure beside the year before, and how far the regions lie apart.
fn in_brief(ordered: &[&Told], year: i32, blocks: &mut Vec<Block>) {
    heading(blocks, "korthet", "Läget i korthet");
    let mut rows = Vec::new();
    for told in ordered {
        let Some(variant) = told.variants().first().copied() else {
            continue;
        };
        let Some(row) = told.whole(variant, year) else {
            continue;
        };
        let decimals = told.decimals(variant);
        rows.push(vec![
            told.heading(),
            words::of_unit(&told.value(row, decimals), sv(&told.indicator.unit)),
            told.interval(row, decimals),
            course(told, variant, year, row),
            spread(told, variant, decimals),
        ]);
    }
    let columns = [
        "Indikator",
        "Hela landet",
        "95 % intervall",
        "Mot året före",
        "Regioner, lägst–högst",
    ];
    blocks.push(table(&format!("Indikatorerna {year}"), &columns, rows));
    let text = "Två tal som inte kan skiljas åt kan ändå vara olika: intervallet säger hur mycket slumpen kan betyda, \
                inte hur väl uppgifterna täcker det de handlar om.";
    blocks.push(Block::Small(text.to_owned()));
}

/// How a figure stands to that of the year before.
fn course(told: &Told, variant: &str, year: i32, now: &Row) -> String {
    let starts = format!("{year:04}-");
    if told
        .indicator
        .breaks
        .iter()
        .any(|broken| broken.from.starts_with(&starts))
    {
        return "kan inte jämföras".to_owned();
    }
    let before = told.whole(variant, year - 1);
    let Some((before, now)) = before.and_then(dot).zip(dot(now)) else {
        return "–".to_owned();
    };
    let is_higher = match before.limits.zip(now.limits) {
        Some(((_, high), (low, _))) if low > high => true,
        Some(((low, _), (_, high))) if high < low => false,
        Some(_) => return "ingen säker skillnad".to_owned(),
        None => return "intervall saknas".to_owned(),
    };
    let better = match told.indicator.direction.as_str() {
        "higher" => Some(is_higher),
        "lower" => Some(!is_higher),
        _ => None,
    };
    let word = if is_higher { "högre" } else { "lägre" };
    match better {
        Some(true) => format!("{word} (bättre)"),
        Some(false) => format!("{word} (sämre)"),
        None => word.to_owned(),
    }
}

/// The lowest and the highest figure of a region.
fn spread(told: &Told, variant: &str, decimals: usize) -> String {
    let regions = told.of_places(variant, Places::Regions);
    let values: Vec<f64> = regions.into_iter().filter_map(number).collect();
    match (values.last(), values.first()) {
        (Some(lowest), Some(highest)) if values.len() > 1 => {
            let (lowest, highest) = (
                words::decimal(*lowest, decimals),
                words::decimal(*highest, decimals),
            );
            format!("{lowest}–{highest}")
        }
        _ => "–".to_owned(),
    }
}

/// Which indicators tell of which goal.
fn goals(ordered: &[&Told], blocks: &mut Vec<Block>) {
    let mut goals: Vec<(&str, Vec<String>)> = Vec::new();
    for told in ordered {
        let name = match told.indicator.core_number {
            0 => sv(&told.indicator.label).to_owned(),
            number => format!("kärnindikator {number}"),
        };
        for goal in &told.indicator.goals {
            match goals.iter_mut().find(|(known, _)| *known == sv(&goal.label)) {
                Some((_, names)) => names.push(name.clone()),
                None => goals.push((sv(&goal.label), vec![name.clone()])),
            }
        }
    }
    if goals.is_empty() {
        return;
    }
    heading(blocks, "mal", "Indikatorerna och målen");
    let rows = goals
        .into_iter()
        .map(|(goal, names)| vec![words::capital(goal), names.join(", ")]);
    blocks.push(table(
        "Mål och vad som säger något om dem",
        &["Mål", "Indikatorer"],
        rows.collect(),
    ));
}

/// An indicator in full.
fn indicator(told: &Told, year: i32, blocks: &mut Vec<Block>) {
    let variants = told.variants();
    let Some(first) = variants.first().copied() else {
        return;
    };
    heading(blocks, &told.indicator.id, &told.heading());
    blocks.push(Block::Text(sv(&told.indicator.plain).to_owned()));
    for variant in &variants {
        if let Some(row) = told.whole(variant, year) {
            blocks.push(Block::Text(sentence(
                told,
                variant,
                year,
                row,
                variants.len() > 1,
            )));
        }
    }
    over_years(told, first, blocks);
    of_regions(told, first, year, blocks);
    of_kommuner(told, first, blocks);
    let people = told.of_people(first);
    figures(told, first, "Kön och ålder, hela landet", "Grupp", people, blocks);
    for (id, label) in told.breakdowns() {
        let variant = if told.of_values(first, &id).is_empty() {
            ""
        } else {
            first
        };
        let values: Vec<_> = told
            .of_values(variant, &id)
            .into_iter()
            .take(VALUES_MAX)
            .collect();
        let caption = format!("{}, hela landet", words::capital(&label));
        figures(told, variant, &caption, &words::capital(&label), values, blocks);
    }
    blocks.push(Block::Small(definition(told)));
}

/// The country's figure in a sentence.
fn sentence(told: &Told, variant: &str, year: i32, row: &Row, is_one_of_several: bool) -> String {
    let decimals = told.decimals(variant);
    let value = words::of_unit(&told.value(row, decimals), sv(&told.indicator.unit));
    let interval = match told.interval(row, decimals) {
        interval if interval.is_empty() => String::new(),
        interval => format!(" (95 % intervall {interval})"),
    };
    let of = match row.numerator.filter(|_| row.count.is_none()).zip(row.denominator) {
        Some((numerator, denominator)) if row.value.is_some() => {
            let denominator = words::decimal(denominator, 0);
            format!(": {} av {denominator}", words::count(numerator))
        }
        _ => String::new(),
    };
    let undecided = match row.undecided.filter(|count| *count > 0) {
        Some(count) => format!(" För {} saknas uppgift.", words::count(count)),
        None => String::new(),
    };
    let label = told.variant_label(variant);
    let which = match is_one_of_several && !label.is_empty() {
        true => format!(", {label}"),
        false => String::new(),
    };
    let marks = match told.marks(row) {
        marks if marks.is_empty() => String::new(),
        marks => format!(" ({marks})"),
    };
    format!("Hela landet {year}{which}: {value}{interval}{of}{marks}.{undecided}")
}

/// The course over years, where there are several.
fn over_years(told: &Told, variant: &str, blocks: &mut Vec<Block>) {
    let years = told.years(variant);
    let (Some((first, _)), Some((last, _))) = (years.first(), years.last()) else {
        return;
    };
    if years.len() < 2 {
        return;
    }
    let decimals = told.decimals(variant);
    let drawn = Course {
        years: (*first..=*last)
            .map(|year| {
                let known = years.iter().find(|(known, _)| *known == year);
                (year, known.and_then(|(_, row)| dot(row)))
            })
            .collect(),
        unit: sv(&told.indicator.unit).to_owned(),
        decimals,
    };
    let title = format!(
        "{}. Hela landet {first}–{last}, med 95 % intervall.",
        told.heading()
    );
    blocks.push(picture(format!("{}-years", told.indicator.id), title, drawn));
    let rows = years
        .iter()
        .map(|(year, row)| cells(told, year.to_string(), row, decimals));
    let rows = rows.collect();
    blocks.push(table("Hela landet, år för år", &columns("År"), rows));
}

/// The regions: drawn, then in a table.
fn of_regions(told: &Told, variant: &str, year: i32, blocks: &mut Vec<Block>) {
    let regions = told.of_places(variant, Places::Regions);
    if !regions.iter().any(|row| number(row).is_some()) {
        return;
    }
    let decimals = told.decimals(variant);
    let whole = told.whole(variant, year).filter(|row| row.count.is_none());
    let drawn = Dots {
        rows: regions
            .iter()
            .map(|row| (told.name("place", &row.place).to_owned(), dot(row)))
            .collect(),
        whole: whole
            .and_then(number)
            .map(|value| (value, "hela landet".to_owned())),
        unit: sv(&told.indicator.unit).to_owned(),
        decimals,
    };
    let title = format!("{}. Regioner {year}, med 95 % intervall.", told.heading());
    blocks.push(picture(format!("{}-regions", told.indicator.id), title, drawn));
    let rows = regions
        .iter()
        .map(|row| cells(told, told.name("place", &row.place).to_owned(), row, decimals));
    let rows = rows.collect();
    blocks.push(table(&format!("Regioner {year}"), &columns("Region"), rows));
}

/// The kommuner: how many are told, and both ends.
fn of_kommuner(told: &Told, variant: &str, blocks: &mut Vec<Block>) {
    let kommuner = told.of_places(variant, Places::Kommuner);
    let all = kommuner.len();
    let shown: Vec<&Row> = kommuner.into_iter().filter(|row| number(row).is_some()).collect();
    if shown.is_empty() {
        return;
    }
    blocks.push(Block::Text(format!(
        "Av {all} kommuner visas {}; för de andra är det för få uppgifter eller inga. Alla tal finns i publiceringen.",
        shown.len()
    )));
    let decimals = told.decimals(variant);
    let row = |row: &&Row| cells(told, told.name("place", &row.place).to_owned(), row, decimals);
    let (caption, rows): (&str, Vec<_>) = match shown.len() > 2 * ENDS {
        true => {
            let highest = shown.iter().take(ENDS);
            let lowest = shown.iter().skip(shown.len() - ENDS);
            (
                "Kommuner, de fem högsta och de fem lägsta talen",
                highest.chain(lowest).map(row).collect(),
            )
        }
        false => ("Kommuner", shown.iter().map(row).collect()),
    };
    blocks.push(table(caption, &columns("Kommun"), rows));
}

/// Figures of groups in a table; nothing where none is told.
fn figures(
    told: &Told,
    variant: &str,
    caption: &str,
    of: &str,
    rows: Vec<(String, &Row)>,
    blocks: &mut Vec<Block>,
) {
    if !rows.iter().any(|(_, row)| number(row).is_some()) {
        return;
    }
    let decimals = told.decimals(variant);
    let rows = rows
        .into_iter()
        .map(|(name, row)| cells(told, name, row, decimals));
    let rows = rows.collect();
    blocks.push(table(caption, &columns(of), rows));
}

/// What an indicator counts, of whom, and from where.
fn definition(told: &Told) -> String {
    let indicator = &told.indicator;
    let parts = [
        ("Täljare", sv(&indicator.numerator)),
        ("Nämnare", sv(&indicator.denominator)),
        ("Avser", sv(&indicator.population)),
        ("Undantag", sv(&indicator.exclusions)),
        ("Källa", &indicator.source),
        ("Underlag", &told.note),
        ("Metodversion", &indicator.method_version),
    ];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let mut text: Vec<String> = parts.map(|(name, text)| format!("{name}: {text}.")).collect();
    for broken in &indicator.breaks {
        text.push(format!("Serien bryts {}: {}.", broken.from, sv(&broken.reason)));
    }
    text.join(" ")
}

/// Where the regions lie furthest apart, as far as intervals tell.
fn apart(ordered: &[&Told], blocks: &mut Vec<Block>) {
    heading(blocks, "skillnader", "Var regionerna skiljer sig åt");
    let mut rows = Vec::new();
    for told in ordered {
        let Some(variant) = told.variants().first().copied() else {
            continue;
        };
        let regions = told.of_places(variant, Places::Regions);
        let whole = told.whole(variant, told.year).and_then(number);
        let Some(whole) = whole else { continue };
        let limits = regions.iter().filter_map(|row| Some((*row, dot(row)?.limits?)));
        let limits: Vec<_> = limits.collect();
        let names = |rows: Vec<&Row>| {
            let names: Vec<&str> = rows.iter().map(|row| told.name("place", &row.place)).collect();
            match names.is_empty() {
                true => "–".to_owned(),
                false => names.join(", "),
            }
        };
        let above = limits
            .iter()
            .filter(|(_, (low, _))| *low > whole)
            .map(|(row, _)| *row)
            .collect::<Vec<_>>();
        let below = limits
            .iter()
            .filter(|(_, (_, high))| *high < whole)
            .map(|(row, _)| *row)
            .collect::<Vec<_>>();
        if !above.is_empty() || !below.is_empty() {
            rows.push(vec![told.heading(), names(above), names(below)]);
        }
    }
    if rows.is_empty() {
        blocks.push(Block::Text("Ingen region kan skiljas från landet.".to_owned()));
        return;
    }
    let text = "Regioner vars intervall inte omfattar landets värde. Bland många jämförelser skiljer sig några av slump: \
                ungefär en av tjugo.";
    blocks.push(Block::Text(text.to_owned()));
    let columns = ["Indikator", "Över landet", "Under landet"];
    blocks.push(table("Regioner som kan skiljas från landet", &columns, rows));
}

/// Indicators of which nothing is told.
fn missing(ordered: &[&Told], blocks: &mut Vec<Block>) {
    let missing = ordered.iter().filter(|told| told.variants().is_empty());
    let items: Vec<String> = missing
        .map(|told| {
            let why = match told.indicator.feed.as_str() {
                "uploaded" => "ingen serie är inläst för året",
                "linked" => "länkas in från ett annat register, och inget är inläst för året",
                _ => "för få uppgifter, eller inga",
            };
            format!("{}: {why}.", told.heading())
        })
        .collect();
    if !items.is_empty() {
        heading(blocks, "saknas", "Det som saknas");
        blocks.push(Block::List(items));
    }
}

/// What the figures rest on, and how they are cited.
fn foundation(publication: &pb::Publication, min_count: u32, ordered: &[&Told], blocks: &mut Vec<Block>) {
    heading(blocks, "underlag", "Underlag, källor och metod");
    blocks.push(Block::Text(format!(
        "{} poster från {} uppgiftslämnare är räknade. Tal under {min_count} visas inte, och inte heller det som skulle röja \
         dem. Intervallen omfattar 95 procent: så mycket kan slumpen betyda. Vad som saknar uppgift räknas varken in eller \
         bort, utan redovisas för sig.",
        words::count(publication.entries),
        publication.reporters
    )));
    let head = publication.head.clone().unwrap_or_default();
    let rows = [
        ("Publicering", publication.id.clone()),
        ("Dag", date(publication)),
        ("Release", publication.release.clone()),
        ("Härledning", publication.derivation.clone()),
        (
            "Nationellt huvud",
            format!("{} över {} strömmar", head.number, head.streams),
        ),
        ("Huvudets rot", hex(&head.root)),
        ("Innehållets SHA-256", hex(&publication.digest)),
    ];
    let rows = rows.into_iter().map(|(name, text)| vec![name.to_owned(), text]);
    blocks.push(table(
        "Vad publiceringen vilar på",
        &["Uppgift", "Värde"],
        rows.collect(),
    ));
    let mut sources: Vec<&str> = ordered
        .iter()
        .map(|told| told.indicator.source.as_str())
        .collect();
    sources.sort_unstable();
    sources.dedup();
    sources.retain(|source| !source.is_empty());
    blocks.push(Block::Heading(3, "kallor".to_owned(), "Källor".to_owned()));
    blocks.push(Block::List(sources.into_iter().map(words::capital).collect()));
    blocks.push(Block::Heading(
        3,
        "citera".to_owned(),
        "Så anges källan".to_owned(),
    ));
    blocks.push(Block::Text(cited(publication)));
}

/// The columns of a table of figures whose first one names this.
fn columns(of: &str) -> [&str; 6] {
    [of, "Värde", "95 % intervall", "Täljare", "Nämnare", "Anmärkning"]
}

/// A figure as the cells of its row.
fn cells(told: &Told, name: String, row: &Row, decimals: usize) -> Vec<String> {
    let numerator = row.numerator.map(words::count).unwrap_or_default();
    let denominator = row
        .denominator
        .map(|count| words::decimal(count, 0))
        .unwrap_or_default();
    vec![
        name,
        told.value(row, decimals),
        told.interval(row, decimals),
        numerator,
        denominator,
        told.marks(row),
    ]
}

fn heading(blocks: &mut Vec<Block>, id: &str, text: &str) {
    blocks.push(Block::Heading(2, id.to_owned(), text.to_owned()));
}

/// A table without the columns in which nothing stands.
fn table(caption: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Block {
    let says = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        at == 0 || cells.any(|cell| !cell.is_empty())
    };
    let kept: Vec<usize> = (0..columns.len()).filter(|at| says(*at)).collect();
    let row = |row: &Vec<String>| -> Vec<String> {
        let cells = kept.iter().filter_map(|at| row.get(*at));
        cells.cloned().collect()
    };
    Block::Table(Table {
        caption: caption.to_owned(),
        columns: kept
            .iter()
            .filter_map(|at| columns.get(*at))
            .map(|column| (*column).to_owned())
            .collect(),
        rows: rows.iter().map(row).collect(),
    })
}

fn picture(name: String, title: String, drawn: impl super::chart::Drawn + 'static) -> Block {
    Block::Picture(Picture {
        name,
        title,
        drawn: Box::new(drawn),
    })
}
