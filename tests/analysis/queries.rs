//! The ten worked queries over a sample register, each against a computation over the lines that the register tells.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use vardnav_tests::{Server, sample, stdout, write};

use super::{Name, Reader, private, standing};

/// Counts by what they are of, as texts.
type Counts = BTreeMap<Vec<String>, Vec<u64>>;

/// What is current.
struct Lines {
    records: BTreeMap<Name, Value>,
    /// Who a record is of, by its key in the tables: a line tells of nobody.
    persons: BTreeMap<Name, String>,
}

impl Lines {
    fn of(&self, kind: &str) -> impl Iterator<Item = (&Name, &Value)> {
        let of_kind = move |((_, is, _), _): &(&Name, &Value)| is == kind;
        self.records.iter().filter(of_kind)
    }

    /// Parts with the records that they are of.
    fn parts(&self, kind: &str) -> Vec<(&Name, &Value, &Value)> {
        let parts = self.of(kind).flat_map(|(name, line)| {
            let parts = line["derived"].as_array().unwrap().iter();
            parts.map(move |part| (name, line, part))
        });
        parts.collect()
    }

    fn all_parts(&self) -> Vec<(&Name, &Value, &Value)> {
        ["contact", "episode", "monitoring-period"]
            .map(|kind| self.parts(kind))
            .concat()
    }

    fn person(&self, name: &Name) -> String {
        self.persons[name].clone()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn day(value: &Value) -> Option<Date> {
    value.as_str().map(|text| text.parse().unwrap())
}

/// What a table of decisions gave.
fn given<'a>(part: &'a Value, table: &str) -> Vec<&'a str> {
    let values = part["tables"][table]["values"].as_array().into_iter().flatten();
    values.filter_map(Value::as_str).collect()
}

/// First and last day, which is not included, of a part's segment.
fn segment(line: &Value, part: &Value) -> (Date, Option<Date>) {
    let segment = &line["record"]["segments"][part["segment"].as_u64().unwrap() as usize];
    (day(&segment["start"]).unwrap(), day(&segment["end"]))
}

fn month(date: Date) -> String {
    date.to_string()[..7].to_owned()
}

/// Columns of a query's rows: what counts are of, and the counts.
fn counts(rows: &[Value], of: &[&str], counted: &[&str]) -> Counts {
    let rows = rows.iter().map(|row| {
        let of = of.iter().map(|name| match &row[*name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let counted = counted.iter().map(|name| row[*name].as_u64().unwrap());
        (of.collect::<Vec<_>>(), counted.collect::<Vec<_>>())
    });
    let counts: Counts = rows.clone().collect();
    assert_eq!(counts.len(), rows.count(), "a row is there twice");
    counts
}

fn reach(lines: &Lines) -> Counts {
    let mut reached: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for (name, line, part) in lines.all_parts() {
        for group in given(part, "groups")
            .into_iter()
            .filter(|_| line["residence"].is_string())
        {
            let of = vec![text(&line["residence"]), group.to_owned()];
            reached.entry(of).or_default().insert(lines.person(name));
        }
    }
    reached
        .into_iter()
        .map(|(of, persons)| (of, vec![persons.len() as u64]))
        .collect()
}

fn hospital_days(lines: &Lines) -> Counts {
    let mut days = Counts::new();
    for (_, line, part) in lines.parts("episode") {
        if given(part, "episode-form") == ["hospital-care-at-home"] {
            let (start, end) = segment(line, part);
            let mut at = start;
            while at < end.unwrap_or(Date::constant(2027, 1, 1)) {
                days.entry(vec![month(at)]).or_insert_with(|| vec![0])[0] += 1;
                at = at.tomorrow().unwrap();
            }
        }
    }
    days
}

fn at_home(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for (_, _, part) in lines.parts("contact") {
        if let Some(age) = part["facts"]["age-group"].as_str() {
            let of = counts.entry(vec![age.to_owned()]).or_insert_with(|| vec![0, 0]);
            of[0] += 1;
            of[1] += u64::from(part["facts"]["place"] == "ordinary-housing");
        }
    }
    counts
}

fn movements(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for (_, line) in lines.of("episode") {
        let parts = line["derived"].as_array().unwrap();
        let form = |part: &Value| given(part, "episode-form").first().map(|form| (*form).to_owned());
        for pair in parts.windows(2) {
            if let (Some(from), Some(to)) = (form(&pair[0]), form(&pair[1]))
                && from != to
            {
                counts.entry(vec![from, to]).or_insert_with(|| vec![0])[0] += 1;
            }
        }
    }
    counts
}

fn enrolled(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for month in 1..=12 {
        let night = Date::constant(2026, month, 15);
        for (_, line, part) in lines.parts("episode") {
            let (start, end) = segment(line, part);
            let bed = text(&part["facts"]["bed"]);
            if start < night && end.is_none_or(|end| end >= night) && !bed.is_empty() && bed != "none" {
                let of = vec![night.to_string(), bed];
                counts.entry(of).or_insert_with(|| vec![0])[0] += 1;
            }
        }
    }
    counts
}

fn three_days(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for (_, line) in lines.of("care-request") {
        let record = &line["record"];
        if ["new", "worsened"].contains(&record["problem"].as_str().unwrap_or_default()) {
            let asked = day(&record["date"]).unwrap();
            let of = vec![format!("{}-01", month(asked))];
            let of = counts.entry(of).or_insert_with(|| vec![0, 0]);
            of[0] += 1;
            of[1] += u64::from(day(&record["assessed"]).is_some_and(|met| met <= asked + 3.days()));
        }
    }
    counts
}

fn professions(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for (_, line) in lines.of("contact") {
        let record = &line["record"];
        for profession in record["professions"].as_array().into_iter().flatten() {
            let unit = record["unit"].as_str().unwrap_or("null").to_owned();
            counts
                .entry(vec![unit, text(profession)])
                .or_insert_with(|| vec![0])[0] += 1;
        }
    }
    counts
}

fn monitoring(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for number in 1..=12 {
        let first = Date::constant(2026, number, 1);
        let next = first.checked_add(1.month()).unwrap();
        for (_, line, part) in lines.parts("monitoring-period") {
            let record = &line["record"];
            let start = day(&record["start"]).unwrap();
            let is_open = start < next && day(&record["end"]).is_none_or(|end| end > first);
            if is_open && given(part, "monitoring-form") == ["remote-monitoring"] {
                let of = counts.entry(vec![month(first)]).or_insert_with(|| vec![0, 0]);
                of[0] += 1;
                if month(start) == month(first) {
                    of[1] += record["assessed_alarms"].as_u64().unwrap_or_default();
                }
            }
        }
    }
    counts
}

fn children(lines: &Lines) -> Counts {
    let mut of: BTreeMap<Vec<String>, (BTreeSet<String>, u64)> = BTreeMap::new();
    for (name, line, part) in [lines.parts("contact"), lines.parts("episode")].concat() {
        if given(part, "groups").contains(&"home-health-care-children") {
            let region = line["residence"].as_str().map_or("null", |kommun| &kommun[..2]);
            let (children, parts) = of.entry(vec![region.to_owned()]).or_default();
            children.insert(lines.person(name));
            *parts += 1;
        }
    }
    of.into_iter()
        .map(|(of, (children, parts))| (of, vec![children.len() as u64, parts]))
        .collect()
}

fn completeness(lines: &Lines) -> Counts {
    let mut counts = Counts::new();
    for ((reporter, ..), line) in lines.of("contact") {
        let date = day(&line["record"]["date"]).unwrap();
        let of = vec![reporter.clone(), format!("{}-01", month(date))];
        let of = counts.entry(of).or_insert_with(|| vec![0; 4]);
        of[0] += 1;
        of[1] += u64::from(line["outcome"] == "held");
        of[2] += u64::from(line["record"]["diagnoses"].is_null());
        of[3] += u64::from(line["residence"].is_null());
    }
    counts
}

/// Columns that a query counts by, and those that it counts.
type Columns = (&'static [&'static str], &'static [&'static str]);

