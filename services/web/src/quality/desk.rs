//! What a reporter sees of its own: the month and the year behind it, what is found, what waits and for whom.

use maud::{Markup, html};
use vardnav_classification::model::Label;

use super::public::sign_out;
use super::{Common, Deadline, Month, Owner, Quality, SignedIn, Unit, Waiting, reporter_link};
use crate::address::Address;
use crate::frame::{Section, frame};
use crate::typography::{capital, change, count, period, period_short};

/// Parameter that names the month.
pub(super) const MONTH: &str = "manad";
/// Findings, groups that wait, and units that are shown.
const SHOWN_MAX: usize = 50;

/// The reporters that somebody acts for.
pub(super) fn reporters(who: &SignedIn, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let title = say("Rapportörer", "Reporters");
    let content = html! {
        p class="kicker" { a href=(address.to("/kvalitet", &[])) { (say("Kvalitet", "Quality")) } }
        h1 { (title) }
        (standing(who, address))
        @if who.reporters.is_empty() {
            p class="empty" { (say("Nyckeln gäller inga rapportörer.", "The token is for no reporters.")) }
        }
        ul class="columns plain" {
            @for reporter in &who.reporters {
                li { a href=(reporter_link(&reporter.id, address)) { (reporter.name) } " " span class="code soft" { (reporter.id) } }
            }
        }
    };
    frame(title, Section::Quality, address, &content)
}

/// Who is signed in.
fn standing(who: &SignedIn, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    html! {
        @if who.is_open {
            p class="note small" {
                (say("Servern nås bara från den egna datorn och har ingen inloggning: allt visas.",
                     "The server is reached from this computer alone and knows no sign-in: everything is shown."))
            }
        } @else {
            div class="actions noprint" {
                span class="soft" { (say("Inloggad som ", "Signed in as ")) strong { (who.name) } }
                (sign_out(address))
            }
        }
    }
}

/// The page of a reporter.
pub(super) fn page(quality: &Quality, who: &SignedIn, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let name = if quality.reporter.name.is_empty() {
        &quality.reporter.id
    } else {
        &quality.reporter.name
    };
    let content = html! {
        p class="kicker" {
            a href=(address.to("/kvalitet", &[])) { (say("Kvalitet", "Quality")) } " / "
            a href=(address.to("/kvalitet/rapportorer", &[])) { (say("Rapportörer", "Reporters")) }
        }
        h1 { (name) }
        (standing(who, address))
        @if quality.behind > 0 {
            p class="note warm" role="status" {
                (count(quality.behind)) (say(" poster är inte räknade än.", " entries are not counted yet."))
            }
        }
        @if let Some(latest) = quality.months.last() {
            section { (this_month(latest, address)) }
            (together(latest, address))
            (year(quality, address))
        }
        (common(quality, address))
        (worklist(quality, address))
    };
    frame(name, Section::Quality, address, &content)
}

fn this_month(latest: &Month, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let records = latest.accepted + latest.held;
    html! {
        h2 { (capital(&period(&latest.period, language))) }
        dl class="numbers" {
            dt { (count(latest.accepted)) } dd { (say("godkända och färdiga", "accepted and whole")) }
            dt { (count(latest.held)) } dd {
                @if latest.held > 0 { a href="#waiting" { (say("väntar på en uppgift", "wait for a fact")) } }
                @else { (say("väntar på en uppgift", "wait for a fact")) }
            }
            dt { (count(latest.rejected)) } dd { (say("avvisade i svar under månaden", "rejected in answers of the month")) }
            dt { (count(latest.with_findings)) } dd { (say("av de godkända och väntande har en anmärkning", "of those accepted or waiting have a finding")) }
            dt { (count(latest.units_delivered.into())) } dd {
                (say("av ", "of ")) (count(latest.units_with_duty.into()))
                (say(" vårdenheter som ska rapportera har uppgifter i månaden", " care units that are to report have records in the month"))
            }
        }
        p class="soft" {
            (count(records)) (say(" poster: ", " records: "))
            (change(records, latest.previous, language)) (say(" mot månaden före, ", " on the month before, "))
            (change(records, latest.last_year, language)) (say(" mot samma månad året före.", " on the same month of the year before."))
        }
        @for due in &latest.deadlines { (deadline(due, address)) }
    }
}

fn deadline(due: &Deadline, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    html! {
        p class="soft" {
            span class="code" { (due.register) } ": "
            @if let Some(date) = due.primary { (say("levereras senast ", "due ")) time { (date) } }
            @if let Some(date) = due.refresh { (say(", omlevereras senast ", ", resubmitted until ")) time { (date) } }
            "."
        }
    }
}

/// What is found of the month as a whole, and the units that nothing came from.
fn together(latest: &Month, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    html! {
        @if !latest.found.is_empty() || !latest.missing.is_empty() {
            section {
                h2 { (say("Att titta på i månaden", "To look at in the month")) }
                ul class="hits" {
                    @for found in latest.found.iter().take(SHOWN_MAX) {
                        li {
                            p { (capital(language.of(&found.message)))
                                @if !found.unit.is_empty() { " " span class="code" { (found.unit) } } }
                            p class="soft" {
                                (count(found.records)) (say(" poster", " records"))
                                @if found.usual > 0 { (say(", brukar vara ", ", usually ")) (count(found.usual)) }
                                ". " (capital(language.of(&found.remedy)))
                            }
                            p class="small soft code" { (found.code) }
                        }
                    }
                }
                @if !latest.missing.is_empty() {
                    h3 { (say("Vårdenheter som inget kommit från", "Care units that nothing came from")) " " span class="soft" { (latest.missing.len()) } }
                    ul class="columns plain" { @for one in latest.missing.iter().take(SHOWN_MAX) { li { (unit(one)) } } }
                    @if latest.missing.len() > SHOWN_MAX { p class="soft" { (say("De första visas.", "The first are shown.")) } }
                }
            }
        }
    }
}

