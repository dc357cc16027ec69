//! What the events of a call were so far, which is what the next ones probably are: they come in long runs, because
//! a source is read for the first time or anew, or a stream is sent anew. It decides how they are sent, and not what
//! goes in.

/// The most statements that a savepoint covers: so much is done in vain at the most.
const LONGEST_STRETCH: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Run {
    /// Whether any was there already. It is said to PostgreSQL that none is only while there was none: each
    /// time that this turns out wrong, its log gets an error.
    has_met_known: bool,
    /// Whether most of the last ones were.
    are_known: bool,
    /// How many statements the next savepoint covers; 0 where nothing is known of the events yet. Doubled
    /// each time, because PostgreSQL keeps no more than 64 savepoints of a transaction at hand, which is
    /// enough for five million events, and so that no more is done in vain than was done before.
    stretch: usize,
}

impl Run {
    /// How many statements may be said to be of new events, behind one savepoint.
    pub(super) const fn all_new(&self) -> Option<usize> {
        if self.stretch > 0 && !self.has_met_known { Some(self.stretch) } else { None }
    }

    /// Whether the next ones are looked up first.
    pub(super) const fn are_known(&self) -> bool {
        self.are_known
    }

    /// What [`Self::all_new`] said was so.
    pub(super) fn were_new(&mut self) {
        self.stretch = (self.stretch * 2).min(LONGEST_STRETCH);
    }

    /// It was not.
    pub(super) const fn met_known(&mut self) {
        self.has_met_known = true;
    }

    /// So many of the last statement's events went in.
    pub(super) const fn goes_on(&mut self, events: usize, inserted: usize) {
        self.has_met_known |= inserted != events;
        self.are_known = inserted < events / 2;
        self.stretch = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Run;

    #[test]
    fn a_stretch_doubles_up_to_the_longest() {
        let mut run = Run::default();
        assert_eq!(run.all_new(), None, "nothing is known of them yet");
        run.goes_on(5_000, 5_000);
        let stretches = [(); 6].map(|()| {
            let stretch = run.all_new();
            run.were_new();
            stretch
        });
        assert_eq!(stretches, [1, 2, 4, 8, 16, 16].map(Some));
        run.met_known();
        assert_eq!(run.all_new(), None);
    }

    #[test]
    fn one_known_event_ends_that_all_are_new() {
        let mut run = Run::default();
        run.goes_on(5_000, 4_999);
        run.goes_on(5_000, 5_000);
        assert_eq!(run.all_new(), None);
    }

    #[test]
    fn what_was_known_for_the_most_part_is_looked_up_next() {
        let mut run = Run::default();
        let looked_up = [9, 5, 4, 0, 10].map(|inserted| {
            run.goes_on(10, inserted);
            run.are_known()
        });
        assert_eq!(looked_up, [false, false, true, true, false]);
    }
}
