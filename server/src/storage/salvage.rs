//! Finds what can be saved in the bytes of a database file, without the database.
//!
//! Parts describe themselves ([`super::part`]) and lie in one piece in sled's log and in redb's
//! pages. So whatever state the database is in, they can be found by reading its file from end to
//! end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{CatalogueEntry, Loaded, StoredChunk};

use super::entry;
use super::part::{HEADER, Header, Holds, LONGEST, MAGIC, Name};

const WINDOW: usize = 4 * 1024 * 1024;

/// A part found in the file.
pub(crate) struct Found<'a> {
    /// Its description.
    pub(crate) header: Header,
    /// Its content; nothing when that is damaged.
    pub(crate) content: Option<&'a [u8]>,
    /// Description and content, as far as they are there.
    pub(crate) bytes: &'a [u8],
    /// Where its content begins in the file.
    pub(crate) place: u64,
}

/// Calls `found` for every part in the file at `path`, in the order in which they lie there.
/// The same part may come several times: databases copy pages.
pub(crate) fn scan(
    path: &Path,
    mut found: impl FnMut(Found<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut window = Vec::with_capacity(WINDOW + HEADER + LONGEST);
    let mut start = 0;
    let finder = memchr::memmem::Finder::new(MAGIC);
    loop {
        let read = (&mut file).take(WINDOW as u64).read_to_end(&mut window)?;
        let last = read < WINDOW;
        // A part that may go on behind the window waits for the next one.
        let end = if last {
            window.len()
        } else {
            window.len().saturating_sub(HEADER + LONGEST)
        };
        let mut at = 0;
        while let Some(next) = finder.find(&window[at..]).map(|next| at + next) {
            if next >= end {
                break;
            }
            let bytes = &window[next..];
            at = next + MAGIC.len();
            if let Some(header) = Header::read(bytes) {
                let content = header.content(bytes);
                let place = start + (next + HEADER) as u64;
                let len = bytes.len().min(HEADER + usize::from(header.len));
                found(Found {
                    header,
                    content,
                    bytes: &bytes[..len],
                    place,
                })?;
                if content.is_some() {
                    at = next + len;
                }
            }
        }
        if last {
            return Ok(());
        }
        let done = at.max(end);
        window.drain(..done);
        start += done as u64;
    }
}

/// What can be saved of a database file.
pub(crate) struct Salvage {
    files: Vec<File>,
    whole: BTreeMap<Name, Pieces>,
    damaged: BTreeSet<Name>,
}

/// In which file, where, and how many bytes.
type Place = (usize, u64, u16);

/// The parts found of one copy of something, and the length of the whole.
type Copies = BTreeMap<(Name, u64), (u32, Vec<Option<Place>>)>;

/// Where the parts of the newest whole copy of something lie.
struct Pieces {
    batch: u64,
    total: u32,
    places: Vec<Place>,
}

impl Salvage {
    /// Reads the files from end to end and notes what is whole.
    pub(crate) fn read(paths: &[PathBuf]) -> io::Result<Self> {
        let mut open = Copies::new();
        for (file, path) in paths.iter().enumerate() {
            Self::read_file(file, path, &mut open)?;
        }
        let files = paths.iter().map(File::open).collect::<io::Result<_>>()?;
        Ok(Self::sort_out(files, open))
    }

    fn read_file(file: usize, path: &Path, open: &mut Copies) -> io::Result<()> {
        scan(
            path,
            |Found {
                 header,
                 content,
                 place,
                 ..
             }| {
                let (_, parts) = open
                    .entry((header.name, header.batch.number))
                    .or_insert_with(|| (header.total, vec![None; usize::from(header.parts)]));
                if let Some(slot) = parts.get_mut(usize::from(header.part))
                    && content.is_some()
                {
                    slot.get_or_insert((file, place, header.len));
                }
                Ok(())
            },
        )
    }

    fn sort_out(files: Vec<File>, open: Copies) -> Self {
        let mut whole: BTreeMap<Name, Pieces> = BTreeMap::new();
        let mut damaged = BTreeMap::new();
        // In order of batches, so that the newest whole copy is the one that stays.
        for ((name, batch), (total, parts)) in open {
            match parts.into_iter().collect::<Option<Vec<_>>>() {
                Some(places) => {
                    whole.insert(
                        name,
                        Pieces {
                            batch,
                            total,
                            places,
                        },
                    );
                }
                None => {
                    damaged.insert(name, batch);
                }
            }
        }
        // What is older than a snapshot of its document was replaced by it: its place may have been
        // used for something else since.
        let mut snapshots: BTreeMap<DocumentId, u64> = BTreeMap::new();
        for (name, pieces) in whole
            .iter()
            .filter(|(name, _)| name.holds == Holds::Snapshot)
        {
            let newest = snapshots.entry(name.document).or_default();
            *newest = pieces.batch.max(*newest);
        }
        let replaced = |name: &Name, batch| {
            whole.contains_key(name) || snapshots.get(&name.document).is_some_and(|s| *s > batch)
        };
        let damaged = damaged
            .into_iter()
            .filter(|(n, batch)| !replaced(n, *batch))
            .map(|(n, _)| n)
            .collect();
        Self {
            files,
            whole,
            damaged,
        }
    }

    /// Everything that is whole, with the number of the batch that wrote it.
    pub(crate) fn names(&self) -> impl Iterator<Item = (Name, u64)> + '_ {
        self.whole
            .iter()
            .map(|(name, pieces)| (*name, pieces.batch))
    }

    /// What is there in part only.
    pub(crate) fn damaged(&self) -> impl Iterator<Item = Name> + '_ {
        self.damaged.iter().copied()
    }

    /// The bytes of something whole.
    pub(crate) fn bytes(&self, name: &Name) -> io::Result<Option<Vec<u8>>> {
        let Some(pieces) = self.whole.get(name) else {
            return Ok(None);
        };
        let mut bytes = vec![0; pieces.total as usize];
        let mut rest = bytes.as_mut_slice();
        for (file, place, len) in &pieces.places {
            let Some((piece, behind)) = rest.split_at_mut_checked(usize::from(*len)) else {
                return Ok(None);
            };
            let mut file = &self.files[*file];
            file.seek(SeekFrom::Start(*place))?;
            file.read_exact(piece)?;
            rest = behind;
        }
        Ok(rest.is_empty().then_some(bytes))
    }

    /// The catalogue, as far as it is whole; documents without an entry come with empty heads.
    pub(crate) fn catalogue(&self) -> io::Result<Vec<CatalogueEntry>> {
        let documents: BTreeSet<DocumentId> = self
            .whole
            .keys()
            .chain(&self.damaged)
            .filter(|name| name.holds != Holds::Note)
            .map(|name| name.document)
            .collect();
        let mut entries = Vec::with_capacity(documents.len());
        for document in documents {
            let bytes = self.bytes(&Name::entry(document))?;
            let entry = bytes.and_then(|bytes| entry::decode(document, &bytes));
            entries.push(entry.unwrap_or_else(|| CatalogueEntry::unknown(document)));
        }
        Ok(entries)
    }

    /// The chunks of one document.
    pub(crate) fn load(&self, document: &DocumentId) -> io::Result<Loaded> {
        let first = Name {
            holds: Holds::Snapshot,
            ..Name::entry(*document)
        };
        let last = Name {
            document: *document,
            holds: Holds::Increment,
            hash: [255; 32],
        };
        let names: Vec<Name> = self
            .whole
            .range(first..=last)
            .map(|(name, _)| *name)
            .collect();
        let mut loaded = Loaded {
            chunks: Vec::new(),
            damaged: self
                .damaged
                .range(first..=last)
                .filter_map(Name::chunk_key)
                .collect(),
        };
        for name in names {
            match (name.chunk_key(), self.bytes(&name)?) {
                (Some(key), Some(bytes)) => loaded.chunks.push(StoredChunk { key, bytes }),
                (Some(key), None) => loaded.damaged.push(key),
                (None, _) => {}
            }
        }
        Ok(loaded)
    }
}
