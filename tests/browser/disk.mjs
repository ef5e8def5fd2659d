// A disk that takes nothing more, for one tab: what is put into the browser's database fails there
// as it does when there is no room.

/** Everything put by the tab fails from now on, or what goes into one store of one database. */
export function fillDisk(page, { database, store } = {}) {
  const fill = ({ database, store }) => {
    const stores = IDBObjectStore.prototype;
    self.put ??= stores.put;
    stores.put = function (...given) {
      const other = (wanted, name) => wanted !== undefined && wanted !== name;
      if (other(database, this.transaction.db.name) || other(store, this.name)) {
        return self.put.apply(this, given);
      }
      throw new DOMException("There is no room.", "QuotaExceededError");
    };
  };
  return page.workers()[0].evaluate(fill, { database, store });
}

/** There is room again. */
export function freeDisk(page) {
  return page.workers()[0].evaluate(() => {
    IDBObjectStore.prototype.put = self.put;
  });
}
