//! x

mod command;
mod expression;
mod installable;
mod matrix;
mod shell;
mod target;
mod words;