const COLUMNS: [Columns; 10] = [
    (&["kommun", "group"], &["persons"]),
    (&["month"], &["days"]),
    (&["age_group"], &["contacts", "at_home"]),
    (&["from_form", "to_form"], &["movements"]),
    (&["night", "bed"], &["enrolled"]),
    (&["month"], &["requests", "within_three_days"]),
    (&["unit", "profession"], &["contacts"]),
    (&["month"], &["periods", "alarms"]),
    (&["region"], &["children", "parts"]),
    (
        &["reporter", "month"],
        &["contacts", "held", "without_diagnosis", "without_residence"],
    ),
];

const COMPUTED: [fn(&Lines) -> Counts; 10] = [
    reach,
    hospital_days,
    at_home,
    movements,
    enrolled,
    three_days,
    professions,
    monitoring,
    children,
    completeness,
];

#[test]
fn the_worked_queries_give_what_the_lines_do() {
    let Some(private) = private() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = private.url("postgres");
    let server = Server::start_with(&folder.path().join("data"), &["--analysis", &url]);
    let reader = Reader::new(&url);
    let file = write(folder.path(), "sent.ndjson", &sample(3000, 12));
    server.run(&["register", "report", "--batch", "500", &file]);
    reader.wait(&server);

    let mut persons = BTreeMap::new();
    for (kind, table) in [
        ("contact", "contact"),
        ("episode", "episode"),
        ("monitoring-period", "monitoring_period"),
        ("care-request", "care_request"),
    ] {
        for row in reader.rows(&format!(
            "SELECT reporter, id, person::text FROM analysis.{table}"
        )) {
            let name = (text(&row["reporter"]), kind.to_owned(), text(&row["id"]));
            persons.insert(name, text(&row["person"]));
        }
    }
    let lines = Lines {
        records: standing(&server),
        persons,
    };

    let printed = stdout(&vardnav_tests::run(&["admin", "analysis", "queries"]));
    let queries: Vec<&str> = printed
        .split_inclusive(";\n")
        .filter(|query| query.contains("SELECT"))
        .collect();
    assert_eq!(queries.len(), 10);
    for (at, ((query, (of, counted)), computed)) in queries.iter().zip(COLUMNS).zip(COMPUTED).enumerate() {
        // Who analyses asks.
        reader.run("SET ROLE vardnav_analyst").unwrap();
        let rows = reader.rows(query);
        reader.run("RESET ROLE").unwrap();
        let computed = computed(&lines);
        assert!(
            !computed.is_empty(),
            "query {}: the sample has nothing of it",
            at + 1
        );
        assert_eq!(counts(&rows, of, counted), computed, "query {}", at + 1);
        for row in rows.iter().filter(|row| row.get("namn").is_some()) {
            assert_ne!(row["namn"], json!(null), "query {}: {row}", at + 1);
        }
    }
}
