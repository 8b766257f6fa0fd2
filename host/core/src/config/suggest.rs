//! "Did you mean": the known name that is nearest to one that is not.

/// The name of `known` that `name` was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + name.chars().count() / 4;
    let name = name.to_lowercase().replace('_', ".");
    let distances = known.into_iter().map(|known| (distance(&name, &known.to_lowercase()), known));
    distances
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, a) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let replaced = row[j] + usize::from(a != *other);
            let mut least = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            let swapped = j > 0 && last == Some(*other) && b[j - 1] == a;
            if swapped && let Some(two_back) = before.get(j - 1) {
                least = least.min(two_back + 1);
            }
            next.push(least);
        }
        last = Some(a);
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["tasks.max", "topics", "topics.regex", "transforms"];
        let check = |name, expected| assert_eq!(nearest(name, known), expected, "of {name}");
        check("task.max", Some("tasks.max"));
        check("tasks_max", Some("tasks.max"));
        check("tasks.mxa", Some("tasks.max"));
        check("Topic", Some("topics"));
        check("topics.rgx", Some("topics.regex"));
        check("sink", None);
        check("", None);
    }

    #[test]
    fn distances_are_symmetric() {
        for (a, b, expected) in [("", "abc", 3), ("abc", "acb", 1), ("kitten", "sitting", 3)] {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }
}
