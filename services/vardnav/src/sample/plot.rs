//! Who cares for whom: a reporter, a kind of care, a place of residence.

use super::chance::Chance;
use super::directory::{Directory, JOINT_KOMMUN, Office, OfficeKind, STOCKHOLM};

/// A kind of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    Clinic,
    Remote,
    HomeVisit,
    MobileTeam,
    Vaccination,
    HospitalAtHome,
    Palliative,
    ChildrenAtHome,
    SpecialisedClinic,
    Psychiatry,
    Ward,
    PrimaryBeds,
    Monitoring,
    Prehospital,
    Indirect,
    SelfAdministered,
    HomeNursing,
    SpecialHousing,
    ShortStay,
    Rehabilitation,
}

/// What a story is about.
pub(super) struct Plot {
    pub(super) office: Office,
    pub(super) care: Care,
    /// Kommun of residence.
    pub(super) kommun: u16,
}

impl Plot {
    /// A reporter that cares for people in the kommun, and a kind of care it gives.
    pub(super) fn pick(chance: &mut Chance, directory: &Directory, kommun: u16) -> Self {
        let region = kommun / 100;
        let kommun_office =
            directory.find(|office| office.kind == OfficeKind::Kommun && office.kommun == Some(kommun));
        let private = |kind| directory.find(|office| office.kind == kind);
        let office = if kommun == JOINT_KOMMUN {
            private(OfficeKind::Joint)
        } else if chance.yes(4) {
            private(OfficeKind::Digital)
        } else if region == STOCKHOLM && chance.yes(12) {
            private(OfficeKind::HomeProvider)
        } else if kommun_office.is_some() && chance.yes(45) {
            kommun_office
        } else {
            directory.find(|office| office.kind == OfficeKind::Region && office.region == region)
        };
        let office = office.or(directory.offices().first()).cloned();
        let office = office.unwrap_or_else(|| Office {
            id: String::new(),
            name: String::new(),
            kind: OfficeKind::Region,
            region,
            kommun: None,
            number: String::new(),
        });
        let regional = [
            (22, Care::Clinic),
            (15, Care::Remote),
            (6, Care::HomeVisit),
            (7, Care::MobileTeam),
            (1, Care::Vaccination),
            (8, Care::HospitalAtHome),
            (3, Care::Palliative),
            (3, Care::ChildrenAtHome),
            (10, Care::SpecialisedClinic),
            (4, Care::Psychiatry),
            (4, Care::Ward),
            (4, Care::PrimaryBeds),
            (5, Care::Monitoring),
            (4, Care::Prehospital),
            (2, Care::Indirect),
            (1, Care::SelfAdministered),
        ];
        let municipal = [
            (60, Care::HomeNursing),
            (20, Care::SpecialHousing),
            (8, Care::ShortStay),
            (12, Care::Rehabilitation),
        ];
        let care = match office.kind {
            OfficeKind::Kommun => chance.weighted(municipal),
            OfficeKind::Digital => Care::Remote,
            OfficeKind::HomeProvider => chance.weighted([(70, Care::HomeNursing), (30, Care::Palliative)]),
            OfficeKind::Region if office.region == STOCKHOLM && chance.yes(15) => Care::HomeNursing,
            OfficeKind::Joint if chance.yes(40) => Care::HomeNursing,
            OfficeKind::Region | OfficeKind::Joint => chance.weighted(regional),
        };
        // What the joint body has no unit for.
        let care = match (office.kind, care) {
            (OfficeKind::Joint, Care::ChildrenAtHome | Care::Psychiatry) => Care::Clinic,
            _ => care,
        };
        Self { office, care, kommun }
    }

    /// Youngest and oldest age in years that the care is given to in the sample.
    pub(super) fn ages(&self) -> (i16, i16) {
        match self.care {
            Care::ChildrenAtHome | Care::Vaccination => (0, 16),
            Care::HomeNursing | Care::ShortStay | Care::PrimaryBeds => (68, 98),
            Care::SpecialHousing => (75, 101),
            Care::HospitalAtHome | Care::Palliative | Care::Prehospital | Care::MobileTeam => (45, 96),
            Care::Monitoring | Care::Rehabilitation | Care::HomeVisit | Care::Ward => (40, 94),
            Care::Psychiatry => (12, 70),
            Care::Clinic
            | Care::Remote
            | Care::SpecialisedClinic
            | Care::Indirect
            | Care::SelfAdministered => (0, 92),
        }
    }
}
