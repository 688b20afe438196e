//! Who reports and for which care units. The organisations bear the names of regions and kommuner so that the
//! sample reads well; their numbers are made up.

use jiff::civil::Date;
use vardnav_register::record::{Fact, Principal, Principals, Responsibility};
use vardnav_register::unit::{About, Beds, CareUnit, DAY_MINUTES, Opening, Staff, UnitVersion};

use super::person::check_digit;

/// What kind of reporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfficeKind {
    Region,
    Kommun,
    /// A body that region and kommun run together.
    Joint,
    /// A private provider of digital care for the whole country.
    Digital,
    /// A private provider of care at home in one region.
    HomeProvider,
}

/// A reporter.
#[derive(Debug, Clone)]
pub(super) struct Office {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: OfficeKind,
    /// Region it works in.
    pub(super) region: u16,
    /// Kommun it works in, for kommuner and joint bodies.
    pub(super) kommun: Option<u16>,
    /// Its organisation number.
    pub(super) number: String,
}

impl Office {
    /// HSA-id of one of its units.
    pub(super) fn unit(&self, suffix: &str) -> String {
        format!("SE{}-{suffix}", self.number)
    }
}

/// All reporters.
pub(super) struct Directory {
    offices: Vec<Office>,
}

const REGIONS: [(u16, &str, &str); 21] = [
    (1, "region-stockholm", "Region Stockholm"),
    (3, "region-uppsala", "Region Uppsala"),
    (4, "region-sormland", "Region Sörmland"),
    (5, "region-ostergotland", "Region Östergötland"),
    (6, "region-jonkoping", "Region Jönköpings län"),
    (7, "region-kronoberg", "Region Kronoberg"),
    (8, "region-kalmar", "Region Kalmar län"),
    (9, "region-gotland", "Region Gotland"),
    (10, "region-blekinge", "Region Blekinge"),
    (12, "region-skane", "Region Skåne"),
    (13, "region-halland", "Region Halland"),
    (14, "region-vastra-gotaland", "Västra Götalandsregionen"),
    (17, "region-varmland", "Region Värmland"),
    (18, "region-orebro", "Region Örebro län"),
    (19, "region-vastmanland", "Region Västmanland"),
    (20, "region-dalarna", "Region Dalarna"),
    (21, "region-gavleborg", "Region Gävleborg"),
    (22, "region-vasternorrland", "Region Västernorrland"),
    (23, "region-jamtland-harjedalen", "Region Jämtland Härjedalen"),
    (24, "region-vasterbotten", "Region Västerbotten"),
    (25, "region-norrbotten", "Region Norrbotten"),
];

const KOMMUNER: [(u16, &str, &str); 15] = [
    (380, "kommun-uppsala", "Uppsala kommun"),
    (484, "kommun-eskilstuna", "Eskilstuna kommun"),
    (580, "kommun-linkoping", "Linköpings kommun"),
    (680, "kommun-jonkoping", "Jönköpings kommun"),
    (780, "kommun-vaxjo", "Växjö kommun"),
    (1280, "kommun-malmo", "Malmö kommun"),
    (1290, "kommun-kristianstad", "Kristianstads kommun"),
    (1380, "kommun-halmstad", "Halmstads kommun"),
    (1480, "kommun-goteborg", "Göteborgs kommun"),
    (1490, "kommun-boras", "Borås kommun"),
    (1880, "kommun-orebro", "Örebro kommun"),
    (1980, "kommun-vasteras", "Västerås kommun"),
    (2080, "kommun-falun", "Falu kommun"),
    (2480, "kommun-umea", "Umeå kommun"),
    (2580, "kommun-lulea", "Luleå kommun"),
];

/// Norrtälje, where region and kommun run care together.
pub(super) const JOINT_KOMMUN: u16 = 188;

/// Stockholm, the region that kept home health care itself.
pub(super) const STOCKHOLM: u16 = 1;

