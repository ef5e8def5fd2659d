//! Opening a redb database whatever lies on the disk, and building it anew from what is whole.

use std::path::Path;

use super::database::Database;
use super::{Open, Opener, RedbError};
use crate::storage::beside::{self, sync_folder};
use crate::storage::failure::guarded;
use crate::storage::flush_mark::{self, FlushMark};
use crate::storage::part::Name;
use crate::storage::salvage::Salvage;

/// Opens the database at `place`, or makes one.
pub(super) fn open(place: &Path, opener: &Opener) -> Result<Open, RedbError> {
    beside::finish_exchange(place)?;
    let new = !place.exists();
    let database = match guarded(|| Database::new(opener(place)?)) {
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "the database does not open; building it anew from what is whole");
            rebuild(place, opener)?;
            Database::new(opener(place)?)?
        }
        other => {
            let mut database = other?;
            let (there, known) = (database.newest(), flush_mark::read(place));
            if there < known {
                beside::note_lost(place, known - there)?;
                database.skip_to(known)?;
            }
            database
        }
    };
    if new && let Some(folder) = place.parent() {
        sync_folder(folder)?;
        folder.parent().map_or(Ok(()), sync_folder)?;
    }
    let mark = FlushMark::open(place)?;
    Ok(Open { database, mark })
}

/// Makes a new database in the place of the one there, which stays beside it.
pub(super) fn rebuild(place: &Path, opener: &Opener) -> Result<(), RedbError> {
    let aside = beside::damaged(place)?;
    let new = beside::rebuilding(place);
    beside::remove_if_there(&new)?;
    let salvage = Salvage::read(&[place.to_owned()])?;
    let there = salvage.names().map(|(_, batch)| batch).max().unwrap_or(0);
    let known = flush_mark::read(place);
    let mut database = Database::new(opener(&new)?)?;
    database.skip_to(there.max(known))?;
    let names = salvage
        .names()
        .map(|(name, _)| name)
        .filter(|name| !name.is_newest_note());
    let damaged: Vec<Name> = salvage
        .damaged()
        .filter(|name| name.chunk_key().is_some())
        .collect();
    let count = damaged.len();
    database.restore(names, |name| salvage.bytes(name), damaged.into_iter())?;
    drop(database);
    beside::exchange(place, &aside)?;
    // A tree does not lie in its file in the order in which it was written. So nobody can say of
    // what is missing whether it was there.
    beside::note_rebuilt(place)?;
    tracing::warn!(damaged = count, kept = %aside.display(), "the database was built anew");
    Ok(())
}
