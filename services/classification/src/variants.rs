//! Releases under other variants than those they take: compiled when first asked for, and kept while they are asked
//! for. A release as it is never comes here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use vardnav_classification::DescriptionSystem;
use vardnav_classification::model::VariantRef;
use vardnav_interchange::classify_lines::{LineFinding, choice_fault};
use vardnav_release::package::Digest;
use vardnav_release::snapshot::Snapshot;

/// Choices that are kept compiled, of all releases together. The one asked for longest ago gives way.
const KEPT_MAX: usize = 32;

/// What was compiled under other variants.
#[derive(Default)]
pub(crate) struct Variants {
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    release: Digest,
    choices: Vec<VariantRef>,
    system: Arc<DescriptionSystem>,
}

/// A release under the variants that were asked for.
pub(crate) struct Chosen {
    /// What decides.
    pub(crate) system: Arc<DescriptionSystem>,
    /// The variants, as `point:variant`, in the order of the points.
    pub(crate) variants: Vec<String>,
}

impl Variants {
    /// The description system of a release under the variants asked for.
    ///
    /// # Errors
    /// A finding for each choice that the release does not have, which lists what it has.
    pub(crate) fn of(&self, release: &Snapshot, asked: &[String]) -> Result<Chosen, Vec<LineFinding>> {
        if asked.is_empty() {
            return Ok(Chosen {
                system: Arc::clone(&release.description),
                variants: Vec::new(),
            });
        }
        let source = release.description.source();
        let choices = source
            .choices(asked.iter().map(String::as_str))
            .map_err(|wrong| wrong.iter().map(choice_fault).collect::<Vec<_>>())?;
        let variants = choices.iter().map(ToString::to_string).collect();
        let departures: Vec<VariantRef> = source.departures(&choices).cloned().collect();
        let system = if departures.is_empty() {
            Arc::clone(&release.description)
        } else {
            self.compiled(release, departures)?
        };
        Ok(Chosen { system, variants })
    }

    fn compiled(
        &self,
        release: &Snapshot,
        choices: Vec<VariantRef>,
    ) -> Result<Arc<DescriptionSystem>, Vec<LineFinding>> {
        if let Some(known) = self.known(&release.digest, &choices) {
            return Ok(known);
        }
        // Two that ask at once may both compile; what they get is the same.
        let source = release.description.source().clone();
        let system = DescriptionSystem::compile_with(source, &choices).map_err(|problems| {
            let finding = |problem: &vardnav_classification::Problem| {
                LineFinding::new("VN-CLS-015", "variants", problem.to_string())
            };
            problems.iter().map(finding).collect::<Vec<_>>()
        })?;
        let system = Arc::new(system);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(Kept {
            release: release.digest,
            choices,
            system: Arc::clone(&system),
        });
        kept.truncate(KEPT_MAX);
        Ok(system)
    }

    fn known(&self, release: &Digest, choices: &[VariantRef]) -> Option<Arc<DescriptionSystem>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept
            .iter()
            .position(|kept| kept.release == *release && kept.choices == choices)?;
        let found = kept.remove(at)?;
        let system = Arc::clone(&found.system);
        kept.push_front(found);
        Some(system)
    }
}

#[cfg(test)]
mod tests {
    use vardnav_interchange::release::{self, starter};

    use super::*;

    fn asked(numbers: [usize; 4]) -> Vec<String> {
        let [first, second, third, fourth] = numbers;
        vec![
            format!("U1:{}", ["third-form", "inpatient", "outpatient"][first]),
            format!(
                "U4:{}",
                ["physician-and-team", "physician-only", "team-within-limit"][second]
            ),
            format!("U2:{}", ["primary-care", "inpatient"][third]),
            format!("U9:{}", ["telephone-in", "telephone-out"][fourth]),
        ]
    }

    #[test]
    fn what_is_compiled_is_kept_while_it_is_asked_for_and_no_more_than_fits() {
        let release = release::compile(&starter::package().unwrap(), &[]).unwrap();
        let variants = Variants::default();
        let of = |asked: &[String]| {
            variants
                .of(&release, asked)
                .unwrap_or_else(|_| panic!("{asked:?}"))
        };
        let own = of(&asked([0, 0, 0, 0]));
        assert!(
            Arc::ptr_eq(&own.system, &release.description),
            "the release's own variants"
        );
        assert_eq!(own.variants[0], "U1:third-form");
        let often = asked([1, 1, 1, 1]);
        let kept = of(&often).system;
        let mut reversed = often.clone();
        reversed.reverse();
        for number in 0..36 {
            let asked = asked([number % 3, number / 3 % 3, number / 9 % 2, number / 18]);
            let chosen = of(&asked);
            assert_eq!(
                chosen.variants,
                [&asked[0], &asked[2], &asked[1], &asked[3]].map(Clone::clone)
            );
            assert!(
                Arc::ptr_eq(&of(&reversed).system, &kept),
                "asked for all the time"
            );
        }
        assert_eq!(variants.kept.lock().unwrap().len(), KEPT_MAX);
        let wrong = variants.of(&release, &["U4:x".to_owned()]).err().unwrap();
        assert!(wrong[0].message.contains("physician-only"));
    }
}
