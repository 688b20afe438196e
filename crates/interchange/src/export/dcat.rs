//! The description of an export for catalogues of data sets: DCAT-AP as JSON-LD. It says what the data set is, of which
//! month, that it is not open, and which files it has with their hashes.

use serde_json::{Value, json};

use super::columns::Table;
use super::manifest::{Manifest, hex};

const PARQUET: &str = "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet";
const CSV: &str = "https://www.iana.org/assignments/media-types/text/csv";

/// The bytes of the file. `first` and `last` are the first and last day of the month.
pub fn dcat(manifest: &Manifest, tables: &[Table], (first, last): (&str, &str)) -> Vec<u8> {
    let month = &manifest.month;
    let id = format!("urn:vardnav:export:{month}:{}", manifest.created);
    let distributions = manifest.files.iter().map(|(name, facts)| {
        let table = tables
            .iter()
            .find(|table| format!("{}.parquet", table.name) == *name);
        let title = table.map_or_else(
            || both("Variabelförteckning", "List of variables"),
            |table| both(&table.label.sv, &table.label.en),
        );
        json!({
            "@id": format!("{id}:{name}"),
            "@type": "dcat:Distribution",
            "dct:title": title,
            "dcat:accessURL": {"@id": name},
            "dcat:downloadURL": {"@id": name},
            "dcat:mediaType": {"@id": if table.is_some() { PARQUET } else { CSV }},
            "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": facts.bytes.to_string()},
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": hex(&facts.sha256)},
            },
        })
    });
    let document = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": id,
        "@type": "dcat:Dataset",
        "dct:title": both(
            &format!("Nära vård: poster som börjar i {month}"),
            &format!("Near care: records that begin in {month}"),
        ),
        "dct:description": both(
            "Vårdkontakter, vårdepisoder och övervakningsperioder med härledda klasser. Personuppgifter utan identitet; \
             omfattas av sekretess.",
            "Care contacts, episodes of care and monitoring periods with derived classes. Personal data without \
             identities; subject to secrecy.",
        ),
        "dct:identifier": id,
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/SWE"},
        "dct:accessRights": {
            "@id": "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC"
        },
        "dcat:theme": {"@id": "http://publications.europa.eu/resource/authority/data-theme/HEAL"},
        "dct:spatial": {"@id": "http://publications.europa.eu/resource/authority/country/SWE"},
        "dct:issued": {"@type": "xsd:dateTime", "@value": manifest.created},
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@type": "xsd:date", "@value": first},
            "dcat:endDate": {"@type": "xsd:date", "@value": last},
        },
        "dcat:version": manifest.release,
        "dcat:distribution": distributions.collect::<Vec<Value>>(),
    });
    let mut bytes = format!("{document:#}").into_bytes();
    bytes.push(b'\n');
    bytes
}

fn both(sv: &str, en: &str) -> Value {
    json!([{"@language": "sv", "@value": sv}, {"@language": "en", "@value": en}])
}
