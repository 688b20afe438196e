//! What holds of persons, by cases and against a naive reading of all statements.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn key(number: u8) -> PersonKey {
    PersonKey([number; 16])
}

fn day(number: i16) -> Date {
    let (year, rest) = (2020 + number / 336, number % 336);
    Date::new(year, (rest / 28 + 1) as i8, (rest % 28 + 1) as i8).unwrap()
}

fn kommun(code: &str) -> Kommun {
    Kommun::new(code).unwrap()
}

#[test]
fn a_merged_person_is_one_under_both_keys() {
    let mut persons = Persons::new();
    let (old, new, third) = (key(1), key(2), key(3));
    let stockholm = Statement::Residence {
        kommun: kommun("0180"),
        from: date(2024, 1, 1),
        until: None,
    };
    persons.apply(old, stockholm);
    persons.apply(new, Statement::Died { on: date(2026, 3, 1) });
    assert_eq!(persons.state(new, date(2026, 1, 1)).residence, None);
    persons.apply(old, Statement::Merged { into: new });
    persons.apply(new, Statement::Merged { into: third });
    for key in [old, new, third] {
        let state = persons.state(key, date(2026, 1, 1));
        assert_eq!(state.leader, third);
        assert_eq!(state.residence, Some(kommun("0180")));
        assert_eq!(state.died, Some(date(2026, 3, 1)));
        assert_eq!(persons.keys(key), [third, new, old]);
    }
    let circle = Statement::Merged { into: old };
    assert_eq!(persons.check(third, &circle), Err(PersonError::Circle));
    assert_eq!(persons.check(old, &Statement::Merged { into: new }), Ok(false));
    let elsewhere = Statement::Merged { into: key(9) };
    assert_eq!(persons.check(old, &elsewhere), Err(PersonError::MergedElsewhere));
    persons.apply(new, Statement::Parted);
    assert_eq!(persons.leader(old), new);
    assert_eq!(persons.keys(third), [third]);
    assert_eq!(persons.state(third, date(2026, 1, 1)).died, None);
}

#[test]
fn whoever_is_protected_or_abroad_lives_nowhere_below_the_country() {
    let mut persons = Persons::new();
    let person = key(1);
    let of = |kommun_code: &str, from| Statement::Residence {
        kommun: kommun(kommun_code),
        from,
        until: None,
    };
    persons.apply(person, of("0180", date(2020, 1, 1)));
    persons.apply(person, of("1280", date(2023, 1, 1)));
    persons.apply(person, Statement::ProtectionBegan { on: date(2024, 1, 1) });
    persons.apply(person, Statement::ProtectionEnded { on: date(2025, 1, 1) });
    persons.apply(person, Statement::MovedOut { on: date(2026, 1, 1) });
    let lives = |on: Date| {
        persons
            .state(person, on)
            .residence
            .map(|kommun| kommun.code().to_owned())
    };
    assert_eq!(lives(date(2019, 12, 31)), None);
    assert_eq!(lives(date(2022, 12, 31)).as_deref(), Some("0180"));
    assert_eq!(lives(date(2023, 1, 1)).as_deref(), Some("1280"));
    assert_eq!(lives(date(2024, 6, 1)), None);
    assert!(persons.state(person, date(2024, 6, 1)).protected);
    assert_eq!(lives(date(2025, 1, 1)).as_deref(), Some("1280"));
    assert_eq!(lives(date(2026, 1, 1)), None);
    assert!(persons.state(person, date(2026, 1, 1)).abroad);
}

fn statement() -> impl Strategy<Value = Statement> {
    let days = 0..40_i16;
    prop_oneof![
        days.clone().prop_map(|on| Statement::Died { on: day(on) }),
        Just(Statement::NotDead),
        days.clone().prop_map(|on| Statement::MovedIn { on: day(on) }),
        days.clone().prop_map(|on| Statement::MovedOut { on: day(on) }),
        days.clone()
            .prop_map(|on| Statement::ProtectionBegan { on: day(on) }),
        days.clone()
            .prop_map(|on| Statement::ProtectionEnded { on: day(on) }),
        (days, 1..20_i16, any::<bool>(), 0..4_u8).prop_map(|(from, length, open, code)| {
            Statement::Residence {
                kommun: kommun(&format!("0{code}80")),
                from: day(from),
                until: (!open).then(|| day(from + length)),
            }
        }),
    ]
}

