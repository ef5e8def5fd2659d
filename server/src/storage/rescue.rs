//! Opening a database so that nothing which was acknowledged is lost, whatever lies on the disk.
//!
//! sled reads its log from the last start on and cuts it at the first damaged message, with all
//! that comes after. So before it may touch the file, what was written since the last start is
//! copied out; what is missing afterwards is written again. And when pages turn out to be damaged,
//! a new database is made from every part that is whole; the old one stays beside it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::beside::{self, remove_if_there};
use super::database::Database;
use super::flush_mark;
use super::part::{Batch, Header, Holds, Name};
use super::salvage::{self, Found, Salvage};
use super::sled::{SledError, database_file};

/// Opens the database in `folder`, or makes one.
pub(crate) fn open(folder: &Path) -> Result<Database, SledError> {
    beside::finish_exchange(folder)?;
    let known = flush_mark::read(folder);
    let copied = copy_recent(folder)?;
    let mut there = copied.newest;
    let mut rebuilt = false;
    let mut database = match Database::open(folder) {
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "the database does not open; building it anew from what is whole");
            there = there.max(rebuild(folder)?);
            rebuilt = true;
            Database::open(folder)?
        }
        other => other?,
    };
    let recovered = database.newest();
    if !rebuilt {
        there = there.max(recovered);
    }
    if !rebuilt && copied.newest > recovered {
        let recent = Recent::read(&recent(folder), recovered)?;
        recent.write_again(&mut database, copied.flushed)?;
        database.skip_to(copied.newest)?;
        database.flush()?;
    }
    if there < known {
        beside::note_lost(folder, known - there)?;
        database.skip_to(known)?;
        database.flush()?;
    }
    fs::write(opened(folder), recovered.to_string())?;
    remove_if_there(&recent(folder))?;
    Ok(database)
}

/// Makes a new database in the place of the one in `folder`, which stays beside it. Returns the
/// number of the newest batch of which something was found.
pub(crate) fn rebuild(folder: &Path) -> Result<u64, SledError> {
    let aside = beside::damaged(folder)?;
    let new = beside::rebuilding(folder);
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    let mut files = vec![database_file(folder)];
    files.extend(Some(recent(folder)).filter(|path| path.exists()));
    let salvage = Salvage::read(&files)?;
    let mut database = Database::open(&new)?;
    let names: Vec<(Name, u64)> = salvage.names().collect();
    let newest = names.iter().map(|(_, batch)| *batch).max().unwrap_or(0);
    database.skip_to(newest)?;
    for (name, _) in names {
        if !name.is_newest_note()
            && let Some(bytes) = salvage.bytes(&name)?
        {
            database.apply(&[(name, &bytes)], &[])?;
        }
    }
    let damaged: Vec<Name> = salvage
        .damaged()
        .filter(|name| name.chunk_key().is_some())
        .collect();
    for name in &damaged {
        database.mark_damaged(name)?;
    }
    database.flush()?;
    drop(database);
    beside::exchange(folder, &aside)?;
    fs::write(opened(folder), "0")?;
    remove_if_there(&recent(folder))?;
    let parts = damaged.len();
    tracing::warn!(damaged = parts, kept = %aside.display(), "the database was built anew");
    Ok(newest)
}

/// Number of the newest batch when the database was opened last.
fn opened(folder: &Path) -> PathBuf {
    folder.with_extension("opened")
}

/// What was written since then, copied out of the database file.
fn recent(folder: &Path) -> PathBuf {
    folder.with_extension("recent")
}

/// The greatest numbers among the copied parts.
#[derive(Default)]
struct Copied {
    newest: u64,
    flushed: u64,
}

/// Copies the parts written since the last start out of the database file.
fn copy_recent(folder: &Path) -> io::Result<Copied> {
    let database = database_file(folder);
    if !database.exists() {
        // What is left beside a database that was taken away says nothing of a new one.
        remove_if_there(&opened(folder))?;
        remove_if_there(&recent(folder))?;
        return Ok(Copied::default());
    }
    let mut copied = Copied {
        newest: 0,
        flushed: flush_mark::read(folder),
    };
    let since = fs::read_to_string(opened(folder))
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let recent = recent(folder);
    let unfinished = recent.with_extension("recent-unfinished");
    let mut out = BufWriter::new(File::create(&unfinished)?);
    let mut seen = HashSet::new();
    let mut damaged = BTreeMap::new();
    // A copy from a start that was cut off holds what sled may have removed from its file since.
    for source in [&recent, &database]
        .into_iter()
        .filter(|path| path.exists())
    {
        salvage::scan(
            source,
            |Found {
                 header,
                 content,
                 bytes,
                 ..
             }| {
                let Batch {
                    number, flushed, ..
                } = header.batch;
                if number > since {
                    copied.newest = copied.newest.max(number);
                    copied.flushed = copied.flushed.max(flushed);
                    let part = (number, header.name, header.part);
                    if content.is_none() {
                        damaged.insert(part, bytes.to_vec());
                    } else if seen.insert(part) {
                        out.write_all(bytes)?;
                    }
                }
                Ok(())
            },
        )?;
    }
    // Kept as they are, so that it is known later that something was there.
    for (_, bytes) in damaged.into_iter().filter(|(part, _)| !seen.contains(part)) {
        out.write_all(&bytes)?;
    }
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(&unfinished, &recent)?;
    Ok(copied)
}

/// Parts written after the newest batch that sled still has, by batch.
struct Recent {
    batches: BTreeMap<u64, Vec<(Header, Vec<u8>)>>,
}

impl Recent {
    fn read(path: &Path, recovered: u64) -> io::Result<Self> {
        let mut batches: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        salvage::scan(path, |Found { header, bytes, .. }| {
            if header.batch.number > recovered {
                batches
                    .entry(header.batch.number)
                    .or_default()
                    .push((header, bytes.to_vec()));
            }
            Ok(())
        })?;
        Ok(Self { batches })
    }

    /// Writes the batches again that were on the disk. Of those after the last flush nobody was
    /// told, so they come back only as long as none before them is missing.
    fn write_again(self, database: &mut Database, flushed: u64) -> Result<(), SledError> {
        let mut next = database.newest() + 1;
        let mut documents = BTreeSet::new();
        for (number, parts) in self.batches {
            let intact = parts
                .iter()
                .filter(|(header, bytes)| header.content(bytes).is_some());
            let whole = parts
                .first()
                .is_some_and(|(h, _)| h.batch.parts as usize == intact.count());
            if number > flushed && (number != next || !whole) {
                break;
            }
            if number <= flushed {
                documents.extend(
                    parts
                        .iter()
                        .filter(|(h, _)| h.name.holds != Holds::Note)
                        .map(|(h, _)| h.name.document),
                );
            }
            database.put_parts(&parts)?;
            next = number + 1;
        }
        if !documents.is_empty() {
            let documents = documents.len();
            tracing::warn!(
                documents,
                "sled lost writes that were on the disk; they were put back"
            );
        }
        Ok(())
    }
}
