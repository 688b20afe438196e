//! From the parameters of a request to questions to the engine. It converts and decides nothing.

use serde_json::Value;
use vardnav_terminology::model::ValueSet;
use vardnav_terminology::value_set::{
    Coding, ExpandRequest, Failure, FailureKind, Languages, Settings, Subject, ValidateRequest, ValueSetRef,
};
use vardnav_terminology::{Canonical, Catalog};

use super::case::{Case, array, text};
use super::setup;

/// A request's parameters.
pub(crate) struct Parameters<'c> {
    all: &'c [Value],
    language: Option<&'c str>,
    threshold: Option<usize>,
    value_set: Option<ValueSet>,
}

impl<'c> Parameters<'c> {
    pub(crate) fn new(case: &'c Case) -> Self {
        Self::of(&case.parameters, case)
    }

    /// The parameters of one of several questions in a case.
    pub(crate) fn of(all: &'c [Value], case: &'c Case) -> Self {
        let brought = all.iter().find(|parameter| parameter["name"] == "valueSet");
        Self {
            all,
            language: case.language.as_deref(),
            threshold: case.threshold,
            value_set: brought.map(|parameter| setup::value_set(&parameter["resource"])),
        }
    }

    /// The catalog with the resources that the request brings.
    pub(crate) fn catalog(&self, catalog: &Catalog) -> Catalog {
        let mut catalog = catalog.clone();
        for parameter in self.all {
            match text(&parameter["name"]) {
                "tx-resource" => setup::insert(&mut catalog, &parameter["resource"]),
                "valueSet" => {
                    for contained in array(&parameter["resource"]["contained"]) {
                        let mut contained = contained.clone();
                        contained["url"] = format!("#{}", text(&contained["id"])).into();
                        setup::insert(&mut catalog, &contained);
                    }
                }
                _ => {}
            }
        }
        catalog
    }

    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'c Value> + use<'c> {
        let name = name.to_owned();
        self.all
            .iter()
            .filter(move |parameter| parameter["name"] == name.as_str())
            .filter_map(value)
    }

    pub(crate) fn text(&self, name: &str) -> &'c str {
        self.values(name).next().map_or("", text)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.values(name).map(|value| text(value).to_owned()).collect()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.values(name).next().and_then(Value::as_bool)
    }

    fn number(&self, name: &str) -> Option<usize> {
        let number = self.values(name).next()?.as_u64()?;
        usize::try_from(number).ok()
    }

    pub(crate) fn value_set(&self) -> Option<ValueSetRef<'_>> {
        match &self.value_set {
            Some(source) => Some(ValueSetRef::Inline(source)),
            None => match self.text("url") {
                "" => None,
                url => Some(ValueSetRef::Address {
                    url,
                    version: self.text("valueSetVersion"),
                }),
            },
        }
    }

    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let rules = |name: &str| {
            self.values(name)
                .map(|value| Canonical::parse(text(value)))
                .collect()
        };
        let mut settings = Settings {
            supplements: self.texts("useSupplement"),
            ..Settings::default()
        };
        settings.versions.default = rules("system-version");
        settings.versions.check = rules("check-system-version");
        settings.versions.force = rules("force-system-version");
        settings.versions.value_sets = rules("default-valueset-version");
        let wished = match self.text("displayLanguage") {
            "" => self.language.unwrap_or_default(),
            wished => wished,
        };
        settings.languages = Languages::parse(wished).map_err(|reason| Failure {
            kind: FailureKind::Languages,
            message: reason.to_string(),
        })?;
        Ok(settings)
    }

    pub(crate) fn expand(&self) -> Result<ExpandRequest<'_>, Failure> {
        let mut request = ExpandRequest::new(self.value_set().unwrap());
        request.settings = self.settings()?;
        request.text = self.text("filter");
        request.active_only = self.flag("activeOnly").unwrap_or(false);
        request.selectable_only = self.flag("excludeNotForUI").unwrap_or(false);
        request.exclude_nested = self.flag("excludeNested").unwrap_or(false);
        request.designations = self.flag("includeDesignations").unwrap_or(false);
        request.designation_filter = self.texts("designation");
        request.properties = self.texts("property");
        request.versions_match = self.flag("versionsMatch");
        request.count = self.number("count");
        request.offset = self.number("offset").unwrap_or(0);
        request.limit = self.threshold.unwrap_or(request.limit);
        Ok(request)
    }

    /// The codings of a codeable concept; `None` when the request has none.
    pub(crate) fn codings(&self) -> Option<Vec<Coding<'_>>> {
        let concept = self.values("codeableConcept").next()?;
        Some(array(&concept["coding"]).iter().map(coding).collect())
    }

    /// What is to be validated; `codings` are those of the codeable concept. `system` is the parameter that names the
    /// code system of a code.
    pub(crate) fn subject<'s>(&'s self, codings: Option<&'s [Coding<'s>]>, system: &str) -> Subject<'s> {
        if let Some(codings) = codings {
            return Subject::CodeableConcept(codings);
        }
        if let Some(given) = self.values("coding").next() {
            return Subject::Coding(coding(given));
        }
        Subject::Code(Coding {
            system: self.text(system),
            version: self.text("systemVersion"),
            code: self.text("code"),
            display: self.values("display").next().map(text),
        })
    }

    pub(crate) fn validate<'s>(
        &'s self,
        value_set: Option<ValueSetRef<'s>>,
        subject: Subject<'s>,
    ) -> Result<ValidateRequest<'s>, Failure> {
        let mut request = ValidateRequest::new(value_set, subject);
        request.settings = self.settings()?;
        request.infer_system = self.flag("inferSystem").unwrap_or(false);
        request.accept_abstract = self.flag("abstract");
        request.lenient_display = self.flag("lenient-display-validation").unwrap_or(false);
        request.membership_only = self.flag("valueset-membership-only").unwrap_or(false);
        Ok(request)
    }
}

fn coding(value: &Value) -> Coding<'_> {
    Coding {
        system: text(&value["system"]),
        version: text(&value["version"]),
        code: text(&value["code"]),
        display: value["display"].as_str(),
    }
}

/// The value of a parameter, of whatever type.
pub(crate) fn value(parameter: &Value) -> Option<&Value> {
    let fields = parameter.as_object()?;
    fields
        .iter()
        .find_map(|(name, value)| name.starts_with("value").then_some(value))
}