fn unit(unit: &Unit) -> Markup {
    html! {
        @if unit.name.is_empty() { span class="code" { (unit.hsa_id) } }
        @else { (unit.name) " " span class="code soft small" { (unit.hsa_id) } }
    }
}

/// The months, the latest first.
fn year(quality: &Quality, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let title = say("Månad för månad", "Month by month");
    html! {
        section {
            h2 { (title) }
            div class="scroll" tabindex="0" role="region" aria-label=(title) {
                table class="figures months" {
                    thead { tr {
                        th scope="col" { (say("Månad", "Month")) }
                        th scope="col" { (say("Godkända", "Accepted")) }
                        th scope="col" { (say("Väntar", "Waiting")) }
                        th scope="col" { (say("Avvisade", "Rejected")) }
                        th scope="col" { (say("Mot året före", "On the year before")) }
                        th scope="col" { (say("Vårdenheter", "Care units")) }
                    } }
                    tbody {
                        @for one in quality.months.iter().rev() {
                            tr {
                                th scope="row" {
                                    a href=(address.to(&format!("/kvalitet/rapportorer/{}", crate::address::segment(&quality.reporter.id)), &[(MONTH, &one.period)])) {
                                        (period_short(&one.period, language))
                                    }
                                }
                                td { (count(one.accepted)) }
                                td { (count(one.held)) }
                                td { (count(one.rejected)) }
                                td { (change(one.accepted + one.held, one.last_year, language)) }
                                td { (count(one.units_delivered.into())) (say(" av ", " of ")) (count(one.units_with_duty.into())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What was found most often.
fn common(quality: &Quality, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let number = |finding: &Common| count(finding.accepted + finding.held + finding.rejected);
    html! {
        section {
            h2 id="findings" { (say("Vanligaste anmärkningarna", "Most common findings")) }
            @if quality.findings.is_empty() {
                p class="empty" { (say("Inga anmärkningar under de här månaderna.", "No findings in these months.")) }
            }
            ol class="hits ranked" {
                @for finding in quality.findings.iter().take(SHOWN_MAX) {
                    li {
                        p class="figure-first" { strong { (number(finding)) } " " (capital(language.of(&finding.message))) }
                        p class="soft" { (capital(language.of(&finding.remedy))) }
                        p class="small soft" {
                            span class="code" { (finding.code) }
                            @if finding.rejected > 0 { " · " (count(finding.rejected)) (say(" avvisade", " rejected")) }
                            @if finding.held > 0 { " · " (count(finding.held)) (say(" väntar", " waiting")) }
                            @if finding.accepted > 0 { " · " (count(finding.accepted)) (say(" godkända", " accepted")) }
                        }
                    }
                }
            }
        }
    }
}

/// What waits, and for whom.
fn worklist(quality: &Quality, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    html! {
        section {
            h2 id="waiting" { (say("Arbetslista", "Worklist")) }
            @if quality.waiting.is_empty() {
                p class="empty" { (say("Inget väntar.", "Nothing waits.")) }
            } @else {
                p class="soft" {
                    (count(quality.held)) (say(" poster väntar. En post som väntar på flera uppgifter står i flera grupper.",
                                              " records wait. One that waits for several facts is in several groups."))
                }
            }
            ol class="hits ranked" { @for group in quality.waiting.iter().take(SHOWN_MAX) { (waits(group, address)) } }
            @if quality.waiting.len() > SHOWN_MAX { p class="soft" { (say("De största grupperna visas.", "The largest groups are shown.")) } }
        }
    }
}

fn waits(group: &Waiting, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let is_said = |label: &Label| !language.of(label).is_empty();
    html! {
        li {
            p class="figure-first" {
                strong { (count(group.records)) } " " (say("väntar på ", "wait for ")) (language.of(&group.what))
                @if is_said(&group.table) { span class="soft" { (say(", för ", ", for ")) (language.of(&group.table)) } }
                " " (owner(group.owner, address))
            }
            @if is_said(&group.remedy) { p class="soft" { (capital(language.of(&group.remedy))) } }
            p class="small soft" {
                @if group.unit.hsa_id.is_empty() { (say("Ingen vårdenhet angiven", "No care unit stated")) } @else { (unit(&group.unit)) }
                " · " (say("äldst ", "oldest ")) (count(group.oldest_days.into())) (say(" dagar", " days"))
            }
        }
    }
}

fn owner(owner: Owner, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let text = match owner {
        Owner::ReportingUnit => say("ni kan ange den", "yours to state"),
        Owner::UnitRegistration => say("enhetsregistret", "the registry of units"),
        Owner::Authority => say("myndigheten", "the authority"),
        Owner::Nobody => return html! {},
    };
    html! { span class="tag" { (text) } }
}
