//! What caches may do with an answer: Cache-Control (RFC 9111 section 5.2, RFC 8246), by rules about names.

use crate::hashed::is_hashed;
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

/// For how long an answer may be used again without asking.
///
/// `public` allows that to caches that many people share, also of an answer that took a password (RFC 9111 section
/// 3.5): a handler around this one that asks for passwords has to make it `private`, as the example `serve` does.
///
/// ```
/// use std::time::Duration;
/// use switchboard::fileserve::CacheControl;
///
/// assert_eq!(CacheControl::default().value(), "no-cache");
/// assert_eq!(CacheControl::MaxAge(Duration::from_secs(60)).value(), "public, max-age=60");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CacheControl {
    /// Not at all: a cache keeps its copy, and asks each time whether it is still good. If it is, that costs an answer
    /// without a body.
    #[default]
    Revalidate,
    /// For a year, also when the page is reloaded: for files whose name changes with their content.
    Immutable,
    /// For this long, in whole seconds. The file may have changed meanwhile.
    MaxAge(Duration),
    /// Not at all, and no copy is kept.
    NoStore,
}

impl CacheControl {
    /// The value of the field.
    pub fn value(self) -> Cow<'static, str> {
        match self {
            Self::Revalidate => "no-cache".into(),
            Self::Immutable => "public, max-age=31536000, immutable".into(),
            Self::MaxAge(age) => format!("public, max-age={}", age.as_secs()).into(),
            Self::NoStore => "no-store".into(),
        }
    }
}

/// Some of the files that are served, by their names.
///
/// ```
/// use std::path::Path;
/// use switchboard::fileserve::Names;
///
/// assert!(Names::All.include(Path::new("index.html")));
/// assert!(Names::extension("woff2").include(Path::new("fonts/Plain.WOFF2")));
/// assert!(Names::beneath("/assets/").include(Path::new("assets/img/logo.svg")));
/// assert!(!Names::beneath("/assets/").include(Path::new("assets.zip")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Names {
    /// Every file.
    All,
    /// Files with a hash of their content in the name, as bundlers write them: what such a name means never changes.
    ///
    /// These are scripts, styles, wasm, and the source maps of these; fonts, images, sounds and films; never documents,
    /// texts or archives. The extension is in small letters. The name before it ends in the hash, or in the hash and a
    /// `.chunk`, `.min` or `_bg`. Before the hash stand a `.` or `-`, and something before that. The hash is one of:
    ///
    /// - 8, 10, 12, 16, 20, 32, 40 or 64 of `0-9a-f`, if this is not the end of a UUID: Webpack, Parcel, Rails, Trunk;
    /// - 8 of `A-Z2-7`: esbuild, Angular;
    /// - 8 of `A-Za-z0-9-_`, with a capital, a small letter and a digit: Rollup, Vite.
    ///
    /// In each, letters and digits, or small letters and capitals, take turns three times at least, with no `-` or `_`
    /// in between; a capital before a small letter does not count. That tells hashes from words, dates and numbers. It
    /// misses some: these are asked for again, which is slower but right. If everything in a folder has a hash, a rule
    /// for [`Names::beneath`] misses nothing.
    ///
    /// ```
    /// use std::path::Path;
    /// use switchboard::fileserve::Names;
    ///
    /// let hashed = |name: &str| Names::Hashed.include(Path::new(name));
    /// assert!(hashed("main.8e0b5a3c.js") && hashed("main.8e0b5a3c.chunk.js.map"));
    /// assert!(hashed("app-X3QZ4ZPB.css") && hashed("assets/index-BfE3kd9a.css"));
    /// assert!(!hashed("photo-20240101.jpg") && !hashed("jquery-3.7.1.min.js") && !hashed("three-Vector3D.js"));
    /// assert!(!hashed("main.8e0b5a3c.html") && !hashed("8e0b5a3c.js"));
    /// ```
    Hashed,
    /// Files with this extension, without its dot; case does not count. See [`Names::extension`].
    Extension(String),
    /// Files in this folder, and in those beneath it. See [`Names::beneath`].
    Beneath(String),
}

impl Names {
    /// Files with this extension, with or without its dot: `"js"`, `".tar.gz"`. The case of ASCII letters does not
    /// count.
    pub fn extension(extension: impl Into<String>) -> Self {
        let extension = extension.into();
        Self::Extension(extension.strip_prefix('.').map(Into::into).unwrap_or(extension))
    }

    /// Files in this folder, and in those beneath it: its path as in a URL, decoded, `"assets"` or `"/assets/"`. Case
    /// counts. `"/"` is every file.
    pub fn beneath(folder: impl Into<String>) -> Self {
        Self::Beneath(folder.into())
    }

