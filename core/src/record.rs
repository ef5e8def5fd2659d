//! What a record kind is, and the registry of all kinds.
//!
//! A kind is declared once, as data. Genesis, reading, commands, conflicts,
//! forms, exports and the reference page all derive from the declaration;
//! nothing else in the project lists the fields of a record.

pub mod city;
pub mod event;
pub mod event_report;
pub mod organisation;
pub mod outcome;
pub mod path;
pub mod product;
pub mod programme;
pub mod read;
pub mod reference;
pub mod targeted_action;
pub mod value;
pub mod vocabulary;

pub use path::FieldPath;
pub use vocabulary::Vocabulary;

/// Every kind this version knows, in the order in which menus list them.
pub const KINDS: &[&Kind] = &[
    &programme::KIND,
    &event::KIND,
    &event_report::KIND,
    &city::KIND,
    &organisation::KIND,
    &outcome::KIND,
    &product::KIND,
    &targeted_action::KIND,
];

/// The kind called `name`, if this version knows it.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

/// A kind of record: one document type.
#[derive(Debug, PartialEq)]
pub struct Kind {
    /// Name in documents, references and addresses, such as `event`.
    pub name: &'static str,
    /// Newest version of the declaration. Rises by one when fields are added.
    pub schema: u16,
    /// Who may see records of this kind unless the record says otherwise.
    pub class: Class,
    /// Fields whose first non-empty value names the record to a person, best first.
    pub title: &'static [&'static str],
    /// Fields whose links name the bodies the record belongs to. Cities and organisations belong
    /// to themselves besides.
    pub owners: &'static [&'static str],
    /// The fields, in the order in which a form shows them.
    pub fields: &'static [Field],
}

impl Kind {
    /// The field called `name`.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A field of a record, or of an entry within a record.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// Name in the document and in texts (`event.field.dates`).
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What happens when two people set it at the same time.
    pub merge: Merge,
    /// Whether a complete record has a value here. Never blocks saving.
    pub required: bool,
    /// Which group of the form shows it; empty within entries.
    pub section: &'static str,
    /// The schema version that brought it.
    pub since: u16,
}

/// What a field holds, and with which Automerge type.
#[derive(Debug, PartialEq)]
pub enum Shape {
    /// One value in one register.
    Value(Scalar),
    /// One register for each language code, in a map.
    ByLanguage,
    /// Text that several people write together.
    Text,
    /// A set: a map from member to a flag, so that adding and removing never collide by position.
    Tags(Member),
    /// Several things of the same form, in a map.
    Entries(EntryKey, &'static [Field]),
}

/// What a register holds.
#[derive(Debug, PartialEq)]
pub enum Scalar {
    /// A line of text.
    Line,
    /// A whole number, at least the given one.
    Integer {
        /// Smallest value allowed.
        min: i64,
    },
    /// Yes or no.
    Flag,
    /// A [`crate::time::DateSpan`], as text.
    Dates,
    /// A [`crate::time::Date`], as text.
    Date,
    /// A time of day and date at the place of the event, as `2021-03-16T09:30`.
    LocalTime,
    /// An amount, as decimal text; never a floating point number.
    Decimal,
    /// One word of a vocabulary.
    Code(&'static Vocabulary),
    /// A [`crate::id::RecordRef`] to a record of one of these kinds.
    Link(&'static [&'static str]),
    /// A web address.
    Url,
}

/// What a set contains.
#[derive(Debug, PartialEq)]
pub enum Member {
    /// Words of a vocabulary.
    Code(&'static Vocabulary),
    /// Any short text.
    Free,
    /// References to records of these kinds.
    Link(&'static [&'static str]),
}

/// How the entries of a field are told apart.
#[derive(Debug, PartialEq)]
pub enum EntryKey {
    /// By a key made up where the entry is added. Each entry is a map object of its own.
    Generated,
    /// By words fixed in the declaration. The map objects exist from genesis on.
    Fixed(&'static Vocabulary),
    /// By the record the entry is about (a host city), so that two people who add the same one
    /// add one entry. Kept flat, as `city/amman|role`, because two map objects put on one key
    /// would hide each other.
    Link(&'static [&'static str]),
}

/// What happens when a register is set concurrently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// All values are shown, and a person chooses.
    Ask,
    /// One of the values is shown; the difference is only visible in the history.
    Quiet,
    /// The value that comes last in its vocabulary holds until a person chooses.
    Strictest,
}

/// Who may see a record.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Anyone.
    Public,
    /// Everyone who takes part in the programme.
    Peers,
    /// The partner organisations.
    Consortium,
    /// The city it is about, and the coordinators.
    CityPrivate,
    /// The person's own city and the organisers.
    Personal,
    /// Those who were present, under the Chatham House rule.
    Chatham,
}

impl Class {
    /// The word for it, one of [`vocabulary::VISIBILITY`].
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Peers => "peers",
            Self::Consortium => "consortium",
            Self::CityPrivate => "city_private",
            Self::Personal => "personal",
            Self::Chatham => "chatham",
        }
    }

    /// The class with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "public" => Self::Public,
            "peers" => Self::Peers,
            "consortium" => Self::Consortium,
            "city_private" => Self::CityPrivate,
            "personal" => Self::Personal,
            "chatham" => Self::Chatham,
            _ => return None,
        })
    }
}

/// Builds a declaration: `line("acronym").ask().required()`.
impl Field {
    const fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            shape,
            merge: Merge::Quiet,
            required: false,
            section: "",
            since: 1,
        }
    }

    /// A register.
    pub const fn value(name: &'static str, scalar: Scalar) -> Self {
        Self::new(name, Shape::Value(scalar))
    }

    /// A register with a line of text.
    pub const fn line(name: &'static str) -> Self {
        Self::value(name, Scalar::Line)
    }

    /// A register with a word of a vocabulary.
    pub const fn code(name: &'static str, vocabulary: &'static Vocabulary) -> Self {
        Self::value(name, Scalar::Code(vocabulary))
    }

    /// A register with a reference to a record of one of these kinds.
    pub const fn link(name: &'static str, kinds: &'static [&'static str]) -> Self {
        Self::value(name, Scalar::Link(kinds))
    }

    /// A line of text in each language.
    pub const fn by_language(name: &'static str) -> Self {
        Self::new(name, Shape::ByLanguage)
    }

    /// Text written together.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Shape::Text)
    }

    /// A set.
    pub const fn tags(name: &'static str, member: Member) -> Self {
        Self::new(name, Shape::Tags(member))
    }

    /// Several things of the same form.
    pub const fn entries(name: &'static str, key: EntryKey, fields: &'static [Field]) -> Self {
        Self::new(name, Shape::Entries(key, fields))
    }

    /// Concurrent values are put to a person.
    pub const fn ask(mut self) -> Self {
        self.merge = Merge::Ask;
        self
    }

    /// The strictest of concurrent values holds until a person chooses.
    pub const fn strictest(mut self) -> Self {
        self.merge = Merge::Strictest;
        self
    }

    /// A complete record has a value here.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The group of the form.
    pub const fn section(mut self, section: &'static str) -> Self {
        self.section = section;
        self
    }

    /// The schema version that brought the field.
    pub const fn since(mut self, schema: u16) -> Self {
        self.since = schema;
        self
    }
}
