//! The tables of a synthetic edition, each from the outline and the seed.

use std::io;

use super::super::ids;
use super::super::sctid::{self, Kind};
use super::metadata::{PRODUCT, STRENGTH};
use super::outline::{self, Node, Outline};
use super::output::{Output, Sink};
use super::random::Random;
use super::{NAMESPACE, SyntheticOptions, words};

const CONCEPTS: &str = "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId";
const DESCRIPTIONS: &str =
    "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId";
const RELATIONSHIPS: &str = "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId";
const CONCRETE_VALUES: &str = "id\teffectiveTime\tactive\tmoduleId\tsourceId\tvalue\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId";
const MEMBERS: &str = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId";

/// Item number of the first concrete value: beyond those of all other relationships.
const CONCRETE_ITEM: u64 = 80_000_000;

/// Attributes in a group.
const GROUP: usize = 3;

/// Writes the tables.
pub(super) struct Writer<'s, 'k> {
    options: SyntheticOptions,
    outline: &'s Outline,
    module: u64,
    sink: &'s mut Sink<'k>,
}

/// A designation.
struct Described {
    id: u64,
    swedish: bool,
    kind: u64,
    preferred: bool,
    term: String,
}

impl<'s, 'k> Writer<'s, 'k> {
    pub(super) fn new(options: &SyntheticOptions, outline: &'s Outline, sink: &'s mut Sink<'k>) -> Self {
        Self {
            options: *options,
            outline,
            module: outline::module(),
            sink,
        }
    }

    pub(super) fn write(mut self) -> io::Result<()> {
        self.concepts()?;
        for swedish in [false, true] {
            self.descriptions(swedish)?;
            self.languages(swedish)?;
        }
        self.definitions()?;
        self.relationships()?;
        self.concrete_values()?;
        self.simple_sets()?;
        self.map()?;
        self.associations()?;
        self.module_dependencies()
    }

    /// A table, by folder and the name before and after the release type.
    fn table(&mut self, folder: &str, before: &str, after: &str, header: &str) -> Output<'_, 'k> {
        let release = if self.options.full { "Full" } else { "Snapshot" };
        let date = self.options.date;
        let path = format!("{release}/{folder}/{before}{release}{after}_XX{NAMESPACE}_{date}.txt");
        let history = self
            .options
            .full
            .then(|| Random::of(self.options.seed, 9, path.len() as u64));
        Output::new(path, header, history, self.sink)
    }

    fn random(&self, stream: u64, item: usize) -> Random {
        Random::of(self.options.seed, stream, item as u64)
    }

    fn concepts(&mut self) -> io::Result<()> {
        let (outline, seed) = (self.outline, self.options.seed);
        let mut table = self.table("Terminology", "sct2_Concept_", "", CONCEPTS);
        for (at, node) in outline.nodes.iter().enumerate() {
            let mut random = Random::of(seed, 2, at as u64);
            let module = outline.module(at);
            let status = if node
                .hierarchy()
                .is_some_and(|hierarchy| !hierarchy.attributes.is_empty())
                && random.percent(40)
            {
                ids::DEFINED
            } else {
                ids::PRIMITIVE
            };
            table.row(
                node.id,
                &date(&mut random),
                !node.inactive,
                format_args!("{module}\t{status}"),
            )?;
        }
        table.finish()
    }

    fn descriptions(&mut self, swedish: bool) -> io::Result<()> {
        let (this, language) = (self.copied(), if swedish { "sv" } else { "en" });
        let mut table = self.table(
            "Terminology",
            "sct2_Description_",
            &format!("-{language}"),
            DESCRIPTIONS,
        );
        for (at, node) in this.outline.nodes.iter().enumerate() {
            let module = this.outline.module(at);
            for (number, one) in this
                .described(at, node)
                .iter()
                .enumerate()
                .filter(|(_, one)| one.swedish == swedish)
            {
                let mut random = Random::of(this.options.seed, 3, one.id);
                let Described { id, kind, term, .. } = one;
                let concept = node.id;
                let significance = ids::CASE_INSENSITIVE;
                // The third of a concept's synonyms is no longer used now and then.
                let active = number < 3 || !random.percent(5);
                table.row(
                    id,
                    &date(&mut random),
                    active,
                    format_args!("{module}\t{concept}\t{language}\t{kind}\t{term}\t{significance}"),
                )?;
            }
        }
        table.finish()
    }

