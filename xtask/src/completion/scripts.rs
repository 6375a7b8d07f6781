//! What a shell reads to complete `cargo xtask …`, for one checkout; `cargo` itself is completed as before.

use std::path::PathBuf;

/// A shell that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// Bash, from 3.2 on
    Bash,
    /// Zsh
    Zsh,
    /// Fish, from 3.1 on
    Fish,
}

/// A checkout, whose program is asked inside of it and nowhere else: pressing the tabulator key runs no stranger's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its folder.
    pub root: PathBuf,
    /// The program that was built of it.
    pub program: PathBuf,
}

impl Shell {
    /// The shell of that name, as `$SHELL` ends.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "bash" | "sh" | "" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// What it reads for `checkout`.
    #[must_use]
    pub fn script(self, checkout: &Checkout) -> String {
        let template = match self {
            Self::Bash => include_str!("xtask.bash"),
            Self::Zsh => include_str!("xtask.zsh"),
            Self::Fish => include_str!("xtask.fish"),
        };
        let quoted = |path: &PathBuf| self.quoted(&path.to_string_lossy());
        template.replace("@ROOT@", &quoted(&checkout.root)).replace("@PROGRAM@", &quoted(&checkout.program))
    }

    /// `text` as one word.
    fn quoted(self, text: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("'{}'", text.replace('\'', "'\\''")),
            Self::Fish => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}
