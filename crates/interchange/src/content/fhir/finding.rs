//! Findings about FHIR resources.

/// Codes of findings about FHIR resources: what they mean, how to mend it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "VN-IMP-201",
        "the text is not JSON",
        "correct the text at the line and column named, or fetch the file again from its owner",
    ),
    (
        "VN-IMP-202",
        "a value is of another kind than FHIR says, or a field occurs twice",
        "correct the field named",
    ),
    (
        "VN-IMP-203",
        "a field that FHIR requires is missing or empty",
        "add the field named",
    ),
    (
        "VN-IMP-204",
        "a code of FHIR itself, such as a status or an operator, is not one that FHIR lists",
        "use one of the codes that FHIR lists for the field named",
    ),
    (
        "VN-IMP-205",
        "a code stands twice in a code system",
        "keep one of the concepts",
    ),
    (
        "VN-IMP-206",
        "the file or line is too large",
        "divide it into several files or lines",
    ),
    (
        "VN-IMP-207",
        "values lie too deep within each other",
        "state the hierarchy with the property `parent`",
    ),
    (
        "VN-IMP-208",
        "there are too many concepts",
        "divide the code system into several",
    ),
    (
        "VN-IMP-209",
        "something is said that is not kept",
        "state it in another way if it matters; of a map, each code instead of a value set",
    ),
    (
        "VN-IMP-210",
        "the file cannot be read",
        "check that the file is whole and can be opened",
    ),
    (
        "VN-IMP-211",
        "an extension of Vårdnav's own does not hold what it should",
        "correct the extension, or leave it out",
    ),
];

/// Most problems of one resource that are told one by one.
const PROBLEMS_MAX: usize = 100;

/// What is wrong in one resource.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<Problem>,
    errors: usize,
    untold: usize,
}

/// A thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) error: bool,
    /// Line within the resource, from 1; 0 when not known.
    pub(super) line: u32,
    pub(super) message: String,
}

impl Problems {
    /// Something for which the resource is not read; `place` as FHIR writes paths.
    pub(super) fn error(&mut self, code: &'static str, place: &str, what: &str) {
        self.add(Problem {
            code,
            error: true,
            line: 0,
            message: format!("{place}: {what}"),
        });
    }

    /// Something worth a look.
    pub(super) fn warn(&mut self, code: &'static str, place: &str, what: &str) {
        self.add(Problem {
            code,
            error: false,
            line: 0,
            message: format!("{place}: {what}"),
        });
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.errors += usize::from(problem.error);
        if self.told.len() < PROBLEMS_MAX {
            self.told.push(problem);
        } else {
            self.untold += 1;
        }
    }

    pub(super) fn any_error(&self) -> bool {
        self.errors > 0
    }

    /// The problems, and how many more there are.
    pub(super) fn into_parts(self) -> (Vec<Problem>, usize) {
        (self.told, self.untold)
    }
}