/// Read straight from the rules: of what happened up to a date the last by date, and of one date the last stated.
fn naive(statements: &[Statement], on: Date) -> PersonState {
    let last = |pick: &dyn Fn(&Statement) -> Option<(Date, bool)>| {
        let mut happened: Vec<_> = statements
            .iter()
            .filter_map(pick)
            .filter(|(date, _)| *date <= on)
            .collect();
        happened.sort_by_key(|(date, _)| *date);
        happened.last().is_some_and(|(_, value)| *value)
    };
    let abroad = last(&|statement| match statement {
        Statement::MovedIn { on } => Some((*on, false)),
        Statement::MovedOut { on } => Some((*on, true)),
        _ => None,
    });
    let protected = last(&|statement| match statement {
        Statement::ProtectionBegan { on } => Some((*on, true)),
        Statement::ProtectionEnded { on } => Some((*on, false)),
        _ => None,
    });
    let died = statements.iter().rev().find_map(|statement| match statement {
        Statement::Died { on } => Some(Some(*on)),
        Statement::NotDead => Some(None),
        _ => None,
    });
    let mut homes: Vec<_> = statements
        .iter()
        .filter_map(|statement| match statement {
            Statement::Residence { kommun, from, until } if *from <= on => Some((*from, *until, *kommun)),
            _ => None,
        })
        .collect();
    homes.sort_by_key(|(from, _, _)| *from);
    let home = homes
        .last()
        .filter(|(_, until, _)| until.is_none_or(|until| until > on));
    PersonState {
        leader: key(1),
        died: died.flatten(),
        abroad,
        protected,
        residence: home
            .map(|(_, _, kommun)| *kommun)
            .filter(|_| !abroad && !protected),
    }
}

proptest! {
    #[test]
    fn what_holds_follows_from_all_that_is_stated(
        statements in proptest::collection::vec(statement(), 0..12),
        on in 0..60_i16,
    ) {
        let mut persons = Persons::new();
        for statement in &statements {
            persons.apply(key(1), *statement);
            prop_assert_eq!(persons.check(key(1), statement), Ok(false), "said just now");
        }
        prop_assert_eq!(persons.state(key(1), day(on)), naive(&statements, day(on)));
        // What changes nothing may be left out, and all may be said again.
        let mut fewer = Persons::new();
        for statement in statements.iter().chain(&statements).chain(&statements) {
            if fewer.check(key(1), statement) == Ok(true) {
                fewer.apply(key(1), *statement);
            }
        }
        let mut again = Persons::new();
        for statement in statements.iter().chain(&statements).chain(&statements) {
            again.apply(key(1), *statement);
        }
        prop_assert_eq!(fewer.state(key(1), day(on)), again.state(key(1), day(on)));
    }

    #[test]
    fn of_some_persons_the_same_is_said_apart_from_the_others(
        said in proptest::collection::vec((0..6_u8, 0..6_u8, statement()), 0..30),
        asked in proptest::collection::vec(0..6_u8, 1..3),
        more in statement(),
    ) {
        let mut persons = Persons::new();
        for (of, other, statement) in said {
            let statement = match other {
                0 => Statement::Merged { into: key(of + 1) },
                1 => Statement::Merged { into: key(5_u8.saturating_sub(of)) },
                2 if of % 2 == 0 => Statement::Parted,
                _ => statement,
            };
            persons.apply(key(of), statement);
        }
        let apart = persons.of(asked.iter().copied().map(key));
        for asked in asked {
            prop_assert_eq!(apart.keys(key(asked)), persons.keys(key(asked)));
            for of in persons.keys(key(asked)) {
                prop_assert_eq!(apart.state(of, day(30)), persons.state(of, day(30)));
                prop_assert_eq!(apart.check(of, &more), persons.check(of, &more));
            }
            // Who is the same person is said of others too.
            for other in 0..8 {
                let same = persons.leader(key(other)) == persons.leader(key(asked));
                prop_assert_eq!(apart.leader(key(other)) == apart.leader(key(asked)), same);
            }
        }
    }

    #[test]
    fn events_read_back_in_their_one_form(statement in statement(), at: i64) {
        let event = PersonEvent {
            person: key(4),
            statement,
            at,
            caller: "anna".to_owned(),
            source: "aa".to_owned(),
        };
        let bytes = event.encode();
        prop_assert_eq!(PersonEvent::decode(&bytes), Ok(event));
        for end in 0..bytes.len() {
            prop_assert!(PersonEvent::decode(&bytes[..end]).is_err());
        }
    }
}
