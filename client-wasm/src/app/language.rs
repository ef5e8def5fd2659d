//! The languages of the screens, and those in which records hold names.

/// A language of the screens. A further one needs a line in [`LANGUAGES`] and a locale file.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// Its code, also the name of its locale file.
    pub code: &'static str,
    /// Its tag for dates and numbers. Arabic is shown with the digits that the programme writes.
    pub tag: &'static str,
    /// What its speakers call it.
    pub name: &'static str,
    /// Whether it runs from right to left.
    pub rtl: bool,
}

/// The languages of the screens, the first for those who speak none of them.
pub const LANGUAGES: &[Language] = &[
    Language {
        code: "en",
        tag: "en-GB",
        name: "English",
        rtl: false,
    },
    Language {
        code: "fr",
        tag: "fr",
        name: "Français",
        rtl: false,
    },
    // The Maghreb writes 0123456789 and the Mashriq ٠١٢٣٤٥٦٧٨٩ as well; everybody reads the former,
    // the programme's reports have them, and typed numbers are stored so. The months of plain `ar`
    // (يناير) are those most of the cities know.
    Language {
        code: "ar",
        tag: "ar-u-nu-latn",
        name: "العربية",
        rtl: true,
    },
    Language {
        code: "es",
        tag: "es",
        name: "Español",
        rtl: false,
    },
];

/// Languages offered for names in records.
pub const CONTENT: [&str; 8] = ["en", "fr", "ar", "es", "it", "pt", "de", "tr"];

/// The language called `code`.
pub fn language(code: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.code == code)
}

/// The language for a person who reads `wanted`, best first, as `fr-BE` or `fr`.
pub fn best<'a>(wanted: impl IntoIterator<Item = &'a str>) -> &'static Language {
    wanted
        .into_iter()
        .find_map(|tag| language(tag.split('-').next().unwrap_or(tag)))
        .unwrap_or(&LANGUAGES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_a_person_reads_wins() {
        assert_eq!(best(["de", "fr-BE", "en"]).code, "fr");
        assert_eq!(best(["ar-TN", "fr"]).code, "ar");
        assert_eq!(best(["es-419"]).code, "es");
        assert_eq!(best(["xx"]).code, "en");
        assert_eq!(best([]).code, "en");
    }
}