    fn languages(&mut self, swedish: bool) -> io::Result<()> {
        let (this, language) = (self.copied(), if swedish { "sv" } else { "en" });
        let header = format!("{MEMBERS}\tacceptabilityId");
        let mut table = self.table(
            "Refset/Language",
            "der2_cRefset_Language",
            &format!("-{language}"),
            &header,
        );
        let dialects: &[u64] = if swedish {
            &[ids::SWEDISH]
        } else {
            &[ids::US_ENGLISH, ids::GB_ENGLISH]
        };
        for (at, node) in this.outline.nodes.iter().enumerate() {
            let module = this.outline.module(at);
            for one in this
                .described(at, node)
                .iter()
                .filter(|one| one.swedish == swedish)
            {
                let mut random = Random::of(this.options.seed, 4, one.id);
                let acceptability = if one.preferred {
                    ids::PREFERRED
                } else {
                    ids::ACCEPTABLE
                };
                for dialect in dialects {
                    let (uuid, id) = (random.uuid(), one.id);
                    table.row(
                        uuid,
                        &date(&mut random),
                        true,
                        format_args!("{module}\t{dialect}\t{id}\t{acceptability}"),
                    )?;
                }
            }
        }
        table.finish()
    }

    fn definitions(&mut self) -> io::Result<()> {
        let this = self.copied();
        let mut table = self.table("Terminology", "sct2_TextDefinition_", "-en", DESCRIPTIONS);
        let first = this.first_designation(this.outline.nodes.len());
        for (at, node) in this
            .outline
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 100 == 99)
        {
            let mut random = this.random(5, at);
            let (module, concept) = (this.outline.module(at), node.id);
            let id = sctid::of_extension(first + at as u64, NAMESPACE, Kind::Description);
            let (kind, significance) = (ids::DEFINITION, ids::CASE_INSENSITIVE);
            let (one, other) = (words::english(&mut random), words::english(&mut random));
            table.row(
                id,
                &date(&mut random),
                true,
                format_args!("{module}\t{concept}\ten\t{kind}\t{one}, without {other}.\t{significance}"),
            )?;
        }
        table.finish()
    }

    fn relationships(&mut self) -> io::Result<()> {
        let this = self.copied();
        let mut table = self.table("Terminology", "sct2_Relationship_", "", RELATIONSHIPS);
        let (mut item, attributes) = (0, this.attributes());
        let mut described = 0;
        let (inferred, some, is_a) = (ids::INFERRED, ids::SOME, ids::IS_A);
        for (at, node) in this
            .outline
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.inactive)
        {
            let mut random = this.random(6, at);
            let (module, source) = (this.outline.module(at), node.id);
            let mut row = |random: &mut Random, value: u64, group: usize, kind: u64| {
                item += 1;
                let id = sctid::of_extension(item, NAMESPACE, Kind::Relationship);
                table.row(
                    id,
                    &date(random),
                    true,
                    format_args!("{module}\t{source}\t{value}\t{group}\t{kind}\t{inferred}\t{some}"),
                )
            };
            for parent in node
                .parents()
                .iter()
                .filter_map(|parent| this.outline.nodes.get(*parent as usize))
            {
                row(&mut random, parent.id, 0, is_a)?;
            }
            let Some(hierarchy) = node
                .hierarchy()
                .filter(|hierarchy| !hierarchy.attributes.is_empty())
            else {
                continue;
            };
            let count = attributes.share(described);
            described += 1;
            for (number, (kind, top)) in hierarchy.attributes.iter().cycle().take(count).enumerate() {
                let value = this.outline.value(*top, &mut random);
                row(&mut random, value, 1 + number / GROUP, *kind)?;
            }
        }
        table.finish()
    }

    fn concrete_values(&mut self) -> io::Result<()> {
        let this = self.copied();
        let first = CONCRETE_ITEM;
        let mut table = self.table(
            "Terminology",
            "sct2_RelationshipConcreteValues_",
            "",
            CONCRETE_VALUES,
        );
        for (at, node) in this
            .outline
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| has_strength(node))
        {
            let mut random = this.random(7, at);
            let (module, source) = (this.outline.module(at), node.id);
            let id = sctid::of_extension(first + at as u64, NAMESPACE, Kind::Relationship);
            let strength = 1 + random.below(400);
            let fraction = if random.percent(20) { ".5" } else { "" };
            let (inferred, some) = (ids::INFERRED, ids::SOME);
            table.row(
                id,
                &date(&mut random),
                true,
                format_args!("{module}\t{source}\t#{strength}{fraction}\t1\t{STRENGTH}\t{inferred}\t{some}"),
            )?;
        }
        table.finish()
    }

    fn simple_sets(&mut self) -> io::Result<()> {
        let this = self.copied();
        let [every_tenth, some] = outline::simple_sets();
        let mut table = self.table("Refset/Content", "der2_Refset_Simple", "", MEMBERS);
        for (at, node) in this
            .outline
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.inactive)
        {
            let mut random = this.random(8, at);
            let (module, id) = (this.module, node.id);
            for (set, holds) in [(every_tenth, at % 10 == 0), (some, random.percent(1))] {
                if holds {
                    table.row(
                        random.uuid(),
                        &date(&mut random),
                        true,
                        format_args!("{module}\t{set}\t{id}"),
                    )?;
                }
            }
        }
        table.finish()
    }

    fn map(&mut self) -> io::Result<()> {
        let this = self.copied();
        let header = format!("{MEMBERS}\tmapTarget");
        let mut table = self.table("Refset/Map", "der2_sRefset_SimpleMap", "", &header);
        let set = outline::simple_map();
        for (at, node) in this
            .outline
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, node)| !node.inactive && at % 5 == 1)
        {
            let mut random = this.random(10, at);
            let (module, id) = (this.module, node.id);
            let letter = char::from(b'A' + random.below(26) as u8);
            let (number, place) = (random.below(100), random.below(10));
            table.row(
                random.uuid(),
                &date(&mut random),
                true,
                format_args!("{module}\t{set}\t{id}\t{letter}{number:02}.{place}"),
            )?;
        }
        table.finish()
    }

    fn associations(&mut self) -> io::Result<()> {
        let this = self.copied();
        let header = format!("{MEMBERS}\ttargetComponentId");
        let mut table = self.table("Refset/Content", "der2_cRefset_Association", "", &header);
        for (at, node) in this
            .outline
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.inactive)
        {
            let mut random = this.random(11, at);
            let (module, id) = (this.module, node.id);
            let sets = [ids::SAME_AS, ids::REPLACED_BY, ids::POSSIBLY_EQUIVALENT_TO];
            let set = random.one_of(&sets).copied().unwrap_or(ids::SAME_AS);
            let target = this.outline.replacement(node, &mut random);
            table.row(
                random.uuid(),
                &date(&mut random),
                true,
                format_args!("{module}\t{set}\t{id}\t{target}"),
            )?;
        }
        table.finish()
    }

    fn module_dependencies(&mut self) -> io::Result<()> {
        let mut random = self.random(12, 0);
        let (own, day) = (self.module, self.options.date);
        let header = format!("{MEMBERS}\tsourceEffectiveTime\ttargetEffectiveTime");
        let mut table = self.table("Refset/Metadata", "der2_ssRefset_ModuleDependency", "", &header);
        let set = ids::MODULE_DEPENDENCY;
        for (module, on) in [
            (ids::CORE_MODULE, ids::MODEL_MODULE),
            (own, ids::CORE_MODULE),
            (own, ids::MODEL_MODULE),
        ] {
            table.row(
                random.uuid(),
                &day.to_string(),
                true,
                format_args!("{module}\t{set}\t{on}\t{day}\t{day}"),
            )?;
        }
        table.finish()
    }

    /// What the tables are made from, apart from where they go.
    fn copied(&self) -> Content<'s> {
        Content {
            options: self.options,
            outline: self.outline,
            module: self.module,
        }
    }
}

