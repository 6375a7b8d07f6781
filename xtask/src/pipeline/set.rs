//! Sets of small numbers, a bit each: a fleet's closures overlap almost wholly, and are compared again and again.

/// A set of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Set(Vec<u64>);

impl Set {
    /// Whether `number` is in it.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & bit(number) != 0)
    }

    /// Puts `number` in; whether it was not there yet.
    pub fn insert(&mut self, number: usize) -> bool {
        if self.0.len() <= number / 64 {
            self.0.resize(number / 64 + 1, 0);
        }
        let is_new = !self.contains(number);
        self.0[number / 64] |= bit(number);
        is_new
    }

    /// Takes `number` out.
    pub fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !bit(number);
        }
    }

    /// Takes out everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether some number is in both.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// Puts in everything that is in `other`.
    pub fn unite(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// Takes out everything that is in `other`.
    pub fn subtract(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine &= !theirs;
        }
    }

    /// How many numbers are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl FromIterator<usize> for Set {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        let mut set = Self::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

fn bit(number: usize) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_numbers() {
        let set = |numbers: &[usize]| numbers.iter().copied().collect::<Set>();
        let mut some = set(&[0, 63, 64, 200]);
        assert!(some.contains(63) && !some.contains(1) && !some.contains(1000));
        assert!(some.intersects(&set(&[200])) && !some.intersects(&set(&[1, 199, 999])));
        assert!(!some.insert(64) && some.insert(300));
        assert_eq!(some.len(), 5);
        some.subtract(&set(&[0, 300, 999]));
        some.remove(63);
        some.remove(999);
        assert_eq!(some.len(), 2);
        let mut small = set(&[1]);
        small.unite(&some);
        assert_eq!((0..400).filter(|&number| small.contains(number)).collect::<Vec<_>>(), [1, 64, 200]);
    }
}
