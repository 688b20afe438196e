//! What anybody may see of quality: of the care units that are to report, how many did, by region and month. And the
//! way in for reporters.

use maud::{Markup, html};

use super::{Coverage, RegionCoverage, SignedIn};
use crate::address::Address;
use crate::frame::{Section, frame};
use crate::typography::{count, percent, period, period_short};

/// Width of the bar of a share, in pixels.
const BAR: u32 = 120;

/// The page; `told` is what went wrong with a sign-in.
pub(super) fn page(
    coverage: &Coverage,
    signed_in: Option<&SignedIn>,
    told: Option<&str>,
    address: &Address,
) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let content = html! {
        h1 { (say("Kvalitet", "Quality")) }
        p class="lead" {
            (say("En siffra är inte bättre än det som rapporteras. Här syns om de vårdenheter som ska rapportera har gjort \
                  det. Den som rapporterar ser också sina egna siffror, anmärkningar och vad som väntar.",
                 "A figure is no better than what is reported. Here is shown whether the care units that are to report \
                  did. Those who report also see their own figures, findings and what waits."))
        }
        @if let Some(told) = told { p class="note bad" role="alert" { (told) } }
        (way_in(signed_in, address))
        section {
            h2 { (say("Täckning per region", "Coverage by region")) }
            @if coverage.regions.is_empty() {
                p class="empty" { (say("Inga vårdenheter är registrerade som rapporterande ännu.", "No care units are registered as reporting yet.")) }
            } @else {
                p { (say("Vårdenheter som ska rapportera, och hur många av dem som det finns någon uppgift från för månaden. \
                          Det säger inget om hur fullständig var och en är.",
                         "Care units that are to report, and how many of them there is some record from for the month. It \
                          does not say how complete each of them is.")) }
                (table(coverage, address))
            }
        }
    };
    frame(say("Kvalitet", "Quality"), Section::Quality, address, &content)
}

fn way_in(signed_in: Option<&SignedIn>, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let inside = address.to("/kvalitet/rapportorer", &[]);
    html! {
        section class="result way-in" aria-labelledby="way-in" {
            h2 id="way-in" { (say("För dig som rapporterar", "For those who report")) }
            @match signed_in {
                Some(who) if who.is_open => {
                    p { (say("Den här servern nås bara från den egna datorn och har ingen inloggning, så allt visas för den som sitter vid den.",
                             "This server is reached from this computer alone and knows no sign-in, so everything is shown to whoever sits at it.")) }
                    p class="actions" { a class="button" href=(inside) { (say("Rapportörernas sidor", "The reporters’ pages")) } }
                },
                Some(who) => {
                    p { (say("Inloggad som ", "Signed in as ")) strong { (who.name) } "." }
                    div class="actions" {
                        a class="button" href=(inside) { (say("Dina rapportörer", "Your reporters")) }
                        (sign_out(address))
                    }
                },
                None => {
                    p { (say("Logga in med samma nyckel som systemet rapporterar med. Den glöms efter åtta timmar, eller när du loggar ut.",
                             "Sign in with the token that your system reports with. It is forgotten after eight hours, or when you sign out.")) }
                    form class="search" action=(address.to("/kvalitet/inloggning", &[])) method="post" {
                        label for="token" { (say("Nyckel", "Token")) }
                        input type="password" id="token" name="token" required maxlength="512" autocomplete="current-password" spellcheck="false";
                        button { (say("Logga in", "Sign in")) }
                    }
                },
            }
        }
    }
}

/// The form that signs out.
pub(super) fn sign_out(address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    html! {
        form action=(address.to("/kvalitet/utloggning", &[])) method="post" {
            button class="quiet" { (say("Logga ut", "Sign out")) }
        }
    }
}

fn table(coverage: &Coverage, address: &Address) -> Markup {
    let language = address.language;
    let say = |sv, en| language.pick(sv, en);
    let (Some(latest), earlier) = split(&coverage.months) else {
        return html! {};
    };
    let whole = RegionCoverage {
        name: say("Hela landet", "The whole country").to_owned(),
        months: (0..coverage.months.len()).map(|at| sum(coverage, at)).collect(),
        ..RegionCoverage::default()
    };
    let caption = say("Vårdenheter som har rapporterat", "Care units that reported");
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(caption) {
            table class="figures coverage" {
                caption { (caption) ", " (period(latest, language)) (say(", och andelen månaderna före", ", and the share in the months before")) }
                thead { tr {
                    th scope="col" { (say("Region", "Region")) }
                    th scope="col" class="wide" { (period_short(latest, language)) }
                    th scope="col" { (say("andel", "share")) }
                    @for name in earlier.iter().rev() { th scope="col" { (period_short(name, language)) } }
                } }
                tbody { @for region in std::iter::once(&whole).chain(&coverage.regions) { (row(region, address)) } }
            }
        }
    }
}

fn row(region: &RegionCoverage, address: &Address) -> Markup {
    let language = address.language;
    let (Some(latest), earlier) = split(&region.months) else {
        return html! {};
    };
    let (of, did) = *latest;
    html! {
        tr {
            th scope="row" { (region.name) }
            td class="wide" {
                (bar(did, of)) " " (count(did.into())) (language.pick(" av ", " of ")) (count(of.into()))
            }
            td { (percent(did.into(), of.into(), language)) }
            @for (of, did) in earlier.iter().rev() { td class="soft" { (percent((*did).into(), (*of).into(), language)) } }
        }
    }
}

/// A share as a bar; the figure stands beside it.
fn bar(part: u32, of: u32) -> Markup {
    let filled = (u64::from(BAR) * u64::from(part))
        .checked_div(of.into())
        .unwrap_or(0);
    html! {
        svg class="bar" width=(BAR) height="8" viewBox={ "0 0 " (BAR) " 8" } aria-hidden="true" focusable="false" {
            rect class="of" width=(BAR) height="8" rx="4" {}
            @if filled > 0 { rect class="part" width=(filled) height="8" rx="4" {} }
        }
    }
}

/// The last of a row, and what is before it.
fn split<T>(row: &[T]) -> (Option<&T>, &[T]) {
    match row.split_last() {
        Some((last, before)) => (Some(last), before),
        None => (None, &[]),
    }
}

fn sum(coverage: &Coverage, at: usize) -> (u32, u32) {
    let of_month = coverage.regions.iter().filter_map(|region| region.months.get(at));
    of_month.fold((0, 0), |(of, did), month| (of + month.0, did + month.1))
}
