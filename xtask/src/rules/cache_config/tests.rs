//! The rule as a table.
