//! What Vårdnav is, and how its pages are used.

use maud::{Markup, html};

use crate::Overview;
use crate::address::Address;
use crate::frame::{Section, frame};

/// The page about Vårdnav.
pub(crate) fn about(overview: &Overview, address: &Address) -> Markup {
    let say = |sv, en| address.language.pick(sv, en);
    let content = html! {
        h1 { (say("Om Vårdnav", "About Vårdnav")) }
        p class="lead" {
            (say("Vårdnav är ett gemensamt system för begrepp, klassificering och uppföljning av nära vård: mobil vård, \
                  sjukhusvård i hemmet, hälso- och sjukvård i hemmet, vårdplatser i primärvården och vård på distans.",
                 "Vårdnav is a shared system for the terms, classification and follow-up of care close to the patient: \
                  mobile care, hospital care at home, home health care, primary-care beds and remote care."))
        }
        h2 { (say("Så hänger det ihop", "How it fits together")) }
        dl class="wide" {
            dt { a href=(address.to("/begrepp", &[])) { (say("Begrepp", "Terms")) } }
            dd { (say("Vad orden betyder, vilka termer som rekommenderas och vilka som är avrådda, med källa och historik.",
                      "What the words mean, which terms are recommended and which are deprecated, with source and history.")) }
            dt { a href=(address.to("/klassificera", &[])) { (say("Klassificera", "Classify")) } }
            dd { (say("Ange vad som går att iaktta och se vårdform, vårdnivå, grupper och skyldigheter, med regeln och skälet.",
                      "State what can be observed and see form, level, groups and duties, with the rule and the reason.")) }
            dt { a href=(address.to("/", &[])) { (say("Analys", "Analysis")) } }
            dd { (say("Antal räknade ur registret. Små antal visas inte, för att ingen ska kunna kännas igen.",
                      "Counts from the register. Small counts are withheld, so that nobody can be recognised.")) }
        }
        h2 { (say("Releaser", "Releases")) }
        p {
            (say("Allt som avgör något är publicerat i en release: begrepp, beslutstabeller, variabler och mått. En release \
                  ändras aldrig efter publicering. Länkar med release i adressen visar alltid samma sak.",
                 "Everything that decides anything is published in a release: terms, decision tables, variables and \
                  measures. A release never changes once published. Links with a release in the address always show the \
                  same."))
        }
        p { a href=(address.to("/andringar", &[])) { (say("Vad som är nytt, och vad som är på remiss", "What is new, and what is out for comments")) } }
        @if let Some(release) = &overview.release {
            p { (say("Gällande release: ", "Release in force: ")) strong { (release.id) } ", "
                (address.language.of(&release.title)) ", " (say("för vård från ", "for care from ")) time { (release.from) } "." }
        }
        h2 { (say("Tillgänglighet och integritet", "Accessibility and privacy")) }
        p {
            (say("Sidorna fungerar med tangentbord, med skärmläsare, utan skript och på papper. De hämtar inget från \
                  andra platser och mäter inte besökare. Den enda kakan sätts när en rapportör loggar in. Varje sidas \
                  adress är dess tillstånd: spara den eller \
                  skicka den vidare.",
                 "The pages work by keyboard, with a screen reader, without scripts and on paper. They load nothing from \
                  elsewhere and do not measure visitors. The only cookie is set when a reporter signs in. The address \
                  of a page is its state: keep it or \
                  send it on."))
        }
    };
    frame(say("Om", "About"), Section::About, address, &content)
}
