//! Addresses: what the screen shows, as a path that can be shared, kept and gone back to.

use meltemi_core::record::{Kind, kind};

use super::account::invitation;

/// What the screen shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    /// The programme at a glance.
    Overview,
    /// The records of a kind.
    List {
        /// The kind.
        kind: &'static Kind,
        /// Search and filters, as they stand in the address.
        query: String,
    },
    /// The form for a new record.
    New {
        /// Its kind.
        kind: &'static Kind,
    },
    /// One record.
    Record {
        /// Its kind.
        kind: &'static Kind,
        /// Its key.
        key: String,
        /// The place in the record to go to, as a path; empty for the top.
        place: String,
    },
    /// Changes in quarantine.
    Decisions {
        /// The entry to decide on; empty for the list.
        id: String,
    },
    /// An invitation.
    Join {
        /// What proves it. It stands behind `#`, which browsers send to nobody.
        secret: String,
    },
    /// An address that leads nowhere.
    Lost {
        /// The address.
        path: String,
    },
}

/// Kinds with an address of their own; the others are below `/records`.
const FOLDERS: [(&str, &str); 3] = [
    ("event", "events"),
    ("city", "cities"),
    ("outcome", "outcomes"),
];

impl Route {
    /// Reads an address: the path, what follows `?` and what follows `#`.
    pub fn parse(path: &str, query: &str, fragment: &str) -> Self {
        let lost = || Self::Lost {
            path: path.to_owned(),
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => match invitation(fragment) {
                Some(secret) => Self::Join {
                    secret: secret.to_owned(),
                },
                None => Self::Overview,
            },
            ["decisions"] => Self::decisions(""),
            ["decisions", id] => Self::decisions(id),
            ["new", name] => kind(name).map_or_else(lost, |kind| Self::New { kind }),
            ["records", name] => kind(name).map_or_else(lost, |kind| Self::list(kind, query)),
            ["records", name, key] => {
                kind(name).map_or_else(lost, |kind| Self::record(kind, key, fragment))
            }
            [folder] => in_folder(folder).map_or_else(lost, |kind| Self::list(kind, query)),
            [folder, key] => {
                in_folder(folder).map_or_else(lost, |kind| Self::record(kind, key, fragment))
            }
            _ => lost(),
        }
    }

    /// The list of a kind.
    pub fn list(kind: &'static Kind, query: &str) -> Self {
        Self::List {
            kind,
            query: query.trim_start_matches('?').to_owned(),
        }
    }

    /// Changes in quarantine: one entry, or the list for none.
    pub fn decisions(id: &str) -> Self {
        Self::Decisions { id: id.to_owned() }
    }

    /// A record, or a place in it.
    pub fn record(kind: &'static Kind, key: &str, place: &str) -> Self {
        let place = place.trim_start_matches('#').to_owned();
        Self::Record {
            kind,
            key: key.to_owned(),
            place,
        }
    }

    /// The address.
    pub fn path(&self) -> String {
        match self {
            Self::Overview => "/".to_owned(),
            Self::List { kind, query } if query.is_empty() => folder(kind),
            Self::List { kind, query } => format!("{}?{query}", folder(kind)),
            Self::New { kind } => format!("/new/{}", kind.name),
            Self::Record { kind, key, place } if place.is_empty() => {
                format!("{}/{key}", folder(kind))
            }
            Self::Record { kind, key, place } => format!("{}/{key}#{place}", folder(kind)),
            Self::Decisions { id } if id.is_empty() => "/decisions".to_owned(),
            Self::Decisions { id } => format!("/decisions/{id}"),
            Self::Join { secret } => format!("/#/join/{secret}"),
            Self::Lost { path } => path.clone(),
        }
    }

    /// The kind of record it is about, when it is about one.
    pub fn kind(&self) -> Option<&'static Kind> {
        match self {
            Self::List { kind, .. } | Self::New { kind } | Self::Record { kind, .. } => Some(kind),
            Self::Overview | Self::Decisions { .. } | Self::Join { .. } | Self::Lost { .. } => None,
        }
    }

    /// The screen alone, without search, filters and place.
    #[must_use]
    pub fn screen(&self) -> Self {
        match self {
            Self::List { kind, .. } => Self::list(kind, ""),
            Self::Record { kind, key, .. } => Self::record(kind, key, ""),
            other => other.clone(),
        }
    }

    /// The place in the record to go to; empty for none.
    pub fn place(&self) -> &str {
        match self {
            Self::Record { place, .. } => place,
            _ => "",
        }
    }
}

fn folder(kind: &Kind) -> String {
    match FOLDERS.iter().find(|(name, _)| *name == kind.name) {
        Some((_, folder)) => format!("/{folder}"),
        None => format!("/records/{}", kind.name),
    }
}

fn in_folder(folder: &str) -> Option<&'static Kind> {
    let (name, _) = FOLDERS.iter().find(|(_, known)| *known == folder)?;
    kind(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_reads_back() {
        for address in [
            "/",
            "/events",
            "/events?q=sfax&year=2019",
            "/events/ev14",
            "/events/ev14#dates",
            "/cities/al-hoceima",
            "/records/product",
            "/records/event_report/ev14#summary",
            "/new/event",
            "/decisions",
            "/decisions/q-00ff",
            "/#/join/mli_x1y2",
            "/nowhere/at/all",
            "/records/nothing",
        ] {
            let (rest, fragment) = address.split_once('#').unwrap_or((address, ""));
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            assert_eq!(Route::parse(path, query, fragment).path(), address);
        }
    }

    #[test]
    fn all_kinds_have_an_address() {
        for known in meltemi_core::record::KINDS {
            let list = Route::list(known, "").path();
            assert_eq!(Route::parse(&list, "", "").kind(), Some(*known), "{list}");
        }
    }

    #[test]
    fn unknown_addresses_are_lost_and_slashes_do_not_matter() {
        assert!(matches!(
            Route::parse("/event/x/y/z", "", ""),
            Route::Lost { .. }
        ));
        assert!(matches!(
            Route::parse("/records/nothing/x", "", ""),
            Route::Lost { .. }
        ));
        assert_eq!(Route::parse("//events/", "", "").path(), "/events");
    }

    #[test]
    fn another_filter_is_the_same_screen_and_another_record_is_not() {
        let screen =
            |path: &str, query: &str, place: &str| Route::parse(path, query, place).screen();
        assert_eq!(screen("/events", "q=a", ""), screen("/events", "q=b", ""));
        assert_ne!(screen("/events", "", ""), screen("/cities", "", ""));
        assert_eq!(
            screen("/events/a", "", "dates"),
            screen("/events/a", "", "")
        );
        assert_ne!(screen("/events/a", "", ""), screen("/events/b", "", ""));
    }
}