impl Directory {
    pub(super) fn new() -> Self {
        let mut offices = Vec::new();
        let mut add = |id: &str, name: &str, kind, region, kommun| {
            let nine = format!("229900{:03}", offices.len() + 1);
            let number = format!("{nine}{}", check_digit(&nine));
            offices.push(Office {
                id: id.into(),
                name: name.into(),
                kind,
                region,
                kommun,
                number,
            });
        };
        for (code, id, name) in REGIONS {
            add(id, name, OfficeKind::Region, code, None);
        }
        for (code, id, name) in KOMMUNER {
            add(id, name, OfficeKind::Kommun, code / 100, Some(code));
        }
        add(
            "norrtalje-joint",
            "Norrtälje, gemensam vård",
            OfficeKind::Joint,
            STOCKHOLM,
            Some(JOINT_KOMMUN),
        );
        add(
            "nara-hemvard-ab",
            "Nära Hemvård AB (påhittat)",
            OfficeKind::HomeProvider,
            STOCKHOLM,
            None,
        );
        add(
            "skarmvard-ab",
            "Skärmvård AB (påhittat)",
            OfficeKind::Digital,
            STOCKHOLM,
            None,
        );
        Self { offices }
    }

    pub(super) fn offices(&self) -> &[Office] {
        &self.offices
    }

    /// The first reporter that fits.
    pub(super) fn find(&self, fits: impl Fn(&Office) -> bool) -> Option<&Office> {
        self.offices.iter().find(|office| fits(office))
    }

    /// All care units.
    pub(super) fn units(&self) -> Vec<CareUnit> {
        self.offices
            .iter()
            .flat_map(|office| UNITS.iter().filter_map(|unit| unit.of(office)))
            .collect()
    }
}

