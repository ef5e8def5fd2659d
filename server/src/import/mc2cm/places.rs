//! Names of places and countries as the text writes them, and the records they mean.

use std::collections::BTreeMap;

use meltemi_core::id::RecordRef;
use serde_json::Value;

use super::super::ImportError;
use super::super::node::{Node, wrong};

/// Countries that the text names without a code.
const COUNTRIES: &[(&str, &str)] = &[
    ("Cameroon", "cm"),
    ("Kenya", "ke"),
    ("Libya", "ly"),
    ("Malta", "mt"),
    ("Turkey", "tr"),
];

/// The places of the text by name, and the codes of countries by name.
#[derive(Debug)]
pub(super) struct Places {
    cities: BTreeMap<String, String>,
    countries: BTreeMap<String, String>,
}

impl Places {
    /// Gathers ids, names, aliases and labels of all places.
    pub(super) fn read(top: &Node<'_>) -> Result<Self, ImportError> {
        let mut places = Self {
            cities: BTreeMap::new(),
            countries: BTreeMap::new(),
        };
        for (name, code) in COUNTRIES {
            places.countries.insert(normal(name), (*code).to_owned());
        }
        for list in ["cities", "other_places"] {
            for node in top.nodes(list)? {
                let id = super::id(&node)?;
                if let Some(code) = node.text("iso2")? {
                    let country = node.needed("country", "the name of a country")?;
                    places
                        .countries
                        .insert(normal(country), code.to_ascii_lowercase());
                }
                let names = [Some(id), node.text("name")?, node.text("seed_label")?];
                for name in names.into_iter().flatten().chain(node.texts("aliases")?) {
                    let known = places
                        .cities
                        .entry(normal(name))
                        .or_insert_with(|| id.to_owned());
                    if known != id {
                        let expected = format!("a name that is not also one of {known:?}");
                        return Err(wrong(node.place(), &Value::from(name), &expected));
                    }
                }
            }
        }
        Ok(places)
    }

    /// The city, region or group called `name`, by id, name or alias.
    pub(super) fn find(&self, name: &str) -> Option<RecordRef> {
        Some(RecordRef::new("city", self.cities.get(&normal(name))?))
    }

    /// The place that `place` of the text names.
    pub(super) fn city(&self, name: &str, place: &str) -> Result<RecordRef, ImportError> {
        self.find(name).ok_or_else(|| ImportError::NoSuch {
            place: place.to_owned(),
            what: "city or other place",
            name: name.chars().take(80).collect(),
        })
    }

    /// The code of the country that stands in `node` by name.
    pub(super) fn country(&self, node: &Node<'_>) -> Result<&str, ImportError> {
        let name = node.needed("country", "the name of a country")?;
        self.countries
            .get(&normal(name))
            .map(String::as_str)
            .ok_or_else(|| {
                let expected = "a country that a city of the file has with its \"iso2\" code";
                wrong(&node.at("country"), &Value::from(name), expected)
            })
    }
}

/// `name` without what spellings differ in: case, accents, apostrophes, dashes, spaces.
pub(super) fn normal(name: &str) -> String {
    let plain = |c: char| match c {
        'à' | 'á' | 'â' | 'ä' | 'ã' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        other => other,
    };
    let letters = name.chars().flat_map(char::to_lowercase).map(plain);
    letters.filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_name_are_one_name() {
        for (a, b) in [
            ("Tétouan", "tetouan"),
            ("al-hoceima", "Al Hoceima"),
            ("Ksar el-Kebir", "Ksar El–Kebir"),
            ("Municipalité d'Oujda", "municipalite d’Oujda"),
        ] {
            assert_eq!(normal(a), normal(b));
        }
        assert_ne!(normal("Tangier"), normal("Tangiers"));
    }
}
