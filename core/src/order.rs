//! Sorting and collecting with one routine for all types.
//!
//! The standard library's sort is compiled anew for each type, four kilobytes at a time, and so
//! it is in `collect` of ordered sets and maps, which sorts first. A browser downloads all of them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts the items; equal ones keep their order.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let mut places: Vec<usize> = (0..items.len()).collect();
    sort_places(&mut places, &|a, b| compare(&items[a], &items[b]));
    let mut unsorted: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(places.into_iter().filter_map(|at| unsorted[at].take()));
}

fn sort_places(places: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_by(|a, b| compare(*a, *b));
}

/// A set of the items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for item in items {
        set.insert(item);
    }
    set
}

/// A map of the pairs; of those with the same key the last one counts.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        map.insert(key, value);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_sorted_and_equal_ones_keep_their_order() {
        let mut items: Vec<(u8, usize)> = (0..200).map(|n| ((n * 7 % 5) as u8, n)).collect();
        let mut sorted = items.clone();
        sorted.sort_by_key(|item| item.0);
        sort_by(&mut items, |a, b| a.0.cmp(&b.0));
        assert_eq!(items, sorted);
    }

    #[test]
    fn the_last_of_a_key_counts() {
        assert_eq!(
            map([(2, 'a'), (1, 'b'), (2, 'c')]),
            [(1, 'b'), (2, 'c')].into()
        );
        assert_eq!(set([3, 1, 3]), [1, 3].into());
    }
}