/// A kind of unit that reporters of some kinds have.
struct Template {
    suffix: &'static str,
    kind: &'static str,
    name: &'static str,
    held_by: &'static [OfficeKind],
    facts: &'static [(&'static str, &'static str)],
    beds: Option<(&'static str, u32)>,
    hours: &'static str,
}

const OWN: [OfficeKind; 2] = [OfficeKind::Region, OfficeKind::Joint];
const ALWAYS: &str = "dygnet runt";
const DAYTIME: &str = "vardagar 8–17";
const PRIMARY: [(&str, &str); 2] = [("origin", "regional-primary-care"), ("level", "primary")];
const SPECIALISED: [(&str, &str); 2] = [("origin", "hospital"), ("level", "specialised")];
const ROUND_THE_CLOCK: [(&str, &str); 4] = [
    ("origin", "hospital"),
    ("level", "specialised"),
    ("physician-access", "round-the-clock-remote"),
    ("team-response", "round-the-clock-within-limit"),
];
const MUNICIPAL: [(&str, &str); 4] = [
    ("origin", "municipal"),
    ("level", "primary"),
    ("physician-access", "limited-hours"),
    ("team-response", "round-the-clock"),
];

const UNITS: [Template; 19] = [
    unit(
        "VC1",
        "health-centre",
        "Vårdcentralen Torget",
        &OWN,
        &PRIMARY,
        DAYTIME,
    ),
    unit(
        "VC2",
        "health-centre",
        "Vårdcentralen Ån",
        &OWN,
        &PRIMARY,
        DAYTIME,
    ),
    unit(
        "MT1",
        "mobile-team",
        "Mobilt närvårdsteam",
        &OWN,
        &PRIMARY,
        "alla dagar 8–21",
    ),
    unit(
        "SH1",
        "hospital-at-home",
        "Sjukhusvård i hemmet",
        &OWN,
        &ROUND_THE_CLOCK,
        ALWAYS,
    ),
    unit(
        "AH1",
        "hospital-at-home",
        "Avancerad sjukvård i hemmet",
        &OWN,
        &ROUND_THE_CLOCK,
        ALWAYS,
    ),
    unit(
        "BH1",
        "children-home-care",
        "Barnens hemsjukvård",
        &[OfficeKind::Region],
        &ROUND_THE_CLOCK,
        ALWAYS,
    ),
    unit(
        "SP1",
        "specialised-clinic",
        "Medicinmottagningen",
        &OWN,
        &SPECIALISED,
        DAYTIME,
    ),
    unit(
        "PS1",
        "specialised-clinic",
        "Psykiatriska mottagningen",
        &[OfficeKind::Region],
        &[
            ("origin", "specialised-unit"),
            ("level", "specialised"),
            ("psychiatric-care", "yes"),
        ],
        DAYTIME,
    ),
    with_beds(
        unit(
            "AV1",
            "hospital-ward",
            "Medicinavdelningen",
            &OWN,
            &[
                ("origin", "hospital"),
                ("level", "specialised"),
                ("physician-access", "round-the-clock-on-site"),
                ("team-response", "round-the-clock-within-limit"),
            ],
            ALWAYS,
        ),
        ("hospital", 24),
    ),
    with_beds(
        unit(
            "PB1",
            "primary-care-beds",
            "Primärvårdens vårdplatser",
            &OWN,
            &[
                ("origin", "regional-primary-care"),
                ("level", "primary"),
                ("physician-access", "limited-hours"),
                ("team-response", "round-the-clock"),
            ],
            ALWAYS,
        ),
        ("primary-care", 10),
    ),
    unit(
        "MC1",
        "monitoring-centre",
        "Monitoreringscentralen",
        &OWN,
        &SPECIALISED,
        "alla dagar 7–22",
    ),
    unit(
        "AM1",
        "ambulance",
        "Ambulanssjukvården",
        &OWN,
        &[("origin", "prehospital"), ("level", "specialised")],
        ALWAYS,
    ),
    unit(
        "HS1",
        "municipal-home-care",
        "Hemsjukvården Norr",
        &[OfficeKind::Kommun],
        &MUNICIPAL,
        ALWAYS,
    ),
    unit(
        "HS2",
        "municipal-home-care",
        "Hemsjukvården Söder",
        &[OfficeKind::Kommun],
        &MUNICIPAL,
        ALWAYS,
    ),
    unit(
        "HJ1",
        "municipal-home-care",
        "Gemensamma hemsjukvården",
        &[OfficeKind::Joint],
        &[
            ("origin", "joint"),
            ("level", "primary"),
            ("team-response", "round-the-clock"),
        ],
        ALWAYS,
    ),
    unit(
        "HR1",
        "municipal-home-care",
        "Basal hemsjukvård",
        &[OfficeKind::Region, OfficeKind::HomeProvider],
        &[
            ("origin", "regional-primary-care"),
            ("level", "primary"),
            ("team-response", "round-the-clock"),
        ],
        ALWAYS,
    ),
    unit(
        "AP1",
        "hospital-at-home",
        "Hemteamet",
        &[OfficeKind::HomeProvider],
        &ROUND_THE_CLOCK,
        ALWAYS,
    ),
    unit(
        "DV1",
        "digital-provider",
        "Digitala vårdmottagningen",
        &[OfficeKind::Digital],
        &[("origin", "digital-provider"), ("level", "primary")],
        ALWAYS,
    ),
    // Closed during the year: reports for a later date are wrong.
    unit(
        CLOSED,
        "mobile-team",
        "Mobila vaccinationsteamet",
        &OWN,
        &PRIMARY,
        DAYTIME,
    ),
];

/// Suffix of the units that close on [`CLOSED_ON`].
pub(super) const CLOSED: &str = "MT9";
const CLOSED_ON: Date = Date::constant(2026, 2, 1);
/// No release says what a unit may state before the first one.
const OPENED_ON: Date = Date::constant(2026, 1, 1);
/// Regions where hospital care at home gets physicians round the clock only from [`EXTENDED_ON`].
const LIMITED: [&str; 5] = [
    "region-norrbotten",
    "region-varmland",
    "region-skane",
    "region-uppsala",
    "region-ostergotland",
];
const EXTENDED_ON: Date = Date::constant(2026, 7, 1);

const fn unit(
    suffix: &'static str,
    kind: &'static str,
    name: &'static str,
    held_by: &'static [OfficeKind],
    facts: &'static [(&'static str, &'static str)],
    hours: &'static str,
) -> Template {
    Template {
        suffix,
        kind,
        name,
        held_by,
        facts,
        beds: None,
        hours,
    }
}

const fn with_beds(template: Template, beds: (&'static str, u32)) -> Template {
    Template {
        beds: Some(beds),
        ..template
    }
}

impl Template {
    fn of(&self, office: &Office) -> Option<CareUnit> {
        // Home health care is the region's own in one region only.
        let elsewhere =
            self.suffix == "HR1" && office.kind == OfficeKind::Region && office.region != STOCKHOLM;
        if !self.held_by.contains(&office.kind) || elsewhere {
            return None;
        }
        let basis = match office.kind {
            OfficeKind::Joint => "joint-body",
            OfficeKind::Digital | OfficeKind::HomeProvider => "performed-for-other-principal",
            OfficeKind::Region | OfficeKind::Kommun => "by-law",
        };
        let facts = self.facts.iter().copied().chain([("principal-basis", basis)]);
        let region = format!("{:02}", office.region);
        let kommun = office.kommun.map(|kommun| format!("{kommun:04}"));
        let principal = match (office.kind, &kommun) {
            (OfficeKind::Kommun, Some(kommun)) => kommun.clone(),
            _ => region,
        };
        let version = UnitVersion {
            from: OPENED_ON,
            closed: (self.suffix == CLOSED).then_some(CLOSED_ON),
            name: format!("{}, {}", self.name, office.name),
            kind: self.kind.into(),
            provider: office.number.clone(),
            reporters: vec![office.id.clone()],
            principals: Principals {
                responsible: vec![Principal::new(principal.clone())],
                performing: vec![Principal::new(principal.clone())],
                bed_owner: Principal::alone(self.beds.is_some().then_some(principal)),
                payer: Vec::new(),
            },
            kommun,
            facts: facts
                .map(|(axis, value)| Fact {
                    axis: axis.into(),
                    values: vec![value.into()],
                })
                .collect(),
            hours: self.hours.into(),
            beds: self
                .beds
                .iter()
                .map(|(kind, count)| Beds {
                    kind: (*kind).into(),
                    count: *count,
                })
                .collect(),
            about: self.about(office),
        };
        let mut versions = vec![version];
        if self.suffix == "SH1" && LIMITED.contains(&office.id.as_str()) {
            let mut extended = versions.clone();
            for version in &mut versions {
                replace(version, "physician-access", "limited-hours");
                replace(version, "team-response", "weekdays");
            }
            for version in &mut extended {
                version.from = EXTENDED_ON;
            }
            versions.append(&mut extended);
        }
        Some(CareUnit {
            hsa_id: office.unit(self.suffix),
            versions,
        })
    }
}

impl Template {
    /// What the unit says of itself.
    fn about(&self, office: &Office) -> About {
        let ownership = match office.kind {
            OfficeKind::Region => "region",
            OfficeKind::Kommun => "kommun",
            OfficeKind::Joint => "joint-body",
            OfficeKind::Digital | OfficeKind::HomeProvider => "private",
        };
        let responsible = |role: &str, profession: &str| Responsibility {
            role: role.into(),
            unit: None,
            profession: Some(profession.into()),
            from: OPENED_ON,
            until: None,
        };
        let responsibilities = match office.kind {
            OfficeKind::Kommun | OfficeKind::Joint => {
                vec![responsible("mas", "nurse"), responsible("mar", "physiotherapist")]
            }
            _ => vec![responsible("physician-in-charge", "physician")],
        };
        let (last_day, from, until) = match self.hours {
            ALWAYS => (7, 0, DAY_MINUTES),
            DAYTIME => (5, 8 * 60, 17 * 60),
            _ => (7, 8 * 60, 21 * 60),
        };
        let staff: &[(&str, u32)] = match self.kind {
            "ambulance" => &[("nurse", 4_000)],
            "health-centre" => &[("nurse", 800), ("physician", 650)],
            "municipal-home-care" => &[
                ("assistant-nurse", 1_200),
                ("nurse", 1_500),
                ("physiotherapist", 300),
            ],
            _ => &[("nurse", 1_200), ("physician", 300)],
        };
        About {
            ownership: Some(ownership.into()),
            responsibilities,
            covers: office
                .kommun
                .iter()
                .map(|kommun| format!("{kommun:04}"))
                .collect(),
            open: vec![Opening {
                first_day: 1,
                last_day,
                from,
                until,
            }],
            response_minutes: (self.kind == "hospital-at-home").then_some(30),
            staff: staff
                .iter()
                .map(|(profession, hundredths)| Staff {
                    profession: (*profession).into(),
                    hundredths: Some(*hundredths),
                })
                .collect(),
            successor: None,
        }
    }
}

fn replace(version: &mut UnitVersion, axis: &str, value: &str) {
    for fact in version.facts.iter_mut().filter(|fact| fact.axis == axis) {
        fact.values = vec![value.into()];
    }
}
