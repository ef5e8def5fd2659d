//! What lies beside a database: the one it is built anew in, damaged ones, a note of what is lost.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::limits;

/// Where a new database is made before it takes the place of the one at `place`.
pub(crate) fn rebuilding(place: &Path) -> PathBuf {
    place.with_extension("rebuilding")
}

/// Where a damaged database goes, so that a person can look at it.
pub(crate) fn damaged(place: &Path) -> io::Result<PathBuf> {
    (1..=limits::DAMAGED_KEPT)
        .map(|n| place.with_extension(format!("damaged-{n}")))
        .find(|path| !path.exists())
        .ok_or_else(|| {
            io::Error::other(format!(
                "the database was damaged {} times already; check the disk, then delete {}",
                limits::DAMAGED_KEPT,
                place.with_extension("damaged-…").display()
            ))
        })
}

/// Puts the finished new database in the place of the old one, and that one aside.
pub(crate) fn exchange(place: &Path, aside: &Path) -> io::Result<()> {
    fs::rename(place, aside)?;
    fs::rename(rebuilding(place), place)?;
    place.parent().map_or(Ok(()), sync_folder)
}

/// Ends an exchange that was cut off between its two steps.
pub(crate) fn finish_exchange(place: &Path) -> io::Result<()> {
    let rebuilding = rebuilding(place);
    if !place.exists() && rebuilding.exists() {
        fs::rename(&rebuilding, place)?;
    }
    Ok(())
}

/// Notes that so many writes are gone which were on the disk. Stays until a person removes it.
pub(crate) fn note_lost(place: &Path, writes: u64) -> io::Result<()> {
    note(
        place,
        &format!("the end of the database file is gone, and {writes} writes with it"),
    )
}

/// Notes that the database was built anew in a way that does not show whether anything is gone.
pub(crate) fn note_rebuilt(place: &Path) -> io::Result<()> {
    note(
        place,
        "the database was damaged and built anew from what was whole, and some writes may be gone",
    )
}

fn note(place: &Path, what: &str) -> io::Result<()> {
    tracing::error!("{what}");
    fs::write(lost_note(place), what)
}

/// What to tell a person when writes are gone, or may be, since now or an earlier start.
pub(crate) fn lost(place: &Path) -> Option<String> {
    let note = lost_note(place);
    let what = fs::read_to_string(&note).ok()?;
    Some(format!(
        "{what}; let all devices connect, or restore an export, then delete {}",
        note.display()
    ))
}

fn lost_note(place: &Path) -> PathBuf {
    place.with_extension("lost")
}

/// Removes a file that need not be there.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Puts the list of a folder's files on the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems cannot open a folder as a file, and need not.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
