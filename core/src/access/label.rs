//! Facts as a short text, which the catalogue keeps for each document so that access is known
//! without loading it: `event mc2cm peers city/amman+organisation/uclg`.
//!
//! Parts that are empty are `-`, a class that is not settled is `?`. Before there was access a
//! label was the kind alone: of such a document neither programme nor class is known.

use std::fmt;
use std::str::FromStr;

use super::{Answer, Facts, Member, decide};
use crate::id::RecordRef;
use crate::record::Class;

/// A label taken apart, nothing copied.
struct Parts<'a> {
    kind: &'a str,
    programme: &'a str,
    class: Option<Class>,
    owners: &'a str,
}

impl<'a> Parts<'a> {
    fn of(label: &'a str) -> Option<Self> {
        let mut parts = label.split(' ');
        let kind = parts.next().filter(|kind| !kind.is_empty())?;
        let Some(programme) = parts.next() else {
            return Some(Self {
                kind,
                programme: "",
                class: None,
                owners: "",
            });
        };
        let (class, owners) = (parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            kind,
            programme,
            class: Class::of_word(class),
            owners: if owners == "-" { "" } else { owners },
        })
    }

    fn owners(&self) -> impl Iterator<Item = &'a str> {
        self.owners.split('+').filter(|owner| !owner.is_empty())
    }
}

/// What `member` may do with a document that has this label. The same as [`super::answer`] says of
/// its facts; what is no label is nobody's.
pub fn answer_label(member: &Member, label: &str) -> Answer {
    let Some(parts) = Parts::of(label) else {
        return Answer::None;
    };
    let own = member.body.as_ref().is_some_and(|body| {
        let is_body = |(kind, key): (&str, &str)| kind == body.kind && key == body.key;
        parts
            .owners()
            .any(|o| o.split_once('/').is_some_and(is_body))
    });
    decide(member, parts.programme, parts.kind, parts.class, own)
}

/// Whether a label says all that this version puts into one.
pub fn is_current(label: &str) -> bool {
    label.split(' ').count() == 4
}

impl Facts {
    /// The name of the kind that a label begins with, also one of an older version.
    pub fn kind_in(label: &str) -> &str {
        label.split_once(' ').map_or(label, |(kind, _)| kind)
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class.map_or("?", Class::word);
        write!(f, "{} {} {class} ", self.kind, self.programme)?;
        if self.owners.is_empty() {
            return f.write_str("-");
        }
        for (at, owner) in self.owners.iter().enumerate() {
            if at > 0 {
                f.write_str("+")?;
            }
            write!(f, "{owner}")?;
        }
        Ok(())
    }
}

/// A text that is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a label: expected kind, programme, class and owners")]
pub struct LabelError(String);

impl FromStr for Facts {
    type Err = LabelError;

    fn from_str(label: &str) -> Result<Self, Self::Err> {
        let error = || LabelError(label.chars().take(80).collect());
        let parts = Parts::of(label).ok_or_else(error)?;
        let owners = parts.owners().map(str::parse::<RecordRef>);
        Ok(Self {
            programme: parts.programme.to_owned(),
            kind: parts.kind.to_owned(),
            class: parts.class,
            owners: owners.collect::<Result<_, _>>().map_err(|_| error())?,
        })
    }
}
