//! Bytes of a version of a care unit. The first form has one principal a role, without basis; the second has all of
//! them, and what else the unit says of itself. A version is written in the first form where that holds it.

use vardnav_register::bytes::{DecodeError, DecodeProblem, Reader, Writer};
use vardnav_register::record::{Fact, Principal, Principals, Responsibility};
use vardnav_register::unit::{About, Beds, Opening, Staff, UnitVersion};

use super::ITEMS_MAX;

/// Whether it says more than the first form holds.
pub(super) fn is_more(unit: &UnitVersion) -> bool {
    let roles = unit.principals.by_role();
    let is_more = |holders: &[Principal]| holders.len() > 1 || holders.iter().any(|one| one.basis.is_some());
    unit.about != About::default() || roles.iter().any(|(_, holders)| is_more(holders))
}

/// All texts, for the search for personal numbers.
pub(super) fn texts(unit: &UnitVersion) -> impl Iterator<Item = &str> {
    let roles = unit.principals.by_role();
    let holders = roles.into_iter().flat_map(|(_, holders)| holders);
    let codes = holders.flat_map(|holder| std::iter::once(&holder.organisation).chain(&holder.basis));
    let facts = unit.facts.iter();
    let about = &unit.about;
    let responsibilities = about.responsibilities.iter();
    [&unit.name, &unit.kind, &unit.provider, &unit.hours]
        .into_iter()
        .chain(codes)
        .chain(&unit.kommun)
        .chain(&unit.reporters)
        .chain(facts.flat_map(|fact| std::iter::once(&fact.axis).chain(&fact.values)))
        .chain(unit.beds.iter().map(|beds| &beds.kind))
        .chain(&about.ownership)
        .chain(
            responsibilities
                .flat_map(|one| std::iter::once(&one.role).chain(&one.unit).chain(&one.profession)),
        )
        .chain(&about.covers)
        .chain(about.staff.iter().map(|staff| &staff.profession))
        .chain(&about.successor)
        .map(String::as_str)
}

pub(super) fn write(w: &mut Writer, unit: &UnitVersion) {
    let is_more = is_more(unit);
    w.date(unit.from);
    w.option_date(unit.closed);
    w.str(&unit.name);
    w.str(&unit.kind);
    w.str(&unit.provider);
    w.seq(&unit.reporters, |w, reporter| w.str(reporter));
    for (_, holders) in unit.principals.by_role() {
        match is_more {
            true => w.seq(holders, |w, holder| {
                w.str(&holder.organisation);
                w.option_str(holder.basis.as_deref());
            }),
            false => w.option_str(Principal::first(holders)),
        }
    }
    w.option_str(unit.kommun.as_deref());
    w.seq(&unit.facts, |w, fact| {
        w.str(&fact.axis);
        w.seq(&fact.values, |w, value| w.str(value));
    });
    w.str(&unit.hours);
    w.seq(&unit.beds, |w, beds| {
        w.str(&beds.kind);
        w.u32(beds.count);
    });
    if is_more {
        write_about(w, &unit.about);
    }
}

/// Reads what [`write`] wrote, in the second form or the first.
pub(super) fn read(r: &mut Reader<'_>, is_more: bool) -> Result<UnitVersion, DecodeError> {
    let unit = UnitVersion {
        from: r.date()?,
        closed: r.option_date()?,
        name: r.string()?,
        kind: r.string()?,
        provider: r.string()?,
        reporters: r.seq(ITEMS_MAX, Reader::string)?,
        principals: Principals {
            responsible: holders(r, is_more)?,
            performing: holders(r, is_more)?,
            bed_owner: holders(r, is_more)?,
            payer: holders(r, is_more)?,
        },
        kommun: r.option_string()?,
        facts: r.seq(ITEMS_MAX, |r| {
            Ok(Fact {
                axis: r.string()?,
                values: r.seq(ITEMS_MAX, Reader::string)?,
            })
        })?,
        hours: r.string()?,
        beds: r.seq(ITEMS_MAX, |r| {
            Ok(Beds {
                kind: r.string()?,
                count: r.u32()?,
            })
        })?,
        about: match is_more {
            true => about(r)?,
            false => About::default(),
        },
    };
    match is_more && !self::is_more(&unit) {
        true => Err(r.error(DecodeProblem::NotCanonical)),
        false => Ok(unit),
    }
}

fn holders(r: &mut Reader<'_>, is_more: bool) -> Result<Vec<Principal>, DecodeError> {
    if !is_more {
        return Ok(Principal::alone(r.option_string()?));
    }
    r.seq(ITEMS_MAX, |r| {
        Ok(Principal {
            organisation: r.string()?,
            basis: r.option_string()?,
        })
    })
}

fn write_about(w: &mut Writer, about: &About) {
    w.option_str(about.ownership.as_deref());
    w.seq(&about.responsibilities, |w, one| {
        w.str(&one.role);
        w.option_str(one.unit.as_deref());
        w.option_str(one.profession.as_deref());
        w.date(one.from);
        w.option_date(one.until);
    });
    w.seq(&about.covers, |w, kommun| w.str(kommun));
    w.seq(&about.open, |w, open| {
        w.u8(open.first_day);
        w.u8(open.last_day);
        w.u16(open.from);
        w.u16(open.until);
    });
    w.option(about.response_minutes, Writer::u16);
    w.seq(&about.staff, |w, staff| {
        w.str(&staff.profession);
        w.option(staff.hundredths, Writer::u32);
    });
    w.option_str(about.successor.as_deref());
}

fn about(r: &mut Reader<'_>) -> Result<About, DecodeError> {
    Ok(About {
        ownership: r.option_string()?,
        responsibilities: r.seq(ITEMS_MAX, |r| {
            Ok(Responsibility {
                role: r.string()?,
                unit: r.option_string()?,
                profession: r.option_string()?,
                from: r.date()?,
                until: r.option_date()?,
            })
        })?,
        covers: r.seq(ITEMS_MAX, Reader::string)?,
        open: r.seq(ITEMS_MAX, |r| {
            Ok(Opening {
                first_day: r.u8()?,
                last_day: r.u8()?,
                from: r.u16()?,
                until: r.u16()?,
            })
        })?,
        response_minutes: r.option(Reader::u16)?,
        staff: r.seq(ITEMS_MAX, |r| {
            Ok(Staff {
                profession: r.string()?,
                hundredths: r.option(Reader::u32)?,
            })
        })?,
        successor: r.option_string()?,
    })
}
