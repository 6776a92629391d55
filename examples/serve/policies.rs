//! The options that say what of a directory is served, and how: from the command line to a [`Directory`], and to words.

use clap::{Args, ValueEnum};
use std::path::{Component, Path};
use std::time::Duration;
use switchboard::fileserve::{Cache, Directory, Dotfiles, Symlinks};

#[derive(Args)]
pub(crate) struct Policies {
    /// What stands for a directory: the first of these that is there; may be given several times
    #[arg(long, default_value = "index.html", value_name = "NAME", value_parser = file_name)]
    index: Vec<String>,

    /// An application of one page: where nothing is, browsers get FILE (in DIR; index.html if none is named)
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "index.html")]
    #[arg(value_parser = page)]
    spa: Option<String>,

    /// Serve names that begin with a dot
    #[arg(long)]
    hidden: bool,

    /// Which symbolic links are followed
    #[arg(long, value_enum, default_value = "inside", value_name = "WHICH")]
    symlinks: Links,

    /// Do not list directories
    #[arg(long)]
    no_listing: bool,

    /// Memory for small files that are asked for often: MiB, or off
    #[arg(long, default_value = "32MiB", value_name = "off|SIZE[MiB]", value_parser = size)]
    cache: Size,

    /// Seconds an answer may come from the cache without a look at the disk
    #[arg(long, default_value = "0", value_name = "SECS", value_parser = clap::value_parser!(u64).range(..=86_400))]
    freshness: u64,

    /// Send texts compressed: as FILE.br, FILE.zst or FILE.gz if that lies beside FILE, or else by gzip on the way
    #[arg(long)]
    compress: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Links {
    /// Those that stay beneath the directory
    Inside,
    /// None
    Never,
    /// All, wherever they lead
    Anywhere,
}

/// In MiB; 0 is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size(usize);

fn size(text: &str) -> Result<Size, &'static str> {
    const MOST: usize = 1 << 20;
    let number = text.strip_suffix("MiB").unwrap_or(text);
    match number.parse() {
        _ if text == "off" => Ok(Size(0)),
        Ok(number @ 1..=MOST) if number <= usize::MAX >> 20 => Ok(Size(number)),
        _ => Err("it is off, or a number of MiB from 1 to 1048576, as in 64 or 64MiB"),
    }
}

fn file_name(text: &str) -> Result<String, &'static str> {
    let is_name = !matches!(text, "" | "." | "..") && !text.contains(['/', '\0']);
    if is_name { Ok(text.into()) } else { Err("it is the name of a file in a directory, without a slash") }
}

fn page(text: &str) -> Result<String, &'static str> {
    let is_beneath = Path::new(text).components().all(|name| matches!(name, Component::Normal(_)));
    if is_beneath && !text.is_empty() { Ok(text.into()) } else { Err("it is the path of a file beneath DIR") }
}

impl Policies {
    /// A directory that is served so.
    pub(crate) fn apply(&self, directory: Directory) -> Directory {
        let mut directory = directory
            .index(self.index.clone())
            .dotfiles(if self.hidden { Dotfiles::Served } else { Dotfiles::Hidden })
            .symlinks(match self.symlinks {
                Links::Inside => Symlinks::Inside,
                Links::Never => Symlinks::Never,
                Links::Anywhere => Symlinks::Anywhere,
            })
            .listings(self.are_listed())
            .precompressed(self.compress)
            .compress(self.compress)
            .cache(self.cache());
        if let Some(file) = &self.spa {
            directory = directory.spa(file);
        }
        directory
    }

    fn are_listed(&self) -> bool {
        !self.no_listing && self.spa.is_none()
    }

    fn cache(&self) -> Cache {
        match self.cache {
            Size(0) => Cache::OFF,
            Size(mib) => Cache { size: mib << 20, freshness: Duration::from_secs(self.freshness), ..Cache::default() },
        }
    }

    /// The same in words, a line for each of names and bytes.
    pub(crate) fn words(&self) -> [String; 2] {
        let listed = if self.are_listed() { "or else listed" } else { "not listed" };
        let hidden = if self.hidden { "served" } else { "hidden" };
        let links = match self.symlinks {
            Links::Inside => "followed within it",
            Links::Never => "not followed",
            Links::Anywhere => "followed anywhere",
        };
        let index = self.index.join(", ");
        let mut names = format!("directories by {index}, {listed}; dotfiles {hidden}; symbolic links {links}");
        if let Some(file) = &self.spa {
            names += &format!("; {file} where nothing is");
        }
        let mut bytes = match (self.cache, self.freshness) {
            (Size(0), _) => "no cache".into(),
            (Size(mib), 0) => format!("cache of {mib} MiB, compared with the disk each time"),
            (Size(mib), seconds) => format!("cache of {mib} MiB, compared with the disk after {seconds} s"),
        };
        if self.compress {
            bytes += "; texts compressed, by what lies beside them or on the way";
        }
        [names, bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [("off", Some(0)), ("1", Some(1)), ("32MiB", Some(32)), ("1048576", Some(1_048_576))];
        let wrong = ["", "0", "-1", "1048577", "MiB", "offMiB", "32 MiB", "32mib", "32KiB", "99999999999999999999"];
        for (text, mib) in cases.into_iter().chain(wrong.map(|text| (text, None))) {
            assert_eq!(size(text).ok(), mib.map(Size), "{text:?}");
        }
    }
}