/// What the tables are made from.
#[derive(Clone, Copy)]
struct Content<'s> {
    options: SyntheticOptions,
    outline: &'s Outline,
    module: u64,
}

impl Content<'_> {
    fn random(&self, stream: u64, item: usize) -> Random {
        Random::of(self.options.seed, stream, item as u64)
    }

    /// How many designations the concepts before one have.
    fn first_designation(&self, concept: usize) -> u64 {
        let concepts = self.outline.nodes.len() as u64;
        let all = u64::from(self.options.designations).max(2 * concepts);
        concept as u64 * all / concepts.max(1)
    }

    /// The designations of a concept: its full name and preferred term in English, its preferred term in Swedish, then
    /// further synonyms.
    fn described(&self, at: usize, node: &Node) -> Vec<Described> {
        let (first, end) = (self.first_designation(at), self.first_designation(at + 1));
        let mut random = self.random(13, at);
        let (term, swedish, tag) = match (self.outline.known.get(at), node.hierarchy()) {
            (Some(known), _) => (known.term.to_owned(), known.swedish.to_owned(), known.tag),
            (None, hierarchy) => (
                words::english(&mut random),
                words::swedish(&mut random),
                hierarchy.map_or("finding", |hierarchy| hierarchy.tag),
            ),
        };
        let name = format!("{term} ({tag})");
        let described = |(number, item): (usize, u64)| {
            let (swedish, term) = match number {
                0 => (false, name.clone()),
                1 => (false, term.clone()),
                2 => (true, swedish.clone()),
                _ if random.percent(50) => (true, words::swedish(&mut random)),
                _ => (false, words::english(&mut random)),
            };
            Described {
                id: sctid::of_extension(item + 1, NAMESPACE, Kind::Description),
                swedish,
                kind: if number == 0 {
                    ids::FULLY_SPECIFIED_NAME
                } else {
                    ids::SYNONYM
                },
                preferred: number < 3,
                term,
            }
        };
        (first..end).enumerate().map(described).collect()
    }

    /// How many attributes there are, and among how many concepts they are parted.
    fn attributes(&self) -> Shares {
        let active = || self.outline.nodes.iter().filter(|node| !node.inactive);
        let is_a: usize = active().map(|node| node.parents().len()).sum();
        let concrete = active().filter(|node| has_strength(node)).count();
        let among = active()
            .filter(|node| {
                node.hierarchy()
                    .is_some_and(|hierarchy| !hierarchy.attributes.is_empty())
            })
            .count();
        Shares {
            all: (self.options.relationships as usize).saturating_sub(is_a + concrete),
            among,
        }
    }
}

/// So many things, parted evenly.
#[derive(Debug, Clone, Copy)]
struct Shares {
    all: usize,
    among: usize,
}

impl Shares {
    fn share(self, at: usize) -> usize {
        let before = |at: usize| at * self.all / self.among.max(1);
        before(at + 1) - before(at)
    }
}

fn has_strength(node: &Node) -> bool {
    !node.inactive && node.hierarchy().is_some_and(|hierarchy| hierarchy.top == PRODUCT)
}

/// A date between 2002 and 2025 on which editions came out.
fn date(random: &mut Random) -> String {
    let month = if random.percent(50) { "0131" } else { "0731" };
    format!("{}{month}", 2002 + random.below(24))
}
