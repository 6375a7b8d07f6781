//! The report of a change that shows every kind of thing that can be said.
