//! Content codings: which of them a client takes (RFC 9110 section 12.5.3), and what is worth compressing.

use crate::accept::weights;
use std::cmp::Reverse;
use switchboard_core::Headers;

/// How the bytes of a representation are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// All, the one that compresses best first.
    const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its name in Content-Encoding.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// How the names of files end that hold it.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zst",
            Self::Gzip => "gz",
        }
    }

    fn is_called(self, name: &str) -> bool {
        let is = |token: &str| name.eq_ignore_ascii_case(token);
        is(self.token()) || self == Self::Gzip && is("x-gzip") // RFC 9110 section 8.4.1.3
    }
}

/// The codings the client takes, the preferred one first: by its weights, then in the order of [`Coding::ALL`]. One
/// that it likes less than what is not compressed is left out. Without Accept-Encoding there is none: the client may
/// know none.
pub(crate) fn acceptable(headers: &Headers) -> impl Iterator<Item = Coding> {
    let others = weight_of(headers, |name| name == "*").unwrap_or(0);
    let least = weight_of(headers, |name| name.eq_ignore_ascii_case("identity")).unwrap_or(0).max(1);
    let weight = |coding: Coding| weight_of(headers, |name| coding.is_called(name)).unwrap_or(others);
    let mut codings = Coding::ALL.map(|coding| (weight(coding), coding));
    codings.sort_by_key(|&(weight, _)| Reverse(weight));
    codings.into_iter().filter(move |&(weight, _)| weight >= least).map(|(_, coding)| coding)
}

/// The weight of the element whose name is meant; the highest, if several are.
fn weight_of(headers: &Headers, is_meant: impl Fn(&str) -> bool) -> Option<u16> {
    let meant = weights(headers, "accept-encoding").filter(|element| is_meant(element.name));
    meant.map(|element| element.weight).max()
}

/// Whether files of this media type become much smaller: texts and what is built like one, programs, and images and
/// fonts that are not compressed in themselves.
pub(crate) fn is_compressible(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = essence.starts_with("text/") || essence.ends_with("+json") || essence.ends_with("+xml");
    is_text || COMPRESSIBLE.contains(&essence.as_str())
}

/// Those that their name does not tell.
const COMPRESSIBLE: [&str; 30] = [
    "application/ecmascript",
    "application/font-sfnt",
    "application/hjson",
    "application/javascript",
    "application/json",
    "application/json5",
    "application/manifest",
    "application/postscript",
    "application/rtf",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-font-ttf",
    "application/x-javascript",
    "application/x-ms-manifest",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-sql",
    "application/x-subrip",
    "application/x-tex",
    "application/xml",
    "application/yaml",
    "audio/x-mpegurl",
    "font/collection",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "image/x-ms-bmp",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;
    use crate::media_type::MediaTypes;
    use std::path::Path;

    #[test]
    fn codings_by_preference() {
        let cases: &[(&[&str], &str)] = &[
            (&[], ""),
            (&[""], ""),
            (&["gzip, deflate, br, zstd"], "br zstd gzip"),
            (&["gzip"], "gzip"),
            (&["GZip, BR"], "br gzip"),
            (&["x-gzip"], "gzip"),
            (&["x-gzip;q=0.5, gzip;q=0.9, br;q=0.7"], "gzip br"),
            (&["br;q=0.5, gzip;q=0.9"], "gzip br"),
            (&["br;q=0.5", "gzip;q=0.9, zstd;q=0.5"], "gzip br zstd"),
            (&["br;q=0, gzip"], "gzip"),
            (&["*"], "br zstd gzip"),
            (&["*;q=0"], ""),
            (&["br;q=0, *"], "zstd gzip"),
            (&["gzip, *;q=0.1"], "gzip br zstd"),
            (&["gzip, *;q=0"], "gzip"),
            (&["x-gzip;q=0, *"], "br zstd"),
            (&["identity"], ""),
            (&["identity, *;q=0"], ""),
            (&["identity;q=0, gzip;q=0"], ""),
            (&["identity;q=0.5, gzip;q=0.4, br;q=0.5, zstd;q=0.6"], "zstd br"),
            (&["Identity;q=0.5, *;q=0.4"], ""),
            (&["identity;q=0, gzip;q=0.001"], "gzip"),
            (&["br;q=2, gzip"], "gzip"),
            (&["brotli, gz, zst, deflate, compress"], ""),
        ];
        for (fields, expected) in cases {
            let mut headers = Headers::new();
            fields.iter().for_each(|list| headers.append("Accept-Encoding", list).unwrap());
            let tokens: Vec<&str> = acceptable(&headers).map(Coding::token).collect();
            assert_eq!(tokens.join(" "), *expected, "{fields:?}");
        }
    }

    #[test]
    fn names_of_codings() {
        assert_eq!(Coding::ALL.map(Coding::token), ["br", "zstd", "gzip"]);
        assert_eq!(Coding::ALL.map(Coding::extension), ["br", "zst", "gz"]);
    }

    #[test]
    fn files_that_become_smaller() {
        let of = |name: &str| MediaTypes::default().of(Path::new(name), &Content::Memory([0].into()));
        let smaller = "html css js mjs json map xml svg txt csv md wasm webmanifest rss atom xhtml rtf eot ttf otf bmp \
            ico vtt yaml toml sql sh m3u8 jsonld gltf";
        for extension in smaller.split_whitespace() {
            let media_type = of(&format!("a.{extension}"));
            assert!(is_compressible(&media_type), "{extension}: {media_type}");
        }
        let as_large =
            "png jpg gif webp avif woff woff2 mp3 mp4 webm ogg zip gz br zst 7z xz pdf docx epub jar bin exe";
        for extension in as_large.split_whitespace() {
            let media_type = of(&format!("a.{extension}"));
            assert!(!is_compressible(&media_type), "{extension}: {media_type}");
        }
    }

    #[test]
    fn media_types_as_they_may_be_written() {
        for media_type in ["TEXT/HTML", "application/json ; charset=utf-8", "image/svg+xml", "model/x.y+JSON"] {
            assert!(is_compressible(media_type), "{media_type}");
        }
        for media_type in ["", "text", "application/json-seq-not", "video/mp4; x=text/html", "application/octet-stream"]
        {
            assert!(!is_compressible(media_type), "{media_type}");
        }
    }
}