    /// Whether the file at `path`, relative to the root, is among them.
    pub fn include(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match self {
            Self::All => true,
            Self::Hashed => is_hashed(&name),
            Self::Extension(extension) => has_extension(&name, extension.trim_start_matches('.')),
            Self::Beneath(folder) => is_beneath(path, folder),
        }
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    let at = name.len().checked_sub(extension.len());
    let split = at.and_then(|at| name.split_at_checked(at));
    split.is_some_and(|(stem, end)| stem.ends_with('.') && end.eq_ignore_ascii_case(extension))
}

fn is_beneath(path: &Path, folder: &str) -> bool {
    let path = path.strip_prefix(".").unwrap_or(path);
    path.strip_prefix(folder.trim_matches('/')).is_ok_and(|rest| !rest.as_os_str().is_empty())
}

/// Which names are cached how: the last rule that includes one decides.
#[derive(Debug, Clone)]
pub(crate) struct Rules(Vec<(Names, CacheControl)>);

impl Rules {
    /// Adds a rule, which wins over those there are.
    pub(crate) fn add(&mut self, names: Names, cache_control: CacheControl) {
        self.0.push((names, cache_control));
    }

    /// The value of Cache-Control for the file at `path`, relative to the root.
    pub(crate) fn of(&self, path: &Path) -> Cow<'static, str> {
        let rule = self.0.iter().rev().find(|(names, _)| names.include(path));
        rule.map(|(_, cache_control)| *cache_control).unwrap_or_default().value()
    }
}

/// What has a hash in its name is kept, and the rest is asked about.
impl Default for Rules {
    fn default() -> Self {
        Self(vec![(Names::Hashed, CacheControl::Immutable)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let cases = [
            (CacheControl::Revalidate, "no-cache"),
            (CacheControl::Immutable, "public, max-age=31536000, immutable"),
            (CacheControl::MaxAge(Duration::from_millis(90_999)), "public, max-age=90"),
            (CacheControl::MaxAge(Duration::ZERO), "public, max-age=0"),
            (CacheControl::NoStore, "no-store"),
        ];
        for (cache_control, value) in cases {
            assert_eq!(cache_control.value(), value);
        }
    }

    #[test]
    fn names() {
        let cases = [
            (Names::All, "a/b.txt", true),
            (Names::extension("js"), "a/b.js", true),
            (Names::extension(".js"), "b.JS", true),
            (Names::Extension("JS".into()), "b.js", true),
            (Names::extension("js"), "b.mjs", false),
            (Names::extension("js"), "b.js/c", false),
            (Names::extension("js"), "js", false),
            (Names::extension("js"), "s", false),
            (Names::extension("gz"), "a.tar.gz", true),
            (Names::extension(".tar.gz"), "a.tar.gz", true),
            (Names::extension("é"), "a.é", true),
            (Names::extension("a"), "b.é", false),
            (Names::beneath("assets"), "assets/a", true),
            (Names::beneath("/assets/"), "assets/b/c", true),
            (Names::beneath("assets"), "./assets/a", true),
            (Names::beneath("assets/b"), "assets/b/c", true),
            (Names::beneath("assets/b"), "assets/c", false),
            (Names::beneath("assets"), "assets", false),
            (Names::beneath("assets"), "assets2/a", false),
            (Names::beneath("assets"), "Assets/a", false),
            (Names::beneath("assets"), "a/assets/b", false),
            (Names::beneath("/"), "a", true),
            (Names::beneath(""), "./a/b", true),
        ];
        for (names, path, expected) in cases {
            assert_eq!(names.include(Path::new(path)), expected, "{names:?}: {path}");
        }
    }

    #[test]
    fn the_last_rule_decides() {
        let of = |rules: &Rules, path: &str| rules.of(Path::new(path));
        let (kept, asked) = (CacheControl::Immutable.value(), CacheControl::Revalidate.value());
        let mut rules = Rules::default();
        assert_eq!(of(&rules, "a/main.8e0b5a3c.js"), kept);
        assert_eq!([of(&rules, "index.html"), of(&rules, "main.js")], [asked.clone(), asked]);
        rules.add(Names::beneath("a"), CacheControl::MaxAge(Duration::from_secs(5)));
        rules.add(Names::extension("css"), CacheControl::NoStore);
        assert_eq!(of(&rules, "a/main.8e0b5a3c.js"), "public, max-age=5");
        assert_eq!(of(&rules, "a/main.css"), "no-store");
        assert_eq!(of(&rules, "main.8e0b5a3c.js"), kept, "earlier ones stand where no later one speaks");
        rules.add(Names::All, CacheControl::NoStore);
        assert_eq!(of(&rules, "main.8e0b5a3c.js"), "no-store");
    }
}
