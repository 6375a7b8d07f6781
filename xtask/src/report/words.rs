//! Numbers, names and durations as people read them.

use std::time::Duration;

/// `1.2 s`, `12 s`, `3m10s`, `2h05m`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// As [`seconds`].
#[must_use]
pub fn duration(duration: Duration) -> String {
    seconds(duration.as_secs_f64())
}

/// `512 B`, `1.5 KiB`, `34.2 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", units.get(unit).copied().unwrap_or_default())
}

/// `1 output`, `2 outputs`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The name in a store path: `/nix/store/<hash>-hello-2.12.drv` is `hello-2.12`.
#[must_use]
pub fn store_name(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    let name = base.split_once('-').filter(|(hash, _)| hash.len() == 32).map_or(base, |(_, name)| name);
    name.strip_suffix(".drv").unwrap_or(name)
}

/// `path` as a person in the current folder would type it.
#[must_use]
pub fn typed(path: &std::path::Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}

/// `text` cut to `width` columns.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar as _;
    let mut taken = 0;
    let mut cut = String::new();
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if taken + columns > width.saturating_sub(1) {
            cut.push('…');
            return cut;
        }
        taken += columns;
        cut.push(c);
    }
    cut
}

/// The first `most` characters of `text`, and that there are more.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (given, expected) in [(0.04, "0.0 s"), (9.44, "9.4 s"), (59.4, "59 s"), (190.0, "3m10s"), (7500.0, "2h05m")]
        {
            assert_eq!(seconds(given), expected);
        }
    }

    #[test]
    fn sizes_and_counts() {
        for (given, expected) in [(0, "0 B"), (1536, "1.5 KiB"), (35_861_299, "34.2 MiB"), (1 << 40, "1.0 TiB")] {
            assert_eq!(bytes(given), expected);
        }
        assert_eq!(count(1, "output"), "1 output");
        assert_eq!(count(0, "output"), "0 outputs");
    }

    #[test]
    fn names_of_store_paths() {
        assert_eq!(store_name("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-hello-2.12.drv"), "hello-2.12");
        assert_eq!(store_name("not-a-path"), "not-a-path");
    }

    #[test]
    fn cut_keeps_to_the_width() {
        assert_eq!(cut("abc", 4), "abc");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 5), "日本…");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü…");
    }
}
