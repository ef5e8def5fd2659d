//! Puts things in order by texts. One place for all, because the standard library's sort is
//! large, and once for every type it sorts.

use meltemi_core::order;

/// Sorts by a key made once for each item; items with the same key stay in their order.
pub fn sort_by_key<T>(items: &mut Vec<T>, key: impl FnMut(&T) -> String) {
    let places = places(items.iter().map(key).collect());
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(places.into_iter().filter_map(|place| taken[place].take()));
}

/// A number as a key: smaller numbers come first, no number last.
pub fn number(number: Option<i64>) -> String {
    number.map_or_else(|| "~".to_owned(), |number| format!("{:020}", number.max(0)))
}

fn places(keys: Vec<String>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..keys.len()).collect();
    order::sort_by(&mut places, |a, b| keys[*a].cmp(&keys[*b]));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_by_key_and_stable() {
        let mut items = vec![("b", 1), ("a", 2), ("b", 0), ("a", 1)];
        sort_by_key(&mut items, |item| item.0.to_owned());
        assert_eq!(items, [("a", 2), ("a", 1), ("b", 1), ("b", 0)]);
        let mut numbers = vec![Some(10), None, Some(9)];
        sort_by_key(&mut numbers, |n| number(*n));
        assert_eq!(numbers, [Some(9), Some(10), None]);
    }
}
