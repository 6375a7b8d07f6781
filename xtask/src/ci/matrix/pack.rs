//! Outputs on as many machines as there are, so that the one that takes longest takes as little as can be had in one pass.

use super::Load;

/// The outputs of each of `count` machines: the dearest first, each to the machine that has least so far. No machine is without any
/// while there are enough.
#[must_use]
pub fn pack<'a>(loads: &[&'a Load], count: usize) -> Vec<Vec<&'a Load>> {
    let mut machines: Vec<(f64, Vec<&Load>)> = vec![(0.0, Vec::new()); count];
    let mut dearest_first = loads.to_vec();
    dearest_first.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.attr.cmp(&b.attr)));
    for load in dearest_first {
        let least = machines.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.len().cmp(&b.1.len())));
        if let Some((seconds, of)) = least {
            *seconds += load.seconds;
            of.push(load);
        }
    }
    machines.iter_mut().for_each(|(_, of)| of.sort_by(|a, b| a.attr.cmp(&b.attr)));
    machines.into_iter().map(|(_, of)| of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_are_apart() {
        let check = |seconds: &[f64], count: usize, expected: &[&str]| {
            let name = |at: usize| char::from(b'a' + at as u8).to_string();
            let load = |(at, seconds): (usize, &f64)| Load { attr: name(at), system: String::new(), seconds: *seconds };
            let loads: Vec<Load> = seconds.iter().enumerate().map(load).collect();
            let packed = pack(&loads.iter().collect::<Vec<_>>(), count);
            let packed: Vec<String> =
                packed.iter().map(|of| of.iter().map(|load| load.attr.as_str()).collect()).collect();
            assert_eq!(packed, expected, "{seconds:?}");
        };
        check(&[1.0, 9.0, 2.0, 8.0], 2, &["ab", "cd"]);
        check(&[5.0, 1.0, 1.0, 1.0], 2, &["a", "bcd"]);
        check(&[0.0, 0.0, 0.0], 3, &["a", "b", "c"]);
        check(&[], 1, &[""]);
    }
}
